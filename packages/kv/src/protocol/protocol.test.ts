import { BalsaError, ByteWriter, ERROR_FAMILIES, type ErrorCode, FrameDecoder } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyToString } from '../backend/byte-string.js'
import { encodeCommand } from '../command.js'
import { type RangeRequest, SORT_TARGETS } from '../mvcc/range.js'
import type { StoreEvent } from '../watch/types.js'
import { REFUSAL_CODES } from '../result.js'
import { adminAnswer, adminRequest, membershipRole } from './admin.test-support.js'
import type { ClientQuery, ClientQueryAnswer } from './queries.js'
import type { ReadMode } from './read-mode.js'
import { type ClientRequest, decodeRequest, MAX_CLIENT_FRAME_BYTES, requestIdOf, writeRequest } from './requests.js'
import { decodeResponse, errorFromWire, type ServerResponse, wireError, writeResponse } from './responses.js'

/** Any function of the bytes does here; the real one is the host's. */
const crc32 = (data: Uint8Array, previous = 0): number => data.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, previous)

function bodyOf(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  write(writer)
  const decoder = new FrameDecoder({ crc32, maxBodyBytes: MAX_CLIENT_FRAME_BYTES })
  decoder.push(writer.take())
  const body = decoder.next()
  if (body === null) throw new Error('no whole frame')
  expect(decoder.bufferedBytes).toBe(0)
  return body
}

const requestBody = (request: ClientRequest): Uint8Array => bodyOf((writer) => writeRequest(writer, request, crc32))
const responseBody = (response: ServerResponse): Uint8Array => bodyOf((writer) => writeResponse(writer, response, crc32))

