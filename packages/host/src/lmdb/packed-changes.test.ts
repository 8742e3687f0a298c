import { TABLES } from '@balsa/kv'
import { describe, expect, it } from 'vitest'
import { Unit } from './generation.js'
import { packChanges, unpackChanges } from './packed-changes.js'
import { NO_MARKER } from './slab.js'

describe('packChanges', () => {
  it('puts table, kind, key and value of every change one behind the other', () => {
    const unit = new Unit(1)
    unit.add('current', 'key\u00ff', Uint8Array.of(7, 8))
    unit.add('history', 'x'.repeat(300), null)
    unit.add('meta', 'm', new Uint8Array(0))
    const head = (table: (typeof TABLES)[number], kind: number, keyBytes: number, valueBytes: number): number[] => [
      TABLES.indexOf(table),
      kind,
      keyBytes & 0xff,
      keyBytes >>> 8,
      valueBytes,
      0,
      0,
      0,
    ]
    expect([...(packChanges(unit) as Uint8Array)]).toEqual([
      ...head('current', 0, 4, 2),
      ...[107, 101, 121, 255, 7, 8],
      ...head('history', 1, 300, 0),
      ...Array.from({ length: 300 }, () => 120),
      ...head('meta', 0, 1, 0),
      109,
    ])
  })

  it('is undone by unpackChanges, table by table', () => {
    const unit = new Unit(1)
    unit.add('history', 'x'.repeat(300), null)
    unit.add('current', 'key\u00ff', Uint8Array.of(7, 8))
    unit.add('history', '', new Uint8Array(70_000).fill(9))
    const found = unpackChanges([packChanges(unit) as Uint8Array, packChanges(unit) as Uint8Array], TABLES.length).map((ofTable) =>
      ofTable.map(({ key, piece, start, end }) => [key, piece === null ? null : [...new Set(piece.subarray(start, end))], end - start]),
    )
    const history = [
      ['x'.repeat(300), null, 0],
      ['', [9], 70_000],
    ]
    const current = ['key\u00ff', [7, 8], 2]
    const expected: Partial<Record<(typeof TABLES)[number], unknown>> = { current: [current, current], history: [...history, ...history] }
    expect(found).toEqual(TABLES.map((table) => expected[table] ?? []))
  })

  it('leaves alone what counts on its order', () => {
    const long = new Unit(1)
    long.add('current', 'k'.repeat(1978), null)
    const marker = new Unit(1)
    marker.note('current', 'k', NO_MARKER)
    expect([packChanges(long), packChanges(marker)]).toEqual([null, null])
  })
})
