import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AppendEntries, Message, MessageType } from '../core/messages.js'
import { BalsaError } from '../errors.js'
import { encodeConfiguration } from '../log/configuration-codec.js'
import { asIndex, asMemberId, asTerm, type Configuration, type Entry, EntryType, foundingConfiguration } from '../types.js'
import { ByteWriter } from './bytes.js'
import { decodeMessage, encodeMessage, laneOf } from './message-codec.js'

const configuration: Configuration = {
  ...foundingConfiguration([]),
  members: [1, 2, 3].map((id) => ({ id: asMemberId(id), address: `127.0.0.1:${2380 + id}`, clientAddress: '', name: `m${id}` })),
  voters: [asMemberId(1), asMemberId(2)],
  votersOutgoing: [asMemberId(1)],
  learners: [asMemberId(3)],
}

const number = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat())
const index = number.map(asIndex)
const memberId = number.map((value) => asMemberId(Math.max(1, value)))
const leaderTerm = number.map((value) => asTerm(Math.max(1, value)))
const envelope = { from: memberId, to: memberId, term: number.map(asTerm) }

/** A term of the log that may stand beside `term`, and an index that fits it. */
const position = (term: number) =>
  fc.oneof(
    fc.constant({ index: asIndex(0), term: asTerm(0) }),
    fc.record({
      index: number.map((value) => asIndex(Math.max(1, Math.floor(value / 2)))),
      term: fc.integer({ min: 1, max: Math.max(1, term) }).map(asTerm),
    }),
  )

const entrySeeds = fc.array(
  fc.record({
    termStep: fc.nat({ max: 2 }),
    timeStep: fc.nat({ max: 5000 }),
    kind: fc.nat({ max: 3 }),
    payload: fc.uint8Array({ maxLength: 64 }),
  }),
  { maxLength: 20 },
)
type EntrySeed = { termStep: number; timeStep: number; kind: number; payload: Uint8Array }

function buildEntries(seeds: readonly EntrySeed[], previousIndex: number, previousTerm: number, messageTerm: number): Entry[] {
  let term = Math.max(1, previousTerm)
  let timeMs = 0
  return seeds.map((seed, at) => {
    term = Math.min(messageTerm, term + seed.termStep)
    timeMs += seed.timeStep
    const type = seed.kind as Entry['type']
    const payloads = { [EntryType.configuration]: encodeConfiguration(configuration), [EntryType.stripped]: new Uint8Array(0) }
    const payload = type === EntryType.configuration || type === EntryType.stripped ? payloads[type] : seed.payload
    return { term: asTerm(term), index: asIndex(previousIndex + at + 1), type, timeMs, payload }
  })
}

const fresh = fc.option(fc.record({ stamp: number.map((value) => Math.max(1, value)), index }))

const appendEntries: fc.Arbitrary<Message> = leaderTerm.chain((term) =>
  fc
    .record({ from: memberId, to: memberId, previous: position(term), leaderCommit: index, round: number, fresh, seeds: entrySeeds })
    .map(({ from, to, previous, leaderCommit, round, fresh, seeds }) => ({
      type: 'appendEntries',
      from,
      to,
      term,
      prevLogIndex: previous.index,
      prevLogTerm: previous.term,
      leaderCommit,
      round,
      fresh,
      entries: buildEntries(seeds, previous.index, previous.term, term),
    })),
)

const requestVote: fc.Arbitrary<Message> = leaderTerm.chain((term) =>
  fc
    .record({ from: memberId, to: memberId, last: position(term), preVote: fc.boolean(), transfer: fc.option(number) })
    .map(({ last, ...rest }) => ({ type: 'requestVote', term, lastLogIndex: last.index, lastLogTerm: last.term, ...rest })),
)

