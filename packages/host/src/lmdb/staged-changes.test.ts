import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Table } from '@balsa/kv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Unit } from './generation.js'
import { LmdbFile, loadEngine } from './lmdb-file.js'
import { prefixesOf } from './long-keys.js'
import { NO_MARKER, REMOVED } from './slab.js'
import { decodeChanges, encodeChanges, endOfPiece, joined, partsOf, pieceOf } from './staged-changes.js'

const CHANGES = 3500
const LONG_KEY = 'l'.repeat(5000)
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const keyOf = (at: number): string => `k${String(at).padStart(6, '0')}`

let directory = ''
beforeAll(async () => {
  await loadEngine()
  directory = await mkdtemp(join(tmpdir(), 'balsa-staged-'))
})
afterAll(() => rm(directory, { recursive: true }))

/** Every second key goes, and others come; long ones too. */
function large(appliedIndex: number): Unit {
  const unit = new Unit(appliedIndex)
  for (let at = 0; at < CHANGES; at++) {
    if (at % 2 === 0) unit.add('current', keyOf(at), null)
    else unit.add('past', keyOf(at), bytes(`new ${at} ${'x'.repeat(at % 1500)}`))
  }
  unit.add('current', LONG_KEY, null)
  for (const prefix of prefixesOf(LONG_KEY)) unit.note('current', prefix, NO_MARKER)
  unit.add('history', `${LONG_KEY}m`, bytes('long'))
  return unit
}

const contentOf = ({ view }: LmdbFile): string =>
  (['current', 'past', 'history'] as const)
    .map((table: Table) => view.entries(table, '', null, false, 2 * CHANGES, true).map(({ key, value }) => `${key}=${String(value)}`))
    .join('\n')

describe('a piece of changes', () => {
  it('says as bytes what it was', () => {
    const unit = large(1)
    const found: string[] = []
    const partKeys: string[] = []
    let pieces = 0
    for (let from = 0; from < unit.keys.length; pieces++) {
      const to = endOfPiece(unit, from)
      expect(to).toBeGreaterThan(from)
      const parts = partsOf(pieces + 250, encodeChanges(unit, from, to))
      partKeys.push(...parts.map(({ key }) => key))
      expect(new Set(parts.map(({ key }) => pieceOf(key))).size).toBe(1)
      const decoded = decodeChanges(joined(parts.map(({ value }) => value)))
      decoded.keys.forEach((key, at) => {
        const place = decoded.places[at] ?? REMOVED
        found.push(`${decoded.tables[at]} ${key} ${place === REMOVED || place === NO_MARKER ? place : String(decoded.slab.read(place))}`)
      })
      from = to
    }
    expect(pieces).toBeGreaterThan(3)
    expect(found).toEqual(
      unit.keys.map((key, at) => {
        const place = unit.places[at] ?? REMOVED
        return `${unit.tables[at]} ${key} ${place === REMOVED || place === NO_MARKER ? place : String(unit.slab.read(place))}`
      }),
    )
    expect(() => decodeChanges(Uint8Array.of(99, 0, 1, 97))).toThrow('change')
    expect(() => decodeChanges(encodeChanges(unit, 0, 2).subarray(0, 5))).toThrow()
    expect(partKeys.length).toBeGreaterThan(500)
    expect([...partKeys].sort()).toEqual(partKeys)
  })
})

describe('a unit of very many changes', () => {
  it('is in the file as a whole or not at all, wherever its steps end, and the next unit follows', async () => {
    const base = join(directory, 'base.mdb')
    const first = LmdbFile.open({ path: base })
    const unit = new Unit(3)
    for (let at = 0; at < CHANGES; at++) unit.add('current', keyOf(at), bytes('old'))
    unit.add('current', LONG_KEY, bytes('long'))
    await first.append(unit, 3)
    first.renew()
    const before = contentOf(first)
    await first.close()
    const outcomes: number[] = []
    let after = ''
    for (let steps = 0, isDone = false; !isDone; steps++) {
      const path = join(directory, `${steps}.mdb`)
      await copyFile(base, path)
      const file = LmdbFile.open({ path })
      let left = steps
      isDone = await file.appendLarge(large(7), 7, () => left-- > 0)
      await file.close()
      const again = LmdbFile.open({ path })
      await again.recover()
      outcomes.push(again.appliedIndex)
      if (again.appliedIndex === 3) expect(contentOf(again)).toBe(before)
      else {
        if (after === '') after = contentOf(again)
        expect(after).not.toBe(before)
        expect(contentOf(again)).toBe(after)
      }
      const next = new Unit(8)
      next.add('meta', 'next', bytes('n'))
      await again.append(next, 8)
      await again.close()
      const third = LmdbFile.open({ path })
      await third.recover()
      expect([third.appliedIndex, third.view.get('meta', 'next')]).toEqual([8, bytes('n')])
      expect(contentOf(third)).toBe(outcomes.at(-1) === 3 ? before : after)
      await third.close()
    }
    expect(after.match(/k\d{6}=/g)).toHaveLength(CHANGES)
    expect(new Set(outcomes)).toEqual(new Set([3, 7]))
    expect([...outcomes].sort((a, b) => a - b)).toEqual(outcomes)
    // Ended in the middle of what was valid, more than once.
    expect(outcomes.filter((index) => index === 7).length).toBeGreaterThan(3)
  }, 60_000)
})
