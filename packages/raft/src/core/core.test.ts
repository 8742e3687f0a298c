import { describe, expect, it } from 'vitest'
import { asIndex } from '../types.js'
import { TestCluster } from './test-cluster.test-support.js'

describe('a cluster of cores', () => {
  it('elects, replicates and commits', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    cluster.propose(1, 'x')
    cluster.settle()
    for (const id of [1, 2, 3]) expect(cluster.member(id).committed).toBe(2)
  })

  it('elects a leader by time alone and keeps it', () => {
    const cluster = new TestCluster(5)
    for (let i = 0; i < 200; i++) {
      cluster.advance(10)
      cluster.settle()
    }
    const leaders = [1, 2, 3, 4, 5].filter((id) => cluster.core(id).role === 'leader')
    expect(leaders).toHaveLength(1)
    expect(cluster.core(1).term).toBe(1)
  })

  it('a cluster of one commits when its own disk has completed, not before', () => {
    const cluster = new TestCluster(1)
    cluster.advance(1)
    cluster.settle()
    expect(cluster.core(1).role).toBe('leader')
    cluster.propose(1, 'x')
    expect(cluster.core(1).commitIndex).toBe(1)
    cluster.flush(1)
    expect(cluster.core(1).commitIndex).toBe(2)
  })

  it('a restarted cluster recovers what was committed', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    for (let i = 0; i < 10; i++) cluster.propose(1, `${i}`)
    cluster.settle()
    for (const id of [1, 2, 3]) cluster.crash(id)
    for (const id of [1, 2, 3]) cluster.restart(id)
    cluster.elect(2)
    expect(cluster.core(2).commitIndex).toBe(12)
    expect(cluster.core(3).lastIndex).toBe(12)
  })

  it('reads are confirmed by one round for any number of reads', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    cluster.settle()
    for (let ref = 1; ref <= 100; ref++) cluster.step(1, { type: 'read', ref })
    const heartbeats = cluster.queue.filter((message) => message.type === 'heartbeat').length
    expect(heartbeats).toBe(2)
    let sent = 0
    cluster.settle((message) => {
      if (message.type === 'heartbeat') sent++
      return true
    })
    // The first read's round, and one more for the 99 that arrived while it was under way.
    expect(sent).toBe(4)
    expect(cluster.member(1).reads).toHaveLength(100)
    for (const read of cluster.member(1).reads) expect(read).toMatchObject({ index: asIndex(1) })
  })

  it('a follower reads through the leader', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    cluster.step(3, { type: 'read', ref: 7 })
    cluster.settle()
    expect(cluster.member(3).reads).toEqual([{ ref: 7, index: 1 }])
  })
})
