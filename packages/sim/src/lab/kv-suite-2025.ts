import { versionedModel } from '../checker/index.js'
import type { VersionedClerk } from './clerk.js'
import { GENERIC_2025 } from './kv-generic.js'
import { type KvServer, KvTest } from './kv-test.js'
import { E } from './raft-test.js'
import { check, type Lab, type Scenario } from './scenario.js'

/** The special tests of the form of 2025. */

/** The average that a sequential operation may take: three per 100 ms. */
const MS_PER_OPERATION = 100 / 3

async function speed(lab: Lab, maxLogBytes: number): Promise<void> {
  const test = await KvTest.open(lab, { servers: 3, reliable: true, maxLogBytes })
  const clerk = test.versionedClerk()
  await clerk.get('x')
  const operations = 1000
  const startMs = lab.clock.now()
  for (let version = 0; version < operations; version++) {
    const answer = await clerk.put('k', String(version), version)
    check(answer === 'ok', `put ${version} answered ${answer}`)
  }
  const elapsedMs = lab.clock.now() - startMs
  const { version } = await clerk.get('k')
  check(version === operations, `version ${version} after ${operations} puts`)
  lab.notes.push(`${operations} puts in ${(elapsedMs / 1000).toFixed(3)} s`)
  check(
    elapsedMs <= operations * MS_PER_OPERATION,
    `${(elapsedMs / operations).toFixed(2)} ms per operation, allowed are ${MS_PER_OPERATION.toFixed(2)}`,
  )
  test.versionedHistory.verify(versionedModel)
}

async function checkValue(clerk: VersionedClerk, key: string, value: string, version: number): Promise<void> {
  const read = await clerk.get(key)
  check(
    read.value === value && read.version === version,
    () => `${key} is ${read.value} version ${read.version}, expected ${value} version ${version}`,
  )
}

/** What a background call of a clerk without a majority came to. */
interface Watched {
  done: boolean
}

function watched(promise: Promise<unknown>): Watched & { readonly promise: Promise<unknown> } {
  const state = { done: false, promise }
  promise.then(
    () => {
      state.done = true
    },
    () => {
      state.done = true
    },
  )
  return state
}

async function onePartition(lab: Lab): Promise<void> {
  const test = await KvTest.open(lab, { servers: 5, reliable: false, maxLogBytes: -1 })
  const clerk = test.versionedClerk()
  let version = await clerk.putAtLeastOnce('1', '13', 0)
  const leader = test.leader()
  const others = test.group.servers.filter((server) => server !== leader)
  const majority = others.slice(0, 3)
  const minority = [leader, ...others.slice(3)]
  test.group.partition([majority, minority])

  const inMajority = test.restricted(majority)
  version = await inMajority.clerk.putAtLeastOnce('1', '14', version)
  await checkValue(inMajority.clerk, '1', '14', version)
  phase(lab, 'progress in majority')

  const putter = test.restricted(minority)
  const getter = test.restricted(minority)
  const put = watched(putter.clerk.putAtLeastOnce('1', '15', version))
  const get = watched(getter.clerk.get('1'))
  await lab.sleep(1000)
  check(!put.done, 'a put in the minority completed')
  check(!get.done, 'a get in the minority completed')
  await checkValue(inMajority.clerk, '1', '14', version)
  version = await inMajority.clerk.putAtLeastOnce('1', '16', version)
  await checkValue(inMajority.clerk, '1', '16', version)
  phase(lab, 'no progress in minority')

  test.group.connectAll()
  putter.connect()
  getter.connect()
  await lab.sleep(E)
  // The course's own check of the get can not fail; this one can.
  await lab.sleep(put.done && get.done ? 0 : 3000)
  check(put.done, 'the put did not complete after the heal')
  check(get.done, 'the get did not complete after the heal')
  check((await clerk.get('1')).value === '15', 'the put of the minority is not there')
  phase(lab, 'completion after heal')
  test.verify()
  test.versionedHistory.verify(versionedModel)
}

function phase(lab: Lab, name: string): void {
  const { seconds, rpcs } = lab.figures
  lab.notes.push(`${name}: until ${seconds.toFixed(1)} s, ${rpcs} RPCs`)
}

async function snapshotRpc(lab: Lab): Promise<void> {
  const test = await KvTest.open(lab, { servers: 3, reliable: true, maxLogBytes: 1000 })
  const [s0, s1, s2] = test.group.servers as readonly [KvServer, KvServer, KvServer]
  const clerk = test.versionedClerk()
  const versions = new Map<string, number>()
  const put = async (by: VersionedClerk, key: string, value: string): Promise<void> => {
    versions.set(key, await by.putAtLeastOnce(key, value, versions.get(key) ?? 0))
  }
  const expect = (by: VersionedClerk, key: string, value: string): Promise<void> => checkValue(by, key, value, versions.get(key) ?? 0)
  await put(clerk, 'a', 'A')
  await expect(clerk, 'a', 'A')

  test.group.partition([[s0, s1], [s2]])
  const first = test.restricted([s0, s1]).clerk
  for (let i = 0; i < 50; i++) await put(first, String(i), String(i))
  await lab.sleep(E)
  await put(first, 'b', 'B')
  // While server 2 is away.
  test.checkSizes()

  // Server 2 is needed now, and what it lacks is in no log any more.
  test.group.partition([[s0, s2], [s1]])
  const second = test.restricted([s0, s2]).clerk
  await put(second, 'c', 'C')
  await put(second, 'd', 'D')
  for (const [key, value] of [
    ['a', 'A'],
    ['b', 'B'],
    ['1', '1'],
    ['49', '49'],
  ] as const)
    await expect(second, key, value)

  test.group.connectAll()
  await put(clerk, 'e', 'E')
  for (const [key, value] of [
    ['c', 'C'],
    ['e', 'E'],
    ['1', '1'],
  ] as const)
    await expect(clerk, key, value)
  test.checkSizes()
  test.versionedHistory.verify(versionedModel)
}

async function snapshotSize(lab: Lab): Promise<void> {
  const test = await KvTest.open(lab, { servers: 3, reliable: true, maxLogBytes: 1000 })
  const clerk = test.versionedClerk()
  let version = 0
  const startMs = lab.clock.now()
  for (let i = 0; i < 200; i++) {
    for (const value of ['0', '1']) {
      version = await clerk.putAtLeastOnce('x', value, version)
      await checkValue(clerk, 'x', value, version)
    }
  }
  test.checkSizes()
  const { snapshotBytes } = test.group
  check(snapshotBytes <= 500, `a snapshot of ${snapshotBytes} bytes for one key, allowed are 500`)
  check(lab.clock.now() - startMs < 20_000, 'more than 20 s')
  lab.notes.push(`snapshot of ${snapshotBytes} bytes`)
  test.versionedHistory.verify(versionedModel)
}

export const KV_2025_SCENARIOS: readonly Scenario[] = [
  { name: 'Speed4B', suite: 'kv-2025', servers: 3, run: (lab) => speed(lab, -1) },
  { name: 'OnePartition4B', suite: 'kv-2025', servers: 5, run: onePartition },
  ...GENERIC_2025,
  { name: 'SnapshotRPC4C', suite: 'kv-2025', servers: 3, run: snapshotRpc },
  { name: 'SnapshotSize4C', suite: 'kv-2025', servers: 3, run: snapshotSize },
  { name: 'Speed4C', suite: 'kv-2025', servers: 3, run: (lab) => speed(lab, 1000) },
]
