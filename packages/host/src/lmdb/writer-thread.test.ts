import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TABLES, type Table } from '@balsa/kv'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Unit } from './generation.js'
import { LmdbFile, loadEngine } from './lmdb-file.js'
import { packChanges } from './packed-changes.js'

const directories: string[] = []

async function newPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-lmdb-thread-'))
  directories.push(directory)
  return join(directory, 'data.mdb')
}

beforeAll(loadEngine)

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

interface Change {
  readonly table: Table
  readonly key: string
  readonly value: Uint8Array | null
}

function piecesOf(changes: readonly Change[], perPiece: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let from = 0; from < changes.length; from += perPiece) {
    const unit = new Unit(0)
    for (const { table, key, value } of changes.slice(from, from + perPiece)) unit.add(table, key, value)
    pieces.push(packChanges(unit) as Uint8Array)
  }
  return pieces
}

const contentOf = (file: LmdbFile): string[] =>
  TABLES.flatMap((table) =>
    file.view.entries(table, '', null, false, 100_000, true).map(({ key, value }) => `${table} ${key} ${value.length} ${value[0]}`),
  )

const change: fc.Arbitrary<Change> = fc.record({
  table: fc.constantFrom<Table>('current', 'history', 'meta'),
  // Few and close to each other, so that many are changed again; of very different lengths.
  key: fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\u00ff'), minLength: 1, maxLength: 9 }),
    fc.constantFrom('k'.repeat(1977), `${'k'.repeat(1976)}j`),
  ),
  value: fc.option(fc.constantFrom(0, 1, 300, 5000).map((length) => new Uint8Array(length).fill(length & 0xff))),
})

describe('the thread that writes', () => {
  it('leaves what a plain map leaves, change by change, in every transaction', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { minLength: 1, maxLength: 200 }), { maxLength: 4 }), async (transactions) => {
        const path = await newPath()
        const file = LmdbFile.open({ path, mapBytes: 128 * 1024 })
        const expected = new Map<string, Uint8Array>()
        let index = 0
        for (const changes of transactions) {
          index += 1
          await file.appendPacked(piecesOf(changes, 50), new Set(TABLES), index)
          for (const { table, key, value } of changes) {
            if (value === null) expected.delete(`${table} ${key}`)
            else expected.set(`${table} ${key}`, value)
          }
          file.renew()
          const lines = [...expected].map(([key, value]) => `${key} ${value.length} ${value[0]}`)
          expect(contentOf(file).sort()).toEqual(lines.sort())
        }
        await file.close()
        const again = LmdbFile.open({ path })
        expect(again.appliedIndex).toBe(index)
        await again.close()
      }),
      { numRuns: 15 },
    )
  })

  it('takes turns with the other writer, also over many nested transactions', async () => {
    const file = LmdbFile.open({ path: await newPath() })
    const many = Array.from(
      { length: 10_000 },
      (_, at): Change => ({ table: 'current', key: `key${(at * 7919) % 10_000}`, value: Uint8Array.of(at) }),
    )
    for (let round = 1; round <= 6; round += 2) {
      // Every page of the round before is changed again, some of them in several nested transactions, and half of the keys go.
      await file.appendPacked(piecesOf(many, 2048), new Set(['current']), round)
      const half = new Unit(round + 1)
      for (let at = 0; at < 10_000; at += 2) half.add('current', `key${at}`, null)
      await file.append(half, round + 1)
      file.renew()
      expect(file.view.entries('current', '', null, false, 20_000, false)).toHaveLength(5000)
    }
    await file.close()
  })

  it('writes nothing behind something that is missing, and two files have two of them', async () => {
    const file = LmdbFile.open({ path: await newPath() })
    const other = LmdbFile.open({ path: await newPath() })
    const pieces = (): Uint8Array[] => piecesOf([{ table: 'meta', key: 'k', value: Uint8Array.of(1) }], 1)
    const many = Array.from({ length: 3000 }, (_, at): Change => ({ table: 'current', key: `key${at}`, value: Uint8Array.of(at) }))
    // LMDB takes no empty key; what the transaction has done before that does not stay.
    const bad = piecesOf([...many, { table: 'meta', key: '', value: Uint8Array.of(1) }], 5000)
    await expect(file.appendPacked(bad, new Set(TABLES), 1)).rejects.toMatchObject({ code: 'IO_ERROR' })
    await expect(file.appendPacked(pieces(), new Set(['meta']), 2)).rejects.toMatchObject({ code: 'IO_ERROR' })
    await other.appendPacked(pieces(), new Set(['meta']), 3)
    file.renew()
    other.renew()
    expect([contentOf(file), contentOf(other)]).toEqual([[], ['meta k 1 1']])
    await Promise.all([file.close(), other.close()])
  })
})
