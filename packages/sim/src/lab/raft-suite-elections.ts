import { E, RaftTest } from './raft-test.js'
import { check, type Lab, type Scenario } from './scenario.js'

/** Part 3A: elections. */

async function initialElection(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  await t.leader()
  await lab.sleep(50)
  const before = t.term()
  check(before >= 1, 'the term is 0, though there is a leader')
  await lab.sleep(2 * E)
  // The course only warns about this; without any fault there is no excuse for it.
  check(t.term() === before, 'the term changed without any fault')
  await t.leader()
}

async function reElection(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 3 })
  const first = await t.leader()
  t.disconnect(first)
  await t.leader()
  t.connect(first)
  const second = await t.leader()
  t.disconnect(second, second + 1)
  await lab.sleep(2 * E)
  t.noLeader()
  t.connect(second + 1)
  await t.leader()
  t.connect(second)
  await t.leader()
}

async function manyElections(lab: Lab): Promise<void> {
  const t = await RaftTest.open(lab, { servers: 7 })
  await t.leader()
  for (let round = 0; round < 9; round++) {
    // They may coincide.
    const cut = [lab.int(7), lab.int(7), lab.int(7)]
    t.disconnect(...cut)
    await t.leader()
    t.connect(...cut)
  }
  await t.leader()
}

export const ELECTION_SCENARIOS: readonly Scenario[] = [
  { name: 'InitialElection3A', suite: 'raft', servers: 3, run: initialElection },
  { name: 'ReElection3A', suite: 'raft', servers: 3, run: reElection },
  { name: 'ManyElections3A', suite: 'raft', servers: 7, run: manyElections },
]
