import { beforeEach, describe, expect, it } from 'vitest'
import type { BalsaError } from '../errors.js'
import { ManualClock } from '../memory/manual-clock.js'
import { asIndex, asMemberId } from '../types.js'
import { CallGuards } from './calls.js'
import { ReadTable } from './reads.js'

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'resolved',
    (error: BalsaError) => error.code ?? error.message,
  )

describe('read table', () => {
  let clock: ManualClock
  let reads: ReadTable

  beforeEach(() => {
    clock = new ManualClock()
    reads = new ReadTable(2, new CallGuards(clock))
  })

  const add = (options = {}) => reads.add(options, (index) => index)
  const confirm = (ref: number | null, index: number): void => reads.outcomes([{ ref: ref ?? -1, index: asIndex(index) }], () => '')

  it('waits for the state machine, not only for the confirmation', async () => {
    let answer = 0
    void add().then((index) => {
      answer = index
    })
    confirm(reads.take(), 7)
    reads.applied(asIndex(6))
    await Promise.resolve()
    expect(answer).toBe(0)
    reads.applied(asIndex(7))
    await Promise.resolve()
    expect(answer).toBe(7)
    expect(reads.pending).toBe(0)
  })

  it('asks once for all reads of a turn, and anew for later ones', async () => {
    const early = [add(), add()]
    const first = reads.take()
    expect(reads.take()).toBeNull()
    confirm(first, 3)
    reads.applied(asIndex(3))
    expect(await Promise.all(early)).toEqual([3, 3])
    const late = add()
    const second = reads.take()
    expect(second).not.toBe(first)
    confirm(second, 9)
    reads.applied(asIndex(9))
    expect(await late).toBe(9)
  })

  it('runs the query in the step that found the state ready', async () => {
    let state = 'old'
    const answer = reads.add({}, () => state)
    confirm(reads.take(), 1)
    reads.applied(asIndex(1))
    state = 'new'
    expect(await answer).toBe('old')
  })

  it("a failing query is its caller's trouble only", async () => {
    const failing = reads.add({}, () => {
      throw new Error('bad query')
    })
    const other = add()
    confirm(reads.take(), 1)
    reads.applied(asIndex(1))
    expect(await codeOf(failing)).toBe('bad query')
    expect(await other).toBe(1)
  })

  it('passes on why the core refused', async () => {
    const call = add()
    reads.outcomes([{ ref: reads.take() ?? -1, refused: 'NOT_LEADER', leaderId: asMemberId(2) }], () => 'client-2')
    await expect(call).rejects.toMatchObject({ code: 'NOT_LEADER', leaderAddress: 'client-2' })
  })

  it('ends by signal, deadline, limit and stop', async () => {
    const controller = new AbortController()
    const aborted = add({ signal: controller.signal })
    controller.abort()
    expect(await codeOf(aborted)).toBe('ABORTED')
    expect(reads.take()).toBeNull()
    const late = add({ timeoutMs: 5 })
    confirm(reads.take(), 5)
    clock.advance(20)
    expect(await codeOf(late)).toBe('DEADLINE')
    reads.applied(asIndex(5))
    const waiting = [add(), add()].map(codeOf)
    expect(await codeOf(add())).toBe('OVERLOADED')
    reads.stop()
    expect(await Promise.all(waiting)).toEqual(['STOPPED', 'STOPPED'])
    expect(reads.pending).toBe(0)
    expect(clock.pending).toBe(0)
  })
})
