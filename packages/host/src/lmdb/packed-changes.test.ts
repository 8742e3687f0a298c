import { TABLES } from '@balsa/kv'
import { describe, expect, it } from 'vitest'
import { Unit } from './generation.js'
import { packChanges } from './packed-changes.js'
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

  it('leaves alone what counts on its order', () => {
    const long = new Unit(1)
    long.add('current', 'k'.repeat(1978), null)
    const marker = new Unit(1)
    marker.note('current', 'k', NO_MARKER)
    expect([packChanges(long), packChanges(marker)]).toEqual([null, null])
  })
})
