import { expect, it } from 'vitest'
import type { Group } from './group.js'
import { type RaftServer, RaftTest } from './raft-test.js'
import { runScenario } from './run.js'

async function withGroup(test: (group: Group<null, never, never>) => Promise<void>): Promise<void> {
  const result = await runScenario(
    {
      name: 'group',
      suite: 'raft',
      servers: 3,
      run: async (lab) => test((await RaftTest.open(lab, { servers: 3 })).group),
    },
    { seed: 1 },
  )
  expect(result.failure).toBe('')
}

const reaches = (from: RaftServer, to: RaftServer): boolean => from.links.get(to.id)?.enabled === true

it('connects a server only to those that are connected themselves', () =>
  withGroup(async (group) => {
    const [a, b, c] = [group.at(0), group.at(1), group.at(2)]
    group.disconnect(a)
    group.disconnect(b)
    expect([reaches(a, c), reaches(c, a), reaches(b, c)]).toEqual([false, false, false])
    group.connect(a)
    expect([reaches(a, c), reaches(c, a), reaches(a, b), reaches(b, a)]).toEqual([true, true, false, false])
    group.connect(b)
    expect([reaches(a, b), reaches(b, a)]).toEqual([true, true])
  }))

it('partitions into sides that hear only themselves', () =>
  withGroup(async (group) => {
    const [a, b, c] = [group.at(0), group.at(1), group.at(2)]
    group.partition([[a, b], [c]])
    expect([reaches(a, b), reaches(a, c), reaches(c, b)]).toEqual([true, false, false])
    group.connectAll()
    expect([reaches(a, c), reaches(c, b)]).toEqual([true, true])
  }))

it('gives a restarted server new links and what it had saved', () =>
  withGroup(async (group) => {
    const server = group.at(0)
    const { links, persister } = server
    group.crash(server)
    expect([server.replica, [...links.values()].some(({ enabled }) => enabled)]).toEqual([null, false])
    expect(server.persister).not.toBe(persister)
    await group.restart(server)
    expect(server.life).toBe(2)
    expect(
      [...links.values()].some(({ enabled }) => enabled),
      'the old links stay dead',
    ).toBe(false)
    expect(reaches(server, group.at(1))).toBe(true)
  }))
