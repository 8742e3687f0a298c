import { beforeEach, describe, expect, it } from 'vitest'
import type { BalsaError } from '../errors.js'
import { ManualClock } from '../memory/manual-clock.js'
import { asIndex, asMemberId, asTerm, EntryType } from '../types.js'
import { CallGuards } from './calls.js'
import { ProposalTable, refusalError } from './proposals.js'

const addresses = (id: number): string => (id === 2 ? 'client-2' : '')
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'resolved',
    (error: BalsaError) => `${error.code}/${error.family}`,
  )

describe('proposal table', () => {
  let clock: ManualClock
  let table: ProposalTable<string>

  beforeEach(() => {
    clock = new ManualClock()
    table = new ProposalTable({ maxCommandBytes: 8, maxPendingProposals: 3 }, new CallGuards(clock))
  })

  const add = (options = {}) => table.add(EntryType.command, new Uint8Array(1), options)
  /** Takes what is queued and has the core accept it from `index` on. */
  const accept = (index: number, term = 1): void => {
    const outcomes = table.take().map(({ ref }, position) => ({ ref, index: asIndex(index + position), term: asTerm(term) }))
    table.outcomes(outcomes, asTerm(term), addresses)
  }

  it('answers each call with its own result', async () => {
    const calls = [add(), add()]
    accept(5)
    table.settle(asIndex(5), asTerm(1), 'five')
    table.settle(asIndex(6), asTerm(1), 'six')
    expect(await Promise.all(calls)).toEqual([
      { index: 5, term: 1, result: 'five' },
      { index: 6, term: 1, result: 'six' },
    ])
    expect(table.pending).toBe(0)
  })

  it('hands everything queued to the core at once, with numbers that never repeat', () => {
    const calls = [add(), add()]
    const first = table.take()
    expect(first.map(({ ref }) => ref)).toEqual([1, 2])
    calls.push(add())
    expect(table.take().map(({ ref }) => ref)).toEqual([3])
    for (const call of calls) void codeOf(call)
    table.stop()
  })

  it('is refused when another term stands at the index', async () => {
    const call = add()
    accept(5, 1)
    table.settle(asIndex(5), asTerm(2), 'other')
    expect(await codeOf(call)).toBe('SUPERSEDED/refused')
  })

  it('is refused when this leader itself writes something else there in a later term', async () => {
    const early = add()
    accept(5, 1)
    const late = add()
    accept(5, 3)
    expect(await codeOf(early)).toBe('SUPERSEDED/refused')
    table.settle(asIndex(5), asTerm(3), 'late')
    expect(await late).toMatchObject({ result: 'late' })
  })

  it('ends all waiters with LEADERSHIP_LOST, except those that are committed', async () => {
    const calls = [add(), add(), add()]
    accept(5)
    table.leadershipEnded(null, asIndex(5))
    table.settle(asIndex(5), asTerm(1), 'committed')
    expect(await Promise.all(calls.map(codeOf))).toEqual(['resolved', 'LEADERSHIP_LOST/unknown', 'LEADERSHIP_LOST/unknown'])
  })

  it('tells leaderships of different terms apart: lost and won again within one turn', async () => {
    const old = add()
    accept(5, 1)
    const young = add()
    accept(6, 2)
    table.leadershipEnded(asTerm(2), asIndex(4))
    expect(await codeOf(old)).toBe('LEADERSHIP_LOST/unknown')
    table.settle(asIndex(6), asTerm(2), 'young')
    expect(await codeOf(young)).toBe('resolved')
  })

  it('ends waiters below a snapshot that replaced the log', async () => {
    const calls = [add(), add()]
    accept(5)
    table.replacedBySnapshot(asIndex(5))
    expect(await codeOf(calls[0] ?? add())).toBe('OUTCOME_UNKNOWN/unknown')
    expect(table.pending).toBe(1)
    table.stop()
    expect(await codeOf(calls[1] ?? add())).toBe('OUTCOME_UNKNOWN/unknown')
  })

  it('is refused when it is aborted before the core saw it, and then never reaches the core', async () => {
    const controller = new AbortController()
    const call = add({ signal: controller.signal })
    controller.abort()
    expect(await codeOf(call)).toBe('ABORTED/refused')
    expect(table.take()).toEqual([])
    expect(table.pending).toBe(0)
  })

  it('is unknown when the deadline passes after the core saw it', async () => {
    const call = add({ timeoutMs: 10 })
    accept(5)
    clock.advance(20)
    expect(await codeOf(call)).toBe('OUTCOME_UNKNOWN/unknown')
    expect(table.hasAccepted).toBe(false)
    table.settle(asIndex(5), asTerm(1), 'nobody waits')
  })

  it('may be aborted between being handed over and being answered', async () => {
    const controller = new AbortController()
    const call = add({ signal: controller.signal })
    const [proposal] = table.take()
    controller.abort()
    expect(await codeOf(call)).toBe('OUTCOME_UNKNOWN/unknown')
    table.outcomes([{ ref: proposal?.ref ?? 0, index: asIndex(5), term: asTerm(1) }], asTerm(1), addresses)
    expect(table.pending).toBe(0)
  })

  it('refuses what is too large, and what is too much', async () => {
    expect(await codeOf(table.add(EntryType.command, new Uint8Array(9), {}))).toBe('TOO_LARGE/refused')
    const waiting = [add(), add(), add()].map(codeOf)
    expect(await codeOf(add())).toBe('OVERLOADED/refused')
    table.stop()
    expect(await Promise.all(waiting)).toEqual(['STOPPED/refused', 'STOPPED/refused', 'STOPPED/refused'])
  })

  it('names the leader and its client address', async () => {
    const call = add()
    const [proposal] = table.take()
    table.outcomes([{ ref: proposal?.ref ?? 0, refused: 'NOT_LEADER', leaderId: asMemberId(2) }], asTerm(1), addresses)
    await expect(call).rejects.toMatchObject({ code: 'NOT_LEADER', leaderId: 2, leaderAddress: 'client-2' })
  })

  it('starts: an answer at once, also from a member that does not lead', async () => {
    const started = table.addStart(EntryType.command, new Uint8Array(1))
    accept(7, 4)
    expect(await started).toEqual({ index: 7, term: 4, isLeader: true })
    expect(table.pending).toBe(0)
    const refused = table.addStart(EntryType.command, new Uint8Array(1))
    table.outcomes([{ ref: table.take()[0]?.ref ?? 0, refused: 'NOT_LEADER', leaderId: asMemberId(2) }], asTerm(4), addresses)
    expect(await refused).toEqual({ index: 0, term: 4, isLeader: false })
  })

  it('takes one answer per proposal', () => {
    void codeOf(add())
    void codeOf(add())
    const [first] = table.take()
    const outcome = { ref: first?.ref ?? 0, index: asIndex(1), term: asTerm(1) }
    table.outcomes([outcome], asTerm(1), addresses)
    expect(() => table.outcomes([outcome], asTerm(1), addresses)).toThrow(/answered once/)
    expect(() => table.outcomes([{ ...outcome, ref: 99 }], asTerm(1), addresses)).toThrow(/was given/)
  })
})

it('says NO_LEADER when nobody is known to lead, whatever the core called it', () => {
  expect(refusalError('NOT_LEADER', null, addresses).code).toBe('NO_LEADER')
  expect(refusalError('NOT_LEADER', asMemberId(3), addresses).leaderAddress).toBeUndefined()
  for (const code of ['OVERLOADED', 'TRANSFER_IN_PROGRESS', 'TRANSFER_FAILED', 'INVALID'] as const) {
    expect(refusalError(code, null, addresses).code).toBe(code)
  }
})
