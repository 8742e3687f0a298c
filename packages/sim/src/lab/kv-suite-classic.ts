import type { ClassicClerk } from './clerk.js'
import { digestModel } from './digest-register.js'
import { GENERIC_CLASSIC } from './kv-generic.js'
import { type KvServer, KvTest } from './kv-test.js'
import { E } from './raft-test.js'
import { check, type Lab, type Scenario } from './scenario.js'

/** The special tests of the classic form: Put, Append and Get without versions. */

async function speed(lab: Lab, maxLogBytes: number): Promise<void> {
  const test = await KvTest.open(lab, { servers: 3, reliable: true, maxLogBytes })
  const clerk = test.classicClerk()
  await clerk.get('x')
  const operations = 1000
  const startMs = lab.clock.now()
  let expected = ''
  for (let i = 0; i < operations; i++) {
    await clerk.append('x', `x 0 ${i} y`)
    expected += `x 0 ${i} y`
  }
  const elapsedMs = lab.clock.now() - startMs
  check((await clerk.get('x')) === expected, 'the value is not what was appended')
  lab.notes.push(`${operations} appends in ${(elapsedMs / 1000).toFixed(3)} s`)
  check(elapsedMs <= (operations * 100) / 3, `${(elapsedMs / operations).toFixed(2)} ms per operation, allowed are 33.33`)
  test.classicHistory.verify(digestModel)
}

async function checkValue(clerk: ClassicClerk, key: string, value: string): Promise<void> {
  const read = await clerk.get(key)
  check(read === value, `${key} is ${read}, expected ${value}`)
}

async function onePartition(lab: Lab): Promise<void> {
  const test = await KvTest.open(lab, { servers: 5, reliable: true, maxLogBytes: -1 })
  const clerk = test.classicClerk()
  await clerk.put('1', '13')
  const leader = test.leader()
  const others = test.group.servers.filter((server) => server !== leader)
  const majority = others.slice(0, 3)
  const minority = [leader, ...others.slice(3)]
  test.group.partition([majority, minority])
  const inMajority = test.restrictedClassic(majority)
  await inMajority.clerk.put('1', '14')
  await checkValue(inMajority.clerk, '1', '14')

  const putter = test.restrictedClassic(minority)
  const getter = test.restrictedClassic(minority)
  let done = 0
  const finished = (): void => {
    done++
  }
  const put = putter.clerk.put('1', '15').then(finished)
  const get = getter.clerk.get('1').then(finished)
  await lab.sleep(1000)
  check(done === 0, 'a call in the minority completed')
  await checkValue(inMajority.clerk, '1', '14')
  await inMajority.clerk.put('1', '16')
  await checkValue(inMajority.clerk, '1', '16')

  test.group.connectAll()
  putter.connect()
  getter.connect()
  await lab.sleep(E)
  let late = false
  await Promise.race([
    Promise.all([put, get]),
    lab.sleep(3000).then(() => {
      late = true
    }),
  ])
  check(!late, 'a call of the minority did not complete after the heal')
  await checkValue(clerk, '1', '15')
  test.verify()
  test.classicHistory.verify(digestModel)
}

async function unreliableOneKey(lab: Lab): Promise<void> {
  const test = await KvTest.open(lab, { servers: 3, reliable: false, maxLogBytes: -1 })
  const clerk = test.classicClerk()
  await clerk.put('k', '')
  const clients = 5
  const upto = 10
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const own = test.classicClerk()
      for (let n = 0; n < upto; n++) await own.append('k', `x ${client} ${n} y`)
    }),
  )
  const value = await clerk.get('k')
  for (let client = 0; client < clients; client++) {
    let from = -1
    for (let n = 0; n < upto; n++) {
      const piece = `x ${client} ${n} y`
      const at = value.indexOf(piece)
      check(at >= 0 && at === value.lastIndexOf(piece), `append ${n} of client ${client} is not there exactly once`)
      check(at > from, `append ${n} of client ${client} is out of order`)
      from = at
    }
  }
  test.verify()
  test.classicHistory.verify(digestModel)
}

async function snapshotRpc(lab: Lab): Promise<void> {
  const test = await KvTest.open(lab, { servers: 3, reliable: true, maxLogBytes: 1000 })
  const [s0, s1, s2] = test.group.servers as readonly [KvServer, KvServer, KvServer]
  const clerk = test.classicClerk()
  await clerk.put('a', 'A')
  await checkValue(clerk, 'a', 'A')
  test.group.partition([[s0, s1], [s2]])
  const first = test.restrictedClassic([s0, s1]).clerk
  for (let i = 0; i < 50; i++) await first.put(String(i), String(i))
  await lab.sleep(E)
  await first.put('b', 'B')
  test.checkSizes()
  test.group.partition([[s0, s2], [s1]])
  const second = test.restrictedClassic([s0, s2]).clerk
  await second.put('c', 'C')
  await second.put('d', 'D')
  await checkValue(second, 'a', 'A')
  await checkValue(second, 'b', 'B')
  await checkValue(second, '1', '1')
  await checkValue(second, '49', '49')
  test.group.connectAll()
  await clerk.put('e', 'E')
  await checkValue(clerk, 'c', 'C')
  await checkValue(clerk, 'e', 'E')
  await checkValue(clerk, '1', '1')
  test.checkSizes()
  test.classicHistory.verify(digestModel)
}

async function snapshotSize(lab: Lab): Promise<void> {
  const test = await KvTest.open(lab, { servers: 3, reliable: true, maxLogBytes: 1000 })
  const clerk = test.classicClerk()
  for (let i = 0; i < 200; i++) {
    for (const value of ['0', '1']) {
      await clerk.put('x', value)
      await checkValue(clerk, 'x', value)
    }
  }
  test.checkSizes()
  const { snapshotBytes } = test.group
  check(snapshotBytes <= 500, `a snapshot of ${snapshotBytes} bytes for one key, allowed are 500`)
  lab.notes.push(`snapshot of ${snapshotBytes} bytes`)
  test.classicHistory.verify(digestModel)
}

export const KV_CLASSIC_SCENARIOS: readonly Scenario[] = [
  { name: 'Speed3A', suite: 'kv-classic', servers: 3, run: (lab) => speed(lab, -1) },
  { name: 'OnePartition3A', suite: 'kv-classic', servers: 5, run: onePartition },
  { name: 'UnreliableOneKey3A', suite: 'kv-classic', servers: 3, run: unreliableOneKey },
  ...GENERIC_CLASSIC,
  { name: 'SnapshotRPC3B', suite: 'kv-classic', servers: 3, run: snapshotRpc },
  { name: 'SnapshotSize3B', suite: 'kv-classic', servers: 3, run: snapshotSize },
  { name: 'Speed3B', suite: 'kv-classic', servers: 3, run: (lab) => speed(lab, 1000) },
]
