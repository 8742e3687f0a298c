import { describe, expect, it } from 'vitest'
import type { CommandResult } from './result.js'
import { SessionTable } from './sessions.js'

const TTL = 10_000
const answer = (revision: number): CommandResult => ({ type: 'deleted', revision, previous: null })
const stamp = (session: number, sequence: number, firstUnanswered = 1) => ({ session, sequence, firstUnanswered })

function opened(limits?: ConstructorParameters<typeof SessionTable>[0]): SessionTable {
  const table = new SessionTable(limits)
  table.advance(1000)
  table.open(1, TTL, 'a')
  return table
}

describe('SessionTable', () => {
  it('answers a repeated request with the first answer, also out of order', () => {
    const table = opened()
    for (const sequence of [3, 1, 2]) {
      expect(table.check(stamp(1, sequence))).toBe('execute')
      table.record(stamp(1, sequence), answer(sequence))
    }
    for (const sequence of [1, 2, 3]) expect(table.check(stamp(1, sequence))).toEqual({ answer: answer(sequence) })
    expect(table.results).toBe(3)
  })

  it('forgets answers below firstUnanswered and refuses to execute them again', () => {
    const table = opened()
    for (let sequence = 1; sequence <= 5; sequence++) {
      table.check(stamp(1, sequence))
      table.record(stamp(1, sequence), answer(sequence))
    }
    expect(table.check(stamp(1, 6, 5))).toBe('execute')
    expect(table.results).toBe(1)
    expect(table.check(stamp(1, 4, 1))).toEqual({ refused: 'STALE_REQUEST' })
    expect(table.check(stamp(1, 5, 5))).toEqual({ answer: answer(5) })
    // A leap that no honest client makes must not take time in proportion to it.
    expect(table.check(stamp(1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))).toBe('execute')
    expect(table.results).toBe(0)
  })

  it('expires after the ttl of idle cluster time, not before, and never comes back', () => {
    const table = opened()
    table.advance(1000 + TTL)
    expect(table.keepAlive(1)).toEqual({ type: 'sessionAlive' })
    table.advance(1000 + 2 * TTL)
    expect(table.check(stamp(1, 1))).toBe('execute')
    table.advance(1000 + 3 * TTL + 1)
    expect(table.check(stamp(1, 1))).toEqual({ refused: 'SESSION_EXPIRED' })
    expect(table.keepAlive(1)).toEqual({ type: 'refused', code: 'SESSION_EXPIRED' })
    expect(table.close(1)).toEqual({ type: 'refused', code: 'SESSION_EXPIRED' })
    expect(table.size).toBe(0)
    expect(table.check(stamp(77, 1))).toEqual({ refused: 'SESSION_EXPIRED' })
    expect(table.size).toBe(0)
  })

  it('expires at its time, not when it is swept', () => {
    const table = new SessionTable()
    table.advance(1000)
    table.open(1, 1000, 'a')
    table.advance(1600)
    table.keepAlive(1)
    table.advance(2001)
    table.advance(2601)
    expect(table.size).toBe(1)
    expect(table.check(stamp(1, 1))).toEqual({ refused: 'SESSION_EXPIRED' })
  })

  it('does not let cluster time go back', () => {
    const table = opened()
    table.advance(1000 + TTL + 1)
    table.advance(1000)
    expect(table.keepAlive(1)).toEqual({ type: 'refused', code: 'SESSION_EXPIRED' })
  })

  it('answers the same session to the same nonce while it lives, a new one afterwards', () => {
    const table = opened()
    expect(table.open(9, TTL, 'a')).toEqual({ type: 'sessionOpened', session: 1, ttlMs: TTL })
    expect(table.open(10, TTL, 'b')).toEqual({ type: 'sessionOpened', session: 10, ttlMs: TTL })
    table.advance(1000 + TTL + 500)
    expect(table.open(11, TTL, 'a')).toEqual({ type: 'sessionOpened', session: 11, ttlMs: TTL })
    table.close(11)
    expect(table.open(12, TTL, 'a')).toEqual({ type: 'sessionOpened', session: 12, ttlMs: TTL })
  })

  it('grants a ttl within the limits', () => {
    const table = new SessionTable()
    expect(table.open(1, 0, 'a')).toMatchObject({ ttlMs: 1000 })
    expect(table.open(2, Number.MAX_SAFE_INTEGER, 'b')).toMatchObject({ ttlMs: 86_400_000 })
  })

  it('ends the longest idle session when there are too many', () => {
    const table = new SessionTable({ sessions: 2, sessionResults: 10, results: 10 })
    table.open(1, TTL, 'a')
    table.open(2, TTL, 'b')
    table.keepAlive(1)
    table.open(3, TTL, 'c')
    expect(table.keepAlive(2)).toEqual({ type: 'refused', code: 'SESSION_EXPIRED' })
    expect(table.keepAlive(1)).toEqual({ type: 'sessionAlive' })
    expect(table.keepAlive(3)).toEqual({ type: 'sessionAlive' })
  })

  it('bounds the answers of one session and of all', () => {
    const table = opened({ sessions: 10, sessionResults: 2, results: 3 })
    const write = (session: number, sequence: number, firstUnanswered = 1) => {
      const check = table.check(stamp(session, sequence, firstUnanswered))
      if (check === 'execute') table.record(stamp(session, sequence), answer(sequence))
      return check
    }
    table.open(2, TTL, 'b')
    expect([write(1, 1), write(1, 2), write(1, 3)]).toEqual(['execute', 'execute', { refused: 'SESSION_LIMIT' }])
    expect([write(2, 1), write(2, 2)]).toEqual(['execute', { refused: 'SESSION_LIMIT' }])
    expect(write(1, 1)).toEqual({ answer: answer(1) })
    expect(write(1, 3, 3)).toBe('execute')
    expect(write(2, 2)).toBe('execute')
    table.close(1)
    table.close(2)
    expect(table.results).toBe(0)
  })

  it('frees expired sessions without being asked for them', () => {
    const table = new SessionTable()
    for (let id = 1; id <= 100; id++) table.open(id, 1000 + id, `${id}`)
    table.advance(1050)
    expect(table.size).toBe(51)
    table.advance(5000)
    expect(table.size).toBe(0)
  })

  it('leaves a cut as it was', () => {
    const table = opened()
    table.check(stamp(1, 1))
    table.record(stamp(1, 1), answer(1))
    const cut = table.cut()
    const before = structuredClone(cut.sessions.map((session) => ({ ...session, owner: null })))
    table.advance(2000)
    table.check(stamp(1, 2, 2))
    table.record(stamp(1, 2), answer(2))
    table.open(5, TTL, 'z')
    table.close(1)
    expect(cut.sessions.map((session) => ({ ...session, owner: null }))).toEqual(before)
    expect(cut.timeMs).toBe(1000)
  })
})
