import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TABLES } from '@balsa/kv'
import { backendConformance } from '@balsa/kv/conformance'
import { describe, expect, it } from 'vitest'
import { NodeFileSystem } from '../node-file-system.js'
import { LmdbBackend, type LmdbBackendOptions } from './lmdb-backend.js'

const fileSystem = new NodeFileSystem()

async function fixture(options: Pick<LmdbBackendOptions, 'mapBytes' | 'maxDelayMs' | 'largeUnitChanges' | 'threadChanges'> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-lmdb-'))
  const open = (): Promise<LmdbBackend> => LmdbBackend.open({ fileSystem, directory, ...options })
  let backend = await open()
  const again = async (flush: boolean): Promise<LmdbBackend> => {
    await backend.close({ flush })
    backend = await open()
    return backend
  }
  return {
    directory,
    backend,
    reopen: () => again(true),
    losePower: () => again(false),
    dispose: async () => {
      await backend.close()
      await rm(directory, { recursive: true })
    },
  }
}

describe('LmdbBackend conforms to Backend', () => {
  for (const { name, run } of backendConformance(fixture, { canReopen: true, canLosePower: true, canTransfer: true })) it(name, run)
})

describe('LmdbBackend conforms to Backend also when every batch goes to the disk at once, in a map that has to grow', () => {
  const create = () => fixture({ maxDelayMs: 0, mapBytes: 128 * 1024 })
  for (const { name, run } of backendConformance(create, { canReopen: true, canLosePower: true, canTransfer: true })) it(name, run)
})

describe('LmdbBackend conforms to Backend also when most of what it writes goes to the disk in pieces', () => {
  const create = () => fixture({ maxDelayMs: 0, largeUnitChanges: 50 })
  for (const { name, run } of backendConformance(create, { canReopen: true, canLosePower: true, canTransfer: true })) it(name, run)
})

describe('LmdbBackend conforms to Backend also when everything goes to the disk through the thread', () => {
  const create = () => fixture({ maxDelayMs: 0, mapBytes: 128 * 1024, threadChanges: 1 })
  for (const { name, run } of backendConformance(create, { canReopen: true, canLosePower: true, canTransfer: true })) it(name, run)
})

