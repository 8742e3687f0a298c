import { BalsaError } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Command, decodeCommand, encodeCommand, refusalOf } from './command.js'
import { MAX_CLIENT_FRAME_BYTES } from './protocol/requests.js'
import { MAX_COMMAND_BYTES, MAX_KEY_BYTES, MAX_REQUEST_BYTES } from './limits.js'

const natural = fc.oneof(fc.nat(200), fc.maxSafeNat())
const positive = natural.map((n) => Math.max(1, n))
const bytes = fc.uint8Array({ maxLength: 60 })
const stamp = fc.option(
  fc.tuple(positive, positive, positive).map(([session, a, b]) => ({ session, sequence: Math.max(a, b), firstUnanswered: Math.min(a, b) })),
)
const expected = fc.oneof(
  fc.record({ modRevision: natural, value: fc.option(bytes) }),
  fc.record({ modRevision: fc.constant(null), value: bytes }),
)
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant('openSession' as const), ttlMs: natural, clientNonce: fc.uint8Array({ minLength: 16, maxLength: 16 }) }),
  fc.record({ type: fc.constantFrom('closeSession' as const, 'keepAlive' as const), session: positive }),
  fc.record({ type: fc.constantFrom('put' as const, 'append' as const), stamp, key: bytes, value: bytes }),
  fc.record({ type: fc.constant('delete' as const), stamp, key: bytes }),
  fc.record({ type: fc.constant('compareAndPut' as const), stamp, key: bytes, expected, value: bytes }),
  fc.record({ type: fc.constant('compact' as const), stamp, revision: natural }),
  fc.record({ type: fc.constant('leaseGrant' as const), stamp, lease: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), ttlMs: natural }),
  fc.record({
    type: fc.constantFrom('leaseRevoke' as const, 'leaseKeepAlive' as const),
    stamp,
    lease: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  }),
  fc.constant({ type: 'advance' as const }),
  fc.record({
    type: fc.constant('alarm' as const),
    raise: fc.boolean(),
    alarm: fc.record({ kind: fc.constantFrom('noSpace' as const, 'corrupt' as const), member: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
  }),
)

describe('command codec', () => {
  it('gives every command bytes that no later one changes, small or large', () => {
    const values = Array.from({ length: 300 }, (_, at) => new Uint8Array(at % 50 === 49 ? 100_000 : (at * 37) % 3000).fill(at))
    const key = new Uint8Array([1])
    const all = values.map((value) => encodeCommand({ type: 'put', stamp: null, key, value }))
    all.forEach((encoded, at) => expect(decodeCommand(encoded)).toEqual({ type: 'put', stamp: null, key, value: values[at] }))
  })

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(command, (given) => {
        expect(decodeCommand(encodeCommand(given))).toEqual(given)
      }),
      { numRuns: 2000 },
    )
  })

  it('answers mutated and cut bytes with an error of its own, or with a command that encodes to exactly these bytes', () => {
    fc.assert(
      fc.property(command, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (given, position, flip, cut) => {
        const whole = encodeCommand(given)
        const at = position % whole.length
        const mutated = cut ? whole.slice(0, at) : whole.map((byte, index) => (index === at ? byte ^ flip : byte))
        try {
          expect(encodeCommand(decodeCommand(mutated))).toEqual(mutated)
        } catch (error) {
          expect(error).toBeInstanceOf(BalsaError)
          expect(['MALFORMED', 'VERSION_MISMATCH']).toContain((error as BalsaError).code)
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('tells an unknown format and an unknown kind from damage', () => {
    const code = (bytes: number[]): string => {
      try {
        decodeCommand(Uint8Array.from(bytes))
        return 'decoded'
      } catch (error) {
        return (error as BalsaError).code
      }
    }
    expect(code([3, 4])).toBe('VERSION_MISMATCH')
    expect(code([2, 99])).toBe('VERSION_MISMATCH')
    expect(code([])).toBe('MALFORMED')
    expect(code([2, 2, 0])).toBe('MALFORMED')
  })

  it('keeps keys that are no UTF-8, and names of Object.prototype, as they are', () => {
    for (const key of [
      Uint8Array.of(0),
      Uint8Array.of(0xff, 0xfe),
      Uint8Array.of(0xed, 0xa0, 0x80),
      new TextEncoder().encode('__proto__'),
    ]) {
      const given: Command = { type: 'put', stamp: null, key, value: key }
      expect(decodeCommand(encodeCommand(given))).toEqual(given)
    }
  })
})

describe('refusalOf', () => {
  const put = (keyBytes: number, valueBytes: number): Command => ({
    type: 'put',
    stamp: null,
    key: new Uint8Array(keyBytes),
    value: new Uint8Array(valueBytes),
  })

  it('lets the exact limits pass and refuses one byte more', () => {
    expect(refusalOf(put(1, 0))).toBeNull()
    expect(refusalOf(put(0, 1))?.code).toBe('INVALID')
    expect(refusalOf(put(MAX_KEY_BYTES, 1))).toBeNull()
    expect(refusalOf(put(MAX_KEY_BYTES + 1, 1))?.code).toBe('TOO_LARGE')
    expect(refusalOf(put(10, MAX_REQUEST_BYTES - 10))).toBeNull()
    expect(refusalOf(put(10, MAX_REQUEST_BYTES - 9))?.code).toBe('TOO_LARGE')
  })

  it('lets no command pass that is longer than a replica must accept', () => {
    const largest = Number.MAX_SAFE_INTEGER
    const given: Command = {
      type: 'compareAndPut',
      stamp: { session: largest, sequence: largest, firstUnanswered: largest },
      key: new Uint8Array(MAX_KEY_BYTES),
      expected: { modRevision: largest, value: new Uint8Array(300) },
      value: new Uint8Array(MAX_REQUEST_BYTES - MAX_KEY_BYTES - 300),
    }
    expect(refusalOf(given)).toBeNull()
    expect(encodeCommand(given).length).toBeLessThanOrEqual(MAX_COMMAND_BYTES)
    expect(MAX_COMMAND_BYTES + 64).toBeLessThan(MAX_CLIENT_FRAME_BYTES)
  })

  it('counts the expected value of a compareAndPut', () => {
    const half = new Uint8Array(MAX_REQUEST_BYTES / 2)
    const given: Command = {
      type: 'compareAndPut',
      stamp: null,
      key: new Uint8Array(1),
      expected: { modRevision: null, value: half },
      value: half,
    }
    expect(refusalOf(given)?.code).toBe('TOO_LARGE')
  })
})
