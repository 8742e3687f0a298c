import { E, RaftTest } from './raft-test.js'
import { check, type Lab, type Scenario } from './scenario.js'
import { LabFailure } from './virtual-time.js'

/** Part 3B: the log. */

const TRIES = 5

async function basicAgree(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  for (const index of [1, 2, 3]) {
    check(t.committed(index).count === 0, 'some have committed before Start()')
    check((await t.agree(100 * index, 3, false)) === index, `got another index than ${index}`)
  }
}

async function rpcBytes(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.agree(99, 3, false)
  const before = lab.network.bytes
  for (let index = 2; index < 12; index++) {
    const text = Array.from({ length: 5000 }, () => String.fromCharCode(97 + lab.int(26))).join('')
    check((await t.agree(text, 3, false)) === index, `got another index than ${index}`)
  }
  const bytes = lab.network.bytes - before
  check(bytes <= 3 * 50_000 + 50_000, `too many RPC bytes: ${bytes}, expected 150000`)
}

async function followerFailure(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.agree(101, 3, false)
  const leader = await t.leader()
  t.disconnect(leader + 1)
  await t.agree(102, 2, false)
  await lab.sleep(E)
  await t.agree(103, 2, false)
  const second = await t.leader()
  t.disconnect(second + 1, second + 2)
  const accepted = await t.start(second, 104)
  check(accepted?.index === 4, `the leader did not take the command at index 4 but at ${accepted?.index}`)
  await lab.sleep(2 * E)
  check(t.committed(4).count === 0, 'committed without a majority')
}

async function leaderFailure(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.agree(101, 3, false)
  const first = await t.leader()
  t.disconnect(first)
  await t.agree(102, 2, false)
  await lab.sleep(E)
  await t.agree(103, 2, false)
  const second = await t.leader()
  t.disconnect(second)
  await Promise.all(t.all.map((server) => t.start(server, 104)))
  await lab.sleep(2 * E)
  check(t.committed(4).count === 0, 'committed without a majority')
}

async function failAgree(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.agree(101, 3, false)
  const leader = await t.leader()
  t.disconnect(leader + 1)
  await t.agree(102, 2, false)
  await t.agree(103, 2, false)
  await lab.sleep(E)
  await t.agree(104, 2, false)
  await t.agree(105, 2, false)
  t.connect(leader + 1)
  await t.agree(106, 3, true)
  await lab.sleep(E)
  await t.agree(107, 3, true)
}

async function failNoAgree(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 5 })
  await t.agree(10, 5, false)
  const leader = await t.leader()
  const cut = [leader + 1, leader + 2, leader + 3]
  t.disconnect(...cut)
  const lost = await t.start(leader, 20)
  check(lost?.index === 2, `the leader did not take the command at index 2 but at ${lost?.index}`)
  await lab.sleep(2 * E)
  check(t.committed(2).count === 0, 'committed without a majority')
  t.connect(...cut)
  const second = await t.leader()
  const accepted = await t.start(second, 30)
  check(accepted?.index === 2 || accepted?.index === 3, `the new leader took the command at index ${accepted?.index}`)
  await t.agree(1000, 5, true)
}

async function concurrentStarts(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await lab.sleep(3000)
    const leader = await t.leader()
    const first = await t.start(leader, 1)
    if (first === null) continue
    const { term } = first
    const accepted = await t.startMany(leader, [100, 101, 102, 103, 104])
    const indexes = accepted.flatMap((one) => (one?.term === term ? [one.index] : []))
    if (t.all.some((server) => t.termOf(server) !== term)) continue
    let moved = false
    for (const index of indexes) moved ||= !(await t.wait(index, 3, term))
    if (moved) continue
    const values = new Set(indexes.map((index) => t.committed(index).value))
    for (const value of [100, 101, 102, 103, 104]) check(values.has(value), `command ${value} is missing among the committed ones`)
    return
  }
  throw new LabFailure('the term changed too often')
}

