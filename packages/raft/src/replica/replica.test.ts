import { describe, expect, it } from 'vitest'
import { bytesOf } from './test-machine.js'
import { TestReplicas } from './test-replicas.js'

describe('a cluster of one', () => {
  it('commits, applies and answers', async () => {
    const cluster = await TestReplicas.open(1)
    const leader = await cluster.leader()
    const first = await cluster.run(leader.replica.propose(bytesOf('a')))
    const second = await cluster.run(leader.replica.propose(bytesOf('b')))
    expect([first.result, second.result]).toEqual([1, 2])
    expect(second.index).toBe(first.index + 1)
    expect(await cluster.run(leader.replica.read('words'))).toEqual(['a', 'b'])
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })
})

describe('three members', () => {
  it('replicate', async () => {
    const cluster = await TestReplicas.open(3)
    const leader = await cluster.leader()
    for (const word of ['a', 'b', 'c']) await cluster.run(leader.replica.propose(bytesOf(word)))
    await cluster.until(() => cluster.members.every((member) => member.machine.words.length === 3))
    for (const member of cluster.members) expect(member.machine.words).toEqual(['a', 'b', 'c'])
    await cluster.close()
  })
})