const installSnapshot: fc.Arbitrary<Message> = leaderTerm.chain((term) =>
  fc
    .record({
      from: memberId,
      to: memberId,
      index: number.map((value) => asIndex(Math.max(1, value))),
      timeMs: number,
      snapshotTerm: fc.integer({ min: 1, max: term }).map(asTerm),
      checksum: fc.nat({ max: 0xffff_ffff }),
      offset: fc.nat({ max: 2 ** 50 }),
      data: fc.uint8Array({ maxLength: 200 }),
      rest: fc.nat({ max: 100 }),
      done: fc.boolean(),
      isState: fc.boolean(),
    })
    .map((it) => ({
      type: 'installSnapshot',
      from: it.from,
      to: it.to,
      term,
      snapshot: {
        index: it.index,
        term: it.snapshotTerm,
        timeMs: it.timeMs,
        configuration,
        sizeBytes: it.offset + it.data.length + (it.done ? 0 : it.rest),
        checksum: it.checksum,
        ...(it.isState ? { form: 'state' as const } : {}),
      },
      offset: it.offset,
      data: it.data,
      done: it.done,
    })),
)

const appendResponse: fc.Arbitrary<Message> = fc
  .record({
    ...envelope,
    round: number,
    stamp: number,
    matchIndex: index,
    rejected: fc.option(fc.record({ prevLogIndex: index, conflictTerm: number, conflictIndex: index, lastIndex: index })),
  })
  .map((it) => ({
    ...it,
    type: 'appendEntriesResponse',
    rejected: it.rejected === null ? null : { ...it.rejected, conflictTerm: asTerm(Math.min(it.term, it.rejected.conflictTerm)) },
  }))

const ARBITRARIES: Record<MessageType, fc.Arbitrary<Message>> = {
  appendEntries,
  appendEntriesResponse: appendResponse,
  requestVote,
  installSnapshot,
  requestVoteResponse: fc.record({ type: fc.constant('requestVoteResponse'), ...envelope, preVote: fc.boolean(), granted: fc.boolean() }),
  heartbeat: fc.record({ type: fc.constant('heartbeat'), ...envelope, term: leaderTerm, commit: index, round: number, fresh }),
  heartbeatResponse: fc.record({
    type: fc.constant('heartbeatResponse'),
    ...envelope,
    round: number,
    stamp: number,
    health: fc.constantFrom('unknown', 'healthy', 'slow'),
  }),
  installSnapshotResponse: fc.record({
    type: fc.constant('installSnapshotResponse'),
    ...envelope,
    snapshotIndex: index,
    nextOffset: number,
    installed: fc.boolean(),
  }),
  timeoutNow: fc.record({ type: fc.constant('timeoutNow'), ...envelope, term: leaderTerm, untilRound: number }),
  readIndexRequest: fc.record({ type: fc.constant('readIndexRequest'), ...envelope, request: number }),
  readIndexResponse: fc.record({
    type: fc.constant('readIndexResponse'),
    ...envelope,
    request: number,
    index: fc.oneof(index, fc.constantFrom('NOT_LEADER' as const, 'OVERLOADED' as const)),
  }),
}
const anyMessage = fc.oneof(...Object.values(ARBITRARIES))

const refuses = (bytes: Uint8Array, field: string) => {
  expect(() => decodeMessage(bytes)).toThrowError(
    expect.objectContaining({ code: 'MALFORMED', message: expect.stringContaining(`: ${field} at byte`) }),
  )
}