const id = fc.integer({ min: 1, max: 0xffff_ffff })
const bytes = fc.uint8Array({ maxLength: 40 })
const readMode: fc.Arbitrary<ReadMode> = fc.oneof(
  fc.constantFrom<ReadMode>({ consistency: 'linearizable' }, { consistency: 'lease' }, { consistency: 'stale' }),
  fc.record({ consistency: fc.constant('stale' as const), maxStaleMs: fc.nat() }),
)
const bound = fc.nat()
const rangeRequest: fc.Arbitrary<RangeRequest> = fc.record({
  key: bytes,
  rangeEnd: bytes,
  limit: bound,
  revision: bound,
  sortTarget: fc.constantFrom(...SORT_TARGETS),
  descending: fc.boolean(),
  keysOnly: fc.boolean(),
  countOnly: fc.boolean(),
  counted: fc.boolean(),
  minModRevision: bound,
  maxModRevision: bound,
  minCreateRevision: bound,
  maxCreateRevision: bound,
})
const query: fc.Arbitrary<ClientQuery> = fc.oneof(
  fc.record({ type: fc.constant('range' as const), request: rangeRequest, maxBytes: bound }),
  fc.record({
    type: fc.constant('lease' as const),
    lease: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    withKeys: fc.boolean(),
    keysFrom: fc.constantFrom('', 'key\0'),
  }),
  fc.record({ type: fc.constant('leases' as const), from: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  fc
    .array(rangeRequest, { maxLength: 3 })
    .map((requests) => requests.map((asked) => ({ type: 'range' as const, request: asked })))
    .map((success) => ({
      type: 'txn' as const,
      txn: { compares: [], success, failure: [{ type: 'txn' as const, txn: { compares: [], success, failure: [] } }] },
    })),
)
const watchRequest = fc.record({
  key: bytes,
  rangeEnd: bytes,
  startRevision: fc.nat(),
  previous: fc.boolean(),
  noPut: fc.boolean(),
  noDelete: fc.boolean(),
})
const request: fc.Arbitrary<ClientRequest> = fc.oneof(
  fc
    .tuple(fc.nat(3), fc.nat(3))
    .map(([a, b]) => ({ type: 'hello' as const, protocol: { min: Math.min(a, b, 1), max: Math.min(1, Math.max(a, b)) } })),
  fc.tuple(fc.record({ type: fc.constant('get' as const), id, key: bytes }), readMode).map(([get, mode]) => ({ ...get, ...mode })),
  fc.record({ type: fc.constant('status' as const), id }),
  fc.record({ type: fc.constant('watch' as const), id, credit: fc.nat(), watch: watchRequest }),
  fc.record({ type: fc.constant('credit' as const), id, bytes: fc.nat() }),
  fc.record({ type: fc.constant('cancel' as const), id }),
  fc.tuple(fc.record({ type: fc.constant('query' as const), id, query }), readMode).map(([asked, mode]) => ({ ...asked, ...mode })),
  fc.record({ type: fc.constant('admin' as const), id, admin: adminRequest }),
  fc.record({
    type: fc.constant('write' as const),
    id,
    command: bytes.map((key) => encodeCommand({ type: 'put', stamp: null, key, value: key })),
  }),
)

const natural = fc.oneof(fc.nat(200), fc.maxSafeNat())
const metadata = fc
  .tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(1000), fc.integer({ min: 1, max: 1000 }))
  .map(([createRevision, more, version]) => ({ createRevision, modRevision: createRevision + more, version }))
const lease = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const record = fc.tuple(metadata, bytes, lease).map(([m, value, attached]) => ({ ...m, lease: attached, value }))
const entry = fc.tuple(record, bytes).map(([found, key]) => ({ key: keyToString(key), ...found }))
const rangeOutcome = fc
  .record({ entries: fc.array(entry, { maxLength: 3 }), more: fc.boolean(), count: fc.option(natural) })
  .map((read) => ({ type: 'range' as const, ...read }))
const queryAnswer: fc.Arbitrary<ClientQueryAnswer> = fc.oneof(
  fc.record({
    type: fc.constant('range' as const),
    revision: natural,
    refusal: fc.constant(null),
    result: fc.record({ entries: fc.array(entry, { maxLength: 5 }), more: fc.boolean(), count: fc.option(natural) }),
  }),
  fc.record({
    type: fc.constant('range' as const),
    revision: natural,
    refusal: fc.constantFrom(...REFUSAL_CODES),
    result: fc.constant(null),
  }),
  fc.record({
    type: fc.constant('lease' as const),
    revision: natural,
    lease: fc.option(
      fc.record({ ttlMs: natural, remainingMs: natural, keys: fc.array(bytes.map(keyToString), { maxLength: 4 }), more: fc.boolean() }),
    ),
  }),
  fc.record({ type: fc.constant('leases' as const), revision: natural, leases: fc.array(lease, { maxLength: 4 }), more: fc.boolean() }),
  fc.record({
    type: fc.constant('txn' as const),
    revision: natural,
    refusal: fc.constant(null),
    outcome: fc.record({ succeeded: fc.boolean(), responses: fc.array(rangeOutcome, { maxLength: 3 }) }),
  }),
  fc.record({
    type: fc.constant('txn' as const),
    revision: natural,
    refusal: fc.constantFrom(...REFUSAL_CODES),
    outcome: fc.constant(null),
  }),
)
const event: fc.Arbitrary<StoreEvent> = fc
  .record({ key: bytes, record: fc.option(record), previous: fc.option(record), revision: natural })
  .map((parts) => ({ type: parts.record === null ? 'delete' : 'put', ...parts }))
const watched = fc.record({ revision: natural, position: natural, more: fc.boolean(), events: fc.array(event, { maxLength: 4 }) })
const result = fc.oneof(
  fc.record({ type: fc.constant('sessionOpened' as const), session: natural, ttlMs: natural }),
  fc.constantFrom({ type: 'sessionAlive' as const }, { type: 'sessionClosed' as const }),
  fc.record({ type: fc.constant('written' as const), metadata, previous: fc.option(metadata), valueBytes: natural }),
  fc.record({ type: fc.constant('deleted' as const), revision: natural, previous: fc.option(metadata) }),
  fc.record({ type: fc.constant('compareFailed' as const), revision: natural, actual: fc.option(metadata) }),
  fc.record({ type: fc.constant('refused' as const), code: fc.constantFrom(...REFUSAL_CODES) }),
)
const codes = Object.keys(ERROR_FAMILIES) as ErrorCode[]
const error = fc.record({
  family: fc.constantFrom('refused' as const, 'unknown' as const, 'fatal' as const),
  code: fc.constantFrom(...codes),
  message: fc.string({ unit: 'grapheme' }),
  hint: fc.string(),
  leaderAddress: fc.string(),
  leaderId: natural,
})
const member = fc.record({ id: natural, name: fc.string(), address: fc.string(), clientAddress: fc.string(), role: membershipRole })
const status = fc.record({
  clusterId: natural,
  memberId: natural,
  name: fc.string({ unit: 'grapheme' }),
  version: fc.string(),
  role: fc.constantFrom('follower' as const, 'preCandidate' as const, 'candidate' as const, 'leader' as const),
  term: natural,
  leaderId: fc.option(fc.integer({ min: 1, max: 9 })),
  leaderAddress: fc.string(),
  commitIndex: natural,
  appliedIndex: natural,
  firstIndex: natural,
  lastIndex: natural,
  snapshotIndex: natural,
  logBytes: natural,
  revision: natural,
  keys: natural,
  dataBytes: natural,
  sessions: natural,
  stateHash: fc.string(),
  stateHashIndex: natural,
  members: fc.array(member, { maxLength: 4 }),
})
const response: fc.Arbitrary<ServerResponse> = fc.oneof(
  fc.record({
    type: fc.constant('welcome' as const),
    welcome: fc.record({
      protocol: fc.nat(9),
      clusterId: natural,
      memberId: natural,
      leaderAddress: fc.string(),
      maxFrameBytes: fc.integer({ min: 1, max: 1_000_000 }),
      maxInFlight: fc.integer({ min: 1, max: 1_000_000 }),
    }),
  }),
  fc.record({ type: fc.constant('error' as const), id: fc.nat(100), error }),
  fc.record({ type: fc.constant('result' as const), id, result }),
  fc.record({
    type: fc.constant('value' as const),
    id,
    revision: natural,
    ageMs: fc.option(fc.nat()),
    record: fc.option(record),
  }),
  fc.record({ type: fc.constant('status' as const), id, status }),
  fc.record({ type: fc.constant('admin' as const), id, admin: adminAnswer }),
  fc.record({ type: fc.constant('events' as const), id, watched }),
  fc.record({ type: fc.constant('answer' as const), id, ageMs: fc.option(fc.nat()), answer: queryAnswer }),
)

/** Decodes damaged bytes: either MALFORMED (or VERSION_MISMATCH, from a command), or something that decodes. Nothing else is ever thrown. */
function survives(body: Uint8Array, position: number, flip: number, cut: boolean, decode: (bytes: Uint8Array) => unknown): void {
  const at = position % body.length
  const damaged = cut ? body.slice(0, at) : body.map((byte, index) => (index === at ? byte ^ flip : byte))
  try {
    decode(damaged)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(BalsaError)
    expect(['MALFORMED', 'VERSION_MISMATCH']).toContain((thrown as BalsaError).code)
    return
  }
  if (cut) throw new Error(`${at} of ${body.length} bytes decoded as if they were whole`)
}

describe('client protocol', () => {
  it('carries every request', () => {
    fc.assert(
      fc.property(request, (given) => {
        const decoded = decodeRequest(requestBody(given))
        if (decoded.type === 'write') expect({ type: decoded.type, id: decoded.id, command: decoded.command }).toEqual(given)
        else expect(decoded).toEqual(given)
        expect(requestIdOf(requestBody(given))).toBe(given.type === 'hello' ? 0 : given.id)
      }),
      { numRuns: 1000 },
    )
  })

  it('has no query that writes', () => {
    const key = new Uint8Array(1)
    const writing: ClientQuery = { type: 'txn', txn: { compares: [], success: [], failure: [{ type: 'append', key, value: key }] } }
    const body = requestBody({ type: 'query', id: 1, query: writing, consistency: 'linearizable' })
    expect(() => decodeRequest(body)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  it('carries every response', () => {
    const event = { type: 'delete', key: new Uint8Array(0), record: null, previous: null, revision: 0 } as const
    const smallestEvents: ServerResponse = { type: 'events', id: 1, watched: { revision: 0, position: 0, more: false, events: [event] } }
    fc.assert(
      fc.property(response, (given) => {
        expect(decodeResponse(responseBody(given))).toEqual(given)
      }),
      { numRuns: 2000, examples: [[smallestEvents]] },
    )
  })

  it('detects every cut, and survives every flipped byte', () => {
    fc.assert(
      fc.property(request, response, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (asked, answered, position, flip, cut) => {
        survives(requestBody(asked), position, flip, cut, decodeRequest)
        survives(responseBody(answered), position, flip, cut, decodeResponse)
      }),
      { numRuns: 3000 },
    )
  })

  it('survives garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (garbage) => {
        survives(garbage, 0, 0, false, decodeRequest)
        survives(garbage, 0, 0, false, decodeResponse)
      }),
      { numRuns: 5000 },
    )
  })

  it('keeps the family of a code that it does not know', () => {
    const unknown = { message: 'm', hint: '', leaderAddress: '', leaderId: 0, code: 'BRAND_NEW' }
    expect(errorFromWire({ ...unknown, family: 'refused' }).family).toBe('refused')
    expect(errorFromWire({ ...unknown, family: 'unknown' }).family).toBe('unknown')
    expect(errorFromWire({ ...unknown, family: 'fatal' }).family).toBe('unknown')
    expect(errorFromWire({ ...unknown, code: '__proto__', family: 'refused' }).code).toBe('UNAVAILABLE')
  })

  it('gives an error back as it was, and hides the text of foreign ones', () => {
    const given = new BalsaError('NOT_LEADER', 'not here', { hint: 'there', leaderAddress: 'host:1', leaderId: 3 })
    expect(errorFromWire(wireError(given))).toMatchObject({
      code: 'NOT_LEADER',
      message: 'not here',
      hint: 'there',
      leaderAddress: 'host:1',
      leaderId: 3,
    })
    expect(JSON.stringify(wireError(new Error('password 123')))).not.toContain('123')
  })

  it('sends an error text with half a surrogate pair, cut to a bearable length', () => {
    const given = wireError(new BalsaError('INVALID', `${'x'.repeat(999)}😀 and \ud800`))
    const decoded = decodeResponse(responseBody({ type: 'error', id: 1, error: given }))
    expect(decoded.type === 'error' && decoded.error.message).toBe(`${'x'.repeat(999)}\ufffd`)
  })
})
