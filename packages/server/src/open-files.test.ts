import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_CLIENT_LIMITS } from './client-limits.js'
import { openFileLimit, withinOpenFiles } from './open-files.js'

describe('openFileLimit', () => {
  it('is the soft limit; null where nobody tells', () => {
    const folder = mkdtempSync(join(tmpdir(), 'balsa-limits-'))
    const file = join(folder, 'limits')
    const read = (text: string): number | null => {
      writeFileSync(file, text)
      return openFileLimit(file)
    }
    expect(
      read('Limit   Soft Limit   Hard Limit   Units\nMax open files            1024                 524288               files\n'),
    ).toBe(1024)
    expect(read('Max open files   unlimited   unlimited   files\n')).toBe(Number.POSITIVE_INFINITY)
    expect(read('')).toBeNull()
    rmSync(folder, { recursive: true })
    expect(openFileLimit(file)).toBeNull()
  })
})

describe('withinOpenFiles', () => {
  it('leaves files for the log, and says what to do', () => {
    const { limits, warning } = withinOpenFiles(DEFAULT_CLIENT_LIMITS, 1024)
    expect([limits.maxConnections, limits.maxConnectionsPerAddress]).toEqual([768, 768])
    expect(warning).toMatch(/may open 1024 files: clients get 768 connections .*ulimit -n/)
    expect(withinOpenFiles(DEFAULT_CLIENT_LIMITS, 100).limits.maxConnections).toBe(16)
  })

  it('changes nothing when there are enough, or nobody knows', () => {
    for (const files of [1_000_000, Number.POSITIVE_INFINITY, null])
      expect(withinOpenFiles(DEFAULT_CLIENT_LIMITS, files)).toEqual({ limits: DEFAULT_CLIENT_LIMITS, warning: null })
  })
})