async function rejoin(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.agree(101, 3, true)
  const first = await t.leader()
  t.disconnect(first)
  await t.startMany(first, [102, 103, 104])
  await t.agree(103, 2, true)
  const second = await t.leader()
  t.disconnect(second)
  t.connect(first)
  await t.agree(104, 2, true)
  t.connect(second)
  await t.agree(105, 3, true)
}

async function backup(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 5 })
  const fifty = (): number[] => Array.from({ length: 50 }, () => lab.unique())
  await t.agree(lab.unique(), 5, true)
  const first = await t.leader()
  t.disconnect(first + 2, first + 3, first + 4)
  await t.startMany(first, fifty())
  await lab.sleep(E / 2)
  t.disconnect(first, first + 1)
  t.connect(first + 2, first + 3, first + 4)
  for (const value of fifty()) await t.agree(value, 3, true)
  const second = await t.leader()
  const other = t.at(first + 2).index === second ? second + 1 : first + 2
  t.disconnect(other)
  await t.startMany(second, fifty())
  await lab.sleep(E / 2)
  t.disconnect(...t.all)
  t.connect(first, first + 1, other)
  for (const value of fifty()) await t.agree(value, 3, true)
  t.connect(...t.all)
  await t.agree(lab.unique(), 5, true)
}

async function count(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.leader()
  const forElection = t.handled()
  check(forElection >= 1 && forElection <= 30, `${forElection} RPCs to elect the first leader, allowed are 1 to 30`)
  const afterAgreement = await countAgreement(t, lab)
  await lab.sleep(E)
  const idle = t.handled() - afterAgreement
  check(idle <= 60, `${idle} RPCs in one second of idleness, allowed are 60`)
}

/** Returns the count at its end. */
async function countAgreement(t: RaftTest, lab: Lab): Promise<number> {
  const iterations = 10
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await lab.sleep(3000)
    const leader = await t.leader()
    const before = t.handled()
    const values = Array.from({ length: iterations + 1 }, () => lab.int(2 ** 31))
    const [first, ...rest] = await t.startMany(leader, [1, ...values])
    if (first === null || first === undefined) continue
    if (rest.some((one) => one?.term !== first.term)) continue
    for (const [at, one] of rest.entries()) check(one?.index === first.index + 1 + at, 'Start() gave a wrong index')
    let moved = false
    for (let i = 1; i <= iterations && !moved; i++) {
      moved = !(await t.wait(first.index + i, 3, first.term))
      check(moved || t.committed(first.index + i).value === values[i - 1], `a wrong value was committed at index ${first.index + i}`)
    }
    if (moved || t.all.some((server) => t.termOf(server) !== first.term)) continue
    const after = t.handled()
    const limit = (iterations + 1 + 3) * 3
    check(after - before <= limit, `${after - before} RPCs for ${iterations} entries, allowed are ${limit}`)
    return after
  }
  throw new LabFailure('the term changed too often')
}

export const LOG_SCENARIOS: readonly Scenario[] = [
  { name: 'BasicAgree3B', suite: 'raft', servers: 3, run: basicAgree },
  { name: 'RPCBytes3B', suite: 'raft', servers: 3, run: rpcBytes },
  { name: 'FollowerFailure3B', suite: 'raft', servers: 3, run: followerFailure },
  { name: 'LeaderFailure3B', suite: 'raft', servers: 3, run: leaderFailure },
  { name: 'FailAgree3B', suite: 'raft', servers: 3, run: failAgree },
  { name: 'FailNoAgree3B', suite: 'raft', servers: 5, run: failNoAgree },
  { name: 'ConcurrentStarts3B', suite: 'raft', servers: 3, run: concurrentStarts },
  { name: 'Rejoin3B', suite: 'raft', servers: 3, run: rejoin },
  { name: 'Backup3B', suite: 'raft', servers: 5, run: backup },
  { name: 'Count3B', suite: 'raft', servers: 3, run: count },
]