describe('LmdbBackend', () => {
  it('gives back the pages of a large value that a small one replaces, also when both go to the disk together', async () => {
    const { backend, dispose } = await fixture()
    for (const table of ['current', 'history'] as const) {
      backend.write(2, (batch) => batch.put(table, 'k', new Uint8Array(500_000)))
      backend.write(2, (batch) => batch.put(table, 'k', Uint8Array.of(1)))
      backend.write(2, (batch) => batch.put(table, 'k', Uint8Array.of(2)))
    }
    await backend.flush()
    expect(backend.usedBytes).toBeLessThan(100_000)
    expect([backend.get('current', 'k'), backend.get('history', 'k')]).toEqual([Uint8Array.of(2), Uint8Array.of(2)])
    await dispose()
  })

  it('keeps values of all sizes whole, read one by one and in pages, from memory and from the file', async () => {
    const { backend, reopen, dispose } = await fixture()
    const sizes = [0, 1, 63, 64, 100, 2000, 4096, 5000, 65_536, 70_000, 1_000_000]
    const bytes = (size: number): Uint8Array => new Uint8Array(size).map((_, at) => (at * 31 + size) & 0xff)
    backend.write(1, (batch) => sizes.forEach((size, at) => batch.put('current', `k${at}`, bytes(size))))
    const check = (reader: LmdbBackend): void => {
      sizes.forEach((size, at) => expect(Buffer.compare(reader.get('current', `k${at}`) ?? Buffer.from('x'), bytes(size))).toBe(0))
      const page = reader.page('current', { from: '', to: null }, 100)
      expect(page.length).toBe(sizes.length)
      for (const entry of page) {
        expect(entry.value.constructor).toBe(Uint8Array)
        expect(Buffer.compare(entry.value, reader.get('current', entry.key) ?? Buffer.from('x'))).toBe(0)
      }
    }
    check(backend)
    await backend.flush()
    check(backend)
    check(await reopen())
    await dispose()
  })

  it('removes the markers of long keys with the last key behind them', async () => {
    const { backend, dispose } = await fixture()
    const long = 'k'.repeat(10_000)
    backend.write(1, (batch) => ['a', 'b'].forEach((end) => batch.put('past', long + end, Uint8Array.of(1))))
    await backend.flush()
    const full = backend.usedBytes
    backend.write(2, (batch) => ['a', 'b'].forEach((end) => batch.delete('past', long + end)))
    await backend.flush()
    expect(backend.keys('past', { from: '', to: null }, 10)).toEqual([])
    expect(backend.usedBytes).toBeLessThan(full)
    backend.write(3, (batch) => batch.put('past', `${long}c`, Uint8Array.of(1)))
    await backend.flush()
    expect(backend.keys('past', { from: '', to: null }, 10)).toEqual([`${long}c`])
    await dispose()
  })

  it('asks writers to wait when the disk is behind, and takes up what it gathered', async () => {
    const { backend, reopen, dispose } = await fixture()
    let waits = 0
    for (let index = 1; index <= 200; index++) {
      backend.write(index, (batch) => {
        for (let at = 0; at < 1000; at++) batch.put('current', `k${(index * 7919 + at * 104_729) % 50_000}`, new Uint8Array(50).fill(index))
      })
      const ready = backend.ready()
      if (ready !== null) {
        waits += 1
        await ready
      }
    }
    expect(waits).toBeGreaterThan(0)
    const before = backend.count('current', { from: '', to: null }, 100_000)
    const again = await reopen()
    expect(again.appliedIndex).toBe(200)
    expect(again.count('current', { from: '', to: null }, 100_000)).toBe(before)
    await dispose()
  })

  it('keeps the old file while a snapshot reads it, and no longer', async () => {
    const { backend, directory, reopen, dispose } = await fixture()
    const files = async (): Promise<readonly string[]> => (await readdir(directory)).filter((name) => name.endsWith('.mdb'))
    backend.write(1, (batch) => batch.put('current', 'k', Uint8Array.of(1)))
    await backend.flush()
    const snapshot = backend.snapshot()
    const replacement = backend.replace()
    replacement.put('current', 'k', Uint8Array.of(2))
    await replacement.commit(9)
    expect(await files()).toHaveLength(2)
    expect(snapshot.get('current', 'k')).toEqual(Uint8Array.of(1))
    expect(backend.get('current', 'k')).toEqual(Uint8Array.of(2))
    snapshot.close()
    const again = await reopen()
    expect(await files()).toHaveLength(1)
    expect(again.get('current', 'k')).toEqual(Uint8Array.of(2))
    await dispose()
  })

  it('holds many moments at once', async () => {
    const { backend, dispose } = await fixture({ maxDelayMs: 0 })
    const moments = []
    for (let index = 1; index <= 1000; index++) {
      backend.write(index, (batch) => batch.put('current', 'k', Uint8Array.of(index & 0xff)))
      if (index % 4 === 0) await backend.flush()
      moments.push(backend.snapshot())
    }
    moments.forEach((moment, at) => expect(moment.get('current', 'k')).toEqual(Uint8Array.of((at + 1) & 0xff)))
    for (const moment of moments) moment.close()
    await dispose()
  })

  it('carries a large replacement, with long keys in it', async () => {
    const { backend, reopen, dispose } = await fixture({ mapBytes: 128 * 1024 })
    const replacement = backend.replace()
    const long = 'l'.repeat(6000)
    for (let at = 0; at < 50_000; at++) {
      replacement.put('current', `k${String(at).padStart(6, '0')}`, new Uint8Array(200).fill(at))
      if (at % 100 === 0) await replacement.ready()
    }
    for (let at = 0; at < 20; at++) replacement.put('current', long + String.fromCharCode(at), Uint8Array.of(at))
    for (const table of TABLES) if (table !== 'current') replacement.put(table, 'k', Uint8Array.of(1))
    await replacement.commit(77)
    const check = (reader: LmdbBackend): void => {
      expect(reader.appliedIndex).toBe(77)
      expect(reader.durableIndex).toBe(77)
      expect(reader.count('current', { from: '', to: null }, 1_000_000)).toBe(50_020)
      expect(reader.get('current', 'k043210')).toEqual(new Uint8Array(200).fill(43_210))
      expect(reader.get('current', `${long}\u0007`)).toEqual(Uint8Array.of(7))
    }
    check(backend)
    check(await reopen())
    await dispose()
  })
})
