import { RaftTest } from './raft-test.js'
import { check, type Lab, type Scenario } from './scenario.js'

/** Part 3D: snapshots. */

const MAX_LOG_BYTES = 2000

interface Faults {
  readonly disconnect: boolean
  readonly reliable: boolean
  readonly crash: boolean
}

async function snapshots(lab: Lab, { disconnect, reliable, crash }: Faults): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3, reliable, snapshots: true })
  const faulty = disconnect || crash
  await t.agree(lab.unique(), 3, true)
  let leader = await t.leader()
  for (let iteration = 0; iteration < 30; iteration++) {
    const [victim, sender] = iteration % 3 === 1 ? [leader, leader + 1] : [leader + 1, leader]
    if (disconnect) t.disconnect(victim)
    if (crash) t.crash(victim)
    if (faulty) await t.agree(lab.unique(), 2, true)
    const count = 5 + lab.int(10)
    await t.startMany(
      sender,
      Array.from({ length: count }, () => lab.unique()),
    )
    await t.agree(lab.unique(), faulty ? 2 : 3, true)
    check(t.group.logBytes < MAX_LOG_BYTES, () => `the log is too long: ${t.group.logBytes} bytes, allowed are ${MAX_LOG_BYTES}`)
    if (disconnect) t.connect(victim)
    if (crash) await t.restart(victim)
    if (!faulty) continue
    await t.agree(lab.unique(), 3, true)
    leader = await t.leader()
  }
}

async function allCrash(lab: Lab, reliable: boolean): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3, reliable, snapshots: true })
  await t.agree(lab.unique(), 3, true)
  for (let round = 0; round < 5; round++) {
    const count = 5 + lab.int(10)
    for (let i = 0; i < count; i++) await t.agree(lab.unique(), 3, true)
    const before = await t.agree(lab.unique(), 3, true)
    t.crash(...t.all)
    await t.restart(...t.all)
    const after = await t.agree(lab.unique(), 3, true)
    check(after >= before + 1, `the index went back from ${before} to ${after} over a crash`)
  }
}

async function init(lab: Lab, reliable: boolean): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3, reliable, snapshots: true })
  await t.agree(lab.unique(), 3, true)
  for (let i = 0; i < 11; i++) await t.agree(lab.unique(), 3, true)
  t.crash(...t.all)
  await t.restart(...t.all)
  // Makes the servers write their state, without a new snapshot: the old one must survive that.
  await t.agree(lab.unique(), 3, true)
  t.crash(...t.all)
  await t.restart(...t.all)
  await t.agree(lab.unique(), 3, true)
}

const scenario = (name: string, faults: Faults): Scenario => ({ name, suite: 'raft', servers: 3, run: (lab) => snapshots(lab, faults) })

export const SNAPSHOT_SCENARIOS: readonly Scenario[] = [
  scenario('SnapshotBasic3D', { disconnect: false, reliable: true, crash: false }),
  scenario('SnapshotInstall3D', { disconnect: true, reliable: true, crash: false }),
  scenario('SnapshotInstallUnreliable3D', { disconnect: true, reliable: false, crash: false }),
  scenario('SnapshotInstallCrash3D', { disconnect: false, reliable: true, crash: true }),
  scenario('SnapshotInstallUnCrash3D', { disconnect: false, reliable: false, crash: true }),
  { name: 'SnapshotAllCrash3D', suite: 'raft', servers: 3, run: (lab) => allCrash(lab, false) },
  { name: 'SnapshotInit3D', suite: 'raft', servers: 3, run: (lab) => init(lab, false) },
]

/** Up to 2024 these two ran on a reliable network; the harder form counts in the totals. */
export const SNAPSHOT_VARIANTS: readonly Scenario[] = [
  { name: 'SnapshotAllCrash2D', suite: 'variants', servers: 3, run: (lab) => allCrash(lab, true) },
  { name: 'SnapshotInit2D', suite: 'variants', servers: 3, run: (lab) => init(lab, true) },
]
