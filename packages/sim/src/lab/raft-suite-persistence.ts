import { E, RaftTest } from './raft-test.js'
import { check, type Lab, type Scenario } from './scenario.js'
import type { Value } from './raft-service.js'

/** Part 3C: persistence. */

async function persist1(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.agree(11, 3, true)
  t.crash(...t.all)
  await t.restart(...t.all)
  await t.agree(12, 3, true)
  const first = await t.leader()
  t.crash(first)
  await t.restart(first)
  await t.agree(13, 3, true)
  const second = await t.leader()
  t.crash(second)
  await t.agree(14, 2, true)
  await t.restart(second)
  await t.wait(4, 3, null)
  const third = (await t.leader()) + 1
  t.crash(third)
  await t.agree(15, 2, true)
  await t.restart(third)
  await t.agree(16, 3, true)
}

async function persist2(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 5 })
  let value = 11
  for (let round = 0; round < 5; round++) {
    await t.agree(value++, 5, true)
    const leader = await t.leader()
    t.crash(leader + 1, leader + 2)
    await t.agree(value++, 3, true)
    t.crash(leader, leader + 3, leader + 4)
    await t.restart(leader + 1, leader + 2)
    await lab.sleep(E)
    await t.restart(leader + 3)
    await t.agree(value++, 3, true)
    await t.restart(leader + 4, leader)
  }
  await t.agree(1000, 5, true)
}

async function persist3(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.agree(101, 3, true)
  const leader = await t.leader()
  t.disconnect(leader + 2)
  await t.agree(102, 2, true)
  t.crash(leader, leader + 1)
  t.connect(leader + 2)
  await t.restart(leader)
  await t.agree(103, 2, true)
  await t.restart(leader + 1)
  await t.agree(104, 3, true)
}

/** The pause between two rounds of Figure 8. */
const figure8Pause = (lab: Lab): number => (lab.int(1000) < 100 ? lab.int(500) : lab.int(13))

/** Start on everybody; the last one that accepts and fulfils the condition. */
async function lastLeader(t: RaftTest, lab: Lab, limit: number | null, suits: (server: number) => boolean): Promise<number | null> {
  const accepted = await Promise.all(t.all.map((server) => t.start(server, limit === null ? lab.unique() : lab.int(limit))))
  let leader: number | null = null
  for (const [server, one] of accepted.entries()) if (one !== null && suits(server)) leader = server
  return leader
}

async function figure8(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 5 })
  await t.agree(lab.unique(), 1, true)
  let up = 5
  for (let iteration = 0; iteration < 1000; iteration++) {
    const leader = await lastLeader(t, lab, null, () => true)
    await lab.sleep(figure8Pause(lab))
    if (leader !== null) {
      t.crash(leader)
      up--
    }
    if (up < 3) {
      const server = lab.int(5)
      if (t.at(server).replica === null) {
        await t.restart(server)
        up++
      }
    }
    t.verify()
  }
  for (const server of t.all) if (t.at(server).replica === null) await t.restart(server)
  await t.agree(lab.unique(), 5, true)
}

async function unreliableAgree(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 5, reliable: false })
  const background: Promise<number>[] = []
  for (let iteration = 1; iteration < 50; iteration++) {
    for (let j = 0; j < 4; j++) background.push(observed(t.agree(100 * iteration + j, 1, true)))
    await t.agree(iteration, 1, true)
  }
  lab.network.settings.reliable = true
  await Promise.all(background)
  await t.agree(100, 5, true)
}

/** Whoever awaits it later learns of its failure; until then it must not count as unhandled. */
function observed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

async function figure8Unreliable(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 5, reliable: false })
  await t.agree(lab.int(10_000), 1, true)
  let up = 5
  for (let iteration = 0; iteration < 1000; iteration++) {
    if (iteration === 200) lab.network.settings.longReordering = true
    const leader = await lastLeader(t, lab, 10_000, (server) => t.at(server).connected)
    await lab.sleep(figure8Pause(lab))
    if (leader !== null && lab.int(1000) < 500) {
      t.disconnect(leader)
      up--
    }
    if (up < 3) {
      const server = lab.int(5)
      if (!t.at(server).connected) {
        t.connect(server)
        up++
      }
    }
    t.verify()
  }
  t.connect(...t.all)
  // With all faults still on.
  await t.agree(lab.int(10_000), 5, true)
}

async function churnClient(t: RaftTest, lab: Lab, client: number, goesOn: () => boolean): Promise<Value[]> {
  const confirmed: Value[] = []
  while (goesOn()) {
    const value = lab.unique()
    let index = 0
    for (const server of t.all) index = (await t.start(server, value))?.index ?? index
    if (index === 0) {
      await lab.sleep(79 + client * 17)
      continue
    }
    for (const pauseMs of [10, 20, 50, 100, 200]) {
      const { count, value: found } = t.committed(index)
      if (count > 0) {
        if (found === value) confirmed.push(value)
        break
      }
      await lab.sleep(pauseMs)
    }
  }
  return confirmed
}

async function churn(lab: Lab, reliable: boolean): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 5, reliable })
  let stop = false
  const clients = [0, 1, 2].map((client) => observed(churnClient(t, lab, client, () => !stop)))
  for (let round = 0; round < 20; round++) {
    if (lab.int(1000) < 200) t.disconnect(lab.int(5))
    if (lab.int(1000) < 500) {
      const server = lab.int(5)
      if (t.at(server).replica === null) await t.group.start(t.at(server))
      t.connect(server)
    }
    if (lab.int(1000) < 200) t.crash(lab.int(5))
    await lab.sleep(0.7 * E)
  }
  await lab.sleep(E)
  lab.network.settings.reliable = true
  for (const server of t.all) {
    if (t.at(server).replica === null) await t.group.start(t.at(server))
    t.connect(server)
  }
  stop = true
  const confirmed = (await Promise.all(clients)).flat()
  await lab.sleep(E)
  const last = await t.agree(lab.unique(), 5, true)
  const values = new Set<Value | undefined>()
  for (let index = 1; index <= last; index++) {
    await t.wait(index, 5, null)
    values.add(t.committed(index).value)
  }
  for (const value of confirmed) check(values.has(value), `a client was told that ${value} is committed, but it is not in the log`)
}

export const PERSISTENCE_SCENARIOS: readonly Scenario[] = [
  { name: 'Persist13C', suite: 'raft', servers: 3, run: persist1 },
  { name: 'Persist23C', suite: 'raft', servers: 5, run: persist2 },
  { name: 'Persist33C', suite: 'raft', servers: 3, run: persist3 },
  { name: 'Figure83C', suite: 'raft', servers: 5, run: figure8 },
  { name: 'UnreliableAgree3C', suite: 'raft', servers: 5, run: unreliableAgree },
  { name: 'Figure8Unreliable3C', suite: 'raft', servers: 5, run: figure8Unreliable },
  { name: 'ReliableChurn3C', suite: 'raft', servers: 5, run: (lab) => churn(lab, true) },
  { name: 'UnreliableChurn3C', suite: 'raft', servers: 5, run: (lab) => churn(lab, false) },
]
