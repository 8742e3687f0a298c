import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeFlags } from './flags.js'
import { VERSION } from './version.js'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

describe('docs/operations.md', () => {
  it('lists every flag of balsad as it is declared', () => {
    const rows = describeFlags().map(({ flag, environment, help }) => `| \`${flag}\` | \`${environment}\` | ${help} |`)
    expect(
      read('docs/operations.md')
        .split('\n')
        .filter((line) => line.startsWith('| `--')),
    ).toEqual(rows)
  })
})

describe('VERSION', () => {
  it('is that of the package', () =>
    expect((JSON.parse(read('packages/server/package.json')) as { version: string }).version).toBe(VERSION))
})
