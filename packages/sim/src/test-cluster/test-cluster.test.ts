import type { AppliedCommand, StateMachine } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { testCluster } from './test-cluster.js'

/** The example of docs/testing.md: a counter. */
class Counter implements StateMachine<number, 'value', number> {
  #value = 0

  apply(batch: readonly AppliedCommand[]): readonly number[] {
    return batch.map(({ command }) => (this.#value += command[0] ?? 0))
  }

  query(): number {
    return this.#value
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(String(this.#value))
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = ''
    for await (const chunk of chunks) text += new TextDecoder().decode(chunk)
    this.#value = Number(text)
  }
}

const add = (amount: number): Uint8Array => Uint8Array.of(amount)

describe('testCluster', () => {
  it('keeps a counter through the loss of its leader', async () => {
    const cluster = await testCluster({ size: 3, seed: 7, machine: () => new Counter() })
    expect(await cluster.propose(add(2))).toBe(2)
    const old = await cluster.leader()
    cluster.crash(old)
    expect(await cluster.propose(add(3))).toBe(5)
    expect(await cluster.leader()).not.toBe(old)
    cluster.restart(old)
    await cluster.converge()
    expect(cluster.query(old, 'value')).toBe(5)
  })

  it('shows that a minority can not answer, and that it catches up', async () => {
    const cluster = await testCluster({ size: 5, seed: 11, machine: () => new Counter() })
    const leader = await cluster.leader()
    const [other = 0] = cluster.members.filter((id) => id !== leader)
    cluster.partition(
      [leader, other],
      cluster.members.filter((id) => id !== leader && id !== other),
    )
    await expect(cluster.propose(add(9), { member: leader, timeoutMs: 200 })).rejects.toMatchObject({ family: 'unknown' })
    await cluster.advance(2000)
    expect(await cluster.propose(add(1))).toBe(1)
    cluster.heal()
    await cluster.converge()
    expect(cluster.members.map((id) => cluster.query(id, 'value'))).toEqual([1, 1, 1, 1, 1])
  })

  it('restores a restarted member from a snapshot', async () => {
    const cluster = await testCluster({
      size: 3,
      seed: 3,
      machine: () => new Counter(),
      snapshots: { maxLogBytes: 500, trailingEntries: 0 },
    })
    const [victim = 0] = cluster.members.filter((id) => id !== cluster.status(1).leaderId)
    cluster.crash(victim)
    for (let i = 0; i < 60; i++) await cluster.propose(add(1))
    cluster.restart(victim)
    await cluster.converge()
    expect(cluster.query(victim, 'value')).toBe(60)
    expect(cluster.status(victim).snapshotIndex).toBeGreaterThan(0)
    expect(await cluster.read('value', { member: victim })).toBe(60)
  })

  it('finds a state machine that is not deterministic, and names the seed', async () => {
    class Drifting extends Counter {
      readonly #bias: number
      constructor(bias: number) {
        super()
        this.#bias = bias
      }
      override apply(batch: readonly AppliedCommand[]): readonly number[] {
        return super.apply(batch).map((value) => value + this.#bias)
      }
    }
    const cluster = await testCluster({ size: 3, seed: 5, machine: (member) => new Drifting(member === 2 ? 1 : 0) })
    const run = async (): Promise<void> => {
      await cluster.propose(add(1))
      await cluster.converge()
    }
    await expect(run()).rejects.toThrow(/state-machine-safety[\s\S]*seed 5/)
  })

  it('gives the same run for the same seed', async () => {
    const traces: string[] = []
    for (let time = 0; time < 2; time++) {
      const cluster = await testCluster({ size: 3, seed: 42, machine: () => new Counter(), network: { lossRate: 0.2, tailMs: 5 } })
      for (let i = 0; i < 10; i++) await cluster.propose(add(1))
      cluster.crash(await cluster.leader())
      await cluster.propose(add(1))
      traces.push(`${cluster.nowMs}\n${cluster.trace(400).join('\n')}`)
    }
    expect(traces[0]).toBe(traces[1])
  })
})
