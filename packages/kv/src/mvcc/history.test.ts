import { BalsaError, ByteReader, SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { MemoryBackend } from '../backend/memory-backend.js'
import { checkBlock, EventFinder, EventFlag, HistoryEnd, walkHistory } from './history.js'
import { encodeRecord } from './record.js'

interface Event {
  readonly revision: number
  readonly place: number
  readonly name: string
  /** Lengths of what it superseded, and its last byte: enough to tell records from each other. */
  readonly record: readonly (number | undefined)[] | undefined
}

const summary = (record: Uint8Array | undefined): Event['record'] => record && [record.length, record.at(-1)]

const random = new SeededRandom(20_261_121)
const below = (limit: number): number => Math.floor(random.next() * limit)

/** Revisions of one to many events, records of no to many bytes; the end is dropped and found again now and then. */
function write(backend: MemoryBackend): Event[] {
  const events: Event[] = []
  let end = new HistoryEnd(backend)
  let bytes = 0
  for (let revision = 2; revision < 300; revision++) {
    backend.write(revision, (batch) => {
      const places = below(10) === 0 ? 1 + below(200) : 1
      for (let place = 0; place < places; place++) {
        const name = String.fromCharCode(...Array.from({ length: 1 + below(20) }, () => below(256)))
        const head = { createRevision: 1, modRevision: revision - 1, version: 1, lease: 0n, chain: 0, place: 0 }
        const record = below(3) === 0 ? undefined : encodeRecord(head, new Uint8Array(below(below(50) === 0 ? 100_000 : 400)).fill(place))
        bytes += end.add(batch, revision, place, record === undefined ? 0 : EventFlag.deletion, name, record)
        events.push({ revision, place, name, record: summary(record) })
        if (below(20) === 0) end.flush(batch)
      }
      end.flush(batch)
    })
    if (below(20) === 0) end = new HistoryEnd(backend)
  }
  const blocks = backend.page('history', { from: '', to: null }, Number.MAX_SAFE_INTEGER)
  expect(blocks.reduce((sum, { key, value }) => sum + key.length + value.length, 0)).toBe(bytes)
  return events
}

describe('the history', () => {
  const backend = new MemoryBackend()
  const events = write(backend)

  it('is walked from any event on', () => {
    for (const [at, { revision, place }] of events.entries()) {
      if (at % 97 !== 0) continue
      const found: Event[] = []
      walkHistory(backend, revision, place, (event) => {
        found.push({ revision: event.revision, place: event.place, name: event.name, record: summary(event.superseded) })
        return found.length < 300
      })
      expect(found).toEqual(events.slice(at, at + 300))
    }
  })

  it('has each event, and no others', () => {
    const finder = new EventFinder(backend)
    for (const { revision, place, name } of events) expect(finder.find(revision, place)?.isOf(name)).toBe(true)
    for (const { revision, place, name } of events.toReversed()) expect(finder.find(revision, place)?.name).toBe(name)
    expect([finder.find(1, 0), finder.find(5, 5000), finder.find(300, 0)]).toEqual([undefined, undefined, undefined])
  })

  it('tells its blocks from others', () => {
    const blocks = backend.page('history', { from: '', to: null }, Number.MAX_SAFE_INTEGER)
    let refused = 0
    for (const { key, value } of blocks) {
      checkBlock(key, new ByteReader(value, 'block'), 299)
      const damaged = below(2) === 0 ? value.slice(0, value.length - 1 - below(value.length - 1)) : value.slice()
      damaged[below(Math.min(damaged.length, 8))] = below(256)
      try {
        checkBlock(key, new ByteReader(damaged, 'block'), 299)
      } catch (error) {
        expect(error instanceof BalsaError && error.code).toBe('MALFORMED')
        refused += 1
      }
    }
    expect(refused).toBeGreaterThan(0)
  })
})