describe('message codec', () => {
  it.each(Object.entries(ARBITRARIES))('gives back every %s', (_type, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message)
      }),
    )
  })

  it('either refuses mutated bytes or decodes them to what encodes to exactly them', () => {
    fc.assert(
      fc.property(
        anyMessage,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (message, edits, cut) => {
          const bytes = encodeMessage(message).slice()
          for (const [at, value] of edits) bytes[at % bytes.length] = value
          const mutated = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes
          let decoded: Message
          try {
            decoded = decodeMessage(mutated)
          } catch (error) {
            expect(error).toBeInstanceOf(BalsaError)
            expect(error).toMatchObject({ code: 'MALFORMED' })
            return
          }
          expect(encodeMessage(decoded)).toEqual(mutated)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('never crashes on garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeMessage(bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED' })
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('does not copy payloads when decoding', () => {
    const bytes = encodeMessage(append({ entries: [entry(1, 1, 0, Uint8Array.of(1, 2, 3))] }))
    const decoded = decodeMessage(bytes)
    expect(decoded.type === 'appendEntries' && decoded.entries[0]?.payload.buffer).toBe(bytes.buffer)
  })

  it('hands on a configuration that it cannot read: whether to go on without is for consensus to say', () => {
    const unreadable = { ...entry(1, 1, 0, Uint8Array.of(9)), type: EntryType.configuration }
    expect(decodeMessage(encodeMessage(append({ entries: [unreadable] })))).toMatchObject({ entries: [unreadable] })
  })

  it('gives every message bytes of its own', () => {
    const first = encodeMessage(append({ round: 1 }))
    const copy = first.slice()
    encodeMessage(append({ round: 2, entries: [entry(1, 1, 0, new Uint8Array(100_000))] }))
    expect(first).toEqual(copy)
  })

  it('puts votes and heart-beats before bulk', () => {
    const lanes = Object.values(ARBITRARIES)
      .map((arbitrary) => fc.sample(arbitrary, 1)[0])
      .map((m) => (m === undefined ? [] : [m.type, laneOf(m)]))
    expect(Object.fromEntries(lanes)).toEqual({
      appendEntries: 'append',
      appendEntriesResponse: 'append',
      installSnapshot: 'snapshot',
      requestVote: 'control',
      requestVoteResponse: 'control',
      heartbeat: 'control',
      heartbeatResponse: 'control',
      installSnapshotResponse: 'control',
      timeoutNow: 'control',
      readIndexRequest: 'control',
      readIndexResponse: 'control',
    })
  })
})

const entry = (indexValue: number, term: number, timeMs: number, payload = new Uint8Array(0)): Entry => ({
  index: asIndex(indexValue),
  term: asTerm(term),
  timeMs,
  type: EntryType.command,
  payload,
})

function append(fields: Partial<AppendEntries>): AppendEntries {
  return {
    type: 'appendEntries',
    from: asMemberId(1),
    to: asMemberId(2),
    term: asTerm(3),
    prevLogIndex: asIndex(0),
    prevLogTerm: asTerm(0),
    leaderCommit: asIndex(0),
    round: 0,
    fresh: null,
    entries: [],
    ...fields,
  }
}

describe('the same entries for several peers', () => {
  const letters = Array.from('abcdefgh', (letter, at) => entry(at + 1, 1, at, Uint8Array.of(letter.charCodeAt(0))))
  const sent = (fields: Partial<AppendEntries>) => decodeMessage(encodeMessage(append(fields)))

  it('arrive at each, whatever else differs', () => {
    const first = sent({ entries: letters })
    expect(sent({ entries: [...letters], to: asMemberId(7), round: 99, leaderCommit: asIndex(8) })).toMatchObject({ entries: letters })
    expect(first).toMatchObject({ entries: letters })
  })

  it('are others when one of them is another, as for a witness', () => {
    const stripped = letters.map((from, at) => (at === 3 ? { ...from, type: EntryType.stripped, payload: new Uint8Array(0) } : from))
    for (const entries of [letters, stripped, letters, letters.slice(0, 5), letters.slice(0, 4), letters])
      expect(sent({ entries })).toMatchObject({ entries })
  })

  it('count from the entry before them, and never stand above the term of the message', () => {
    const later = letters.map((from) => ({ ...from, term: asTerm(2), index: asIndex(from.index + 10) }))
    for (const prevLogTerm of [1, 2, 1].map(asTerm))
      expect(sent({ entries: later, prevLogIndex: asIndex(10), prevLogTerm })).toMatchObject({ prevLogTerm, entries: later })
    expect(() => encodeMessage(append({ entries: later, prevLogIndex: asIndex(9), prevLogTerm: asTerm(1) }))).toThrow(/INVARIANT|invariant/)
    expect(() => encodeMessage(append({ entries: later, prevLogIndex: asIndex(10), prevLogTerm: asTerm(1), term: asTerm(1) }))).toThrow(
      /INVARIANT|invariant/,
    )
  })
})

describe('what a member must never send', () => {
  it.each<[string, Entry[]]>([
    ['a gap before the first', [entry(2, 1, 0)]],
    ['a gap', [entry(1, 1, 0), entry(3, 1, 0)]],
    ['a falling term', [entry(1, 2, 0), entry(2, 1, 0)]],
    ['a term above the message', [entry(1, 4, 0)]],
    ['falling time', [entry(1, 1, 5), entry(2, 1, 4)]],
  ])('entries with %s are not encoded', (_name, entries) => {
    expect(() => encodeMessage(append({ entries }))).toThrowError(expect.objectContaining({ code: 'INVARIANT' }))
  })
})

describe('what a peer may try', () => {
  const MAX = Number.MAX_SAFE_INTEGER
  /** from 1, to 2, then the given varints behind the type. */
  const message = (type: number, ...fields: number[]): Uint8Array => {
    const writer = new ByteWriter()
    writer.u8(type)
    for (const field of [1, 2, ...fields]) writer.varint(field)
    return writer.take()
  }

  it.each<[string, Uint8Array, string]>([
    ['an unknown type', message(0, 1), 'type'],
    ['an unknown type above', message(12, 1), 'type'],
    ['an empty message', new Uint8Array(0), 'type'],
    ['no sender', Uint8Array.of(9, 0, 2, 1), 'from'],
    ['no receiver', Uint8Array.of(9, 1, 0, 1), 'to'],
    ['a term of 2^63', Uint8Array.of(9, 1, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01), 'term'],
    ['a leader of term 0', message(5, 0, 0, 0), 'term'],
    ['an unknown vote flag', message(1, 2, 4, 0, 0), 'flags'],
    ['a log term above its own', message(1, 2, 0, 1, 3), 'lastLogTerm'],
    ['an index without a term', message(1, 2, 0, 1, 0), 'lastLogTerm'],
    ['a term without an index', message(3, 2, 0, 1, 0, 0, 0), 'prevLogTerm'],
    ['an entry term above its own', message(3, 2, 0, 0, 0, 0, 0, 1, 1, 3, 0, 0), 'entries.term'],
    ['an entry of term 0', message(3, 2, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0), 'entries.term'],
    ['an unknown entry type', message(3, 2, 0, 0, 0, 0, 0, 1, 4, 1, 0, 0), 'entries.type'],
    ['a stripped entry that is none', message(3, 2, 0, 0, 0, 0, 0, 1, 3, 1, 0, 1, 9), 'entries.payload'],
    ['an entry time beyond 2^53', message(3, 2, 0, 0, 0, 0, 0, 2, 1, 1, MAX, 0, 1, 0, 1, 0), 'entries.timeMs'],
    ['indexes beyond 2^53', message(3, 2, MAX, 1, 0, 0, 0, 1, 1, 0, 0, 0), 'entries'],
    ['more entries than bytes', message(3, 2, 0, 0, 0, 0, 0, 1_000_000), 'entries'],
    ['a payload longer than the message', message(3, 2, 0, 0, 0, 0, 0, 1, 1, 1, 0, 9), 'entries.payload'],
    ['a mark of time that is none', message(5, 2, 0, 0, 1, 0, 0), 'fresh.stamp'],
    ['an unknown refusal of a read', message(11, 2, 1, 3), 'result'],
    ['trailing bytes', message(9, 1, 0, 0), 'end'],
    ['a half boolean', message(2, 1, 2, 0), 'preVote'],
    ['a conflict term above its own', message(4, 2, 0, 0, 0, 1, 5, 3, 1, 1), 'rejected.conflictTerm'],
    ['a snapshot of nothing', message(7, 2, 0, 0), 'snapshot.index'],
  ])('%s is malformed', (_name, bytes, field) => {
    refuses(bytes, field)
  })

  it('snapshot chunks beyond the end, and an end too early, are malformed', () => {
    const snapshot = { index: asIndex(5), term: asTerm(1), timeMs: 0, configuration, sizeBytes: 10, checksum: 1 }
    const base = { type: 'installSnapshot', from: asMemberId(1), to: asMemberId(2), term: asTerm(1), snapshot } as const
    refuses(encodeMessage({ ...base, offset: 8, data: new Uint8Array(3), done: false }), 'data')
    refuses(encodeMessage({ ...base, offset: 8, data: new Uint8Array(1), done: true }), 'done')
    const voterless = { ...snapshot, configuration: { ...configuration, voters: [], votersOutgoing: [] } }
    refuses(encodeMessage({ ...base, snapshot: voterless, offset: 0, data: new Uint8Array(1), done: false }), 'snapshot.configuration')
  })
})
