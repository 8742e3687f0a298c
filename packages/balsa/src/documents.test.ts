import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { run } from './cli/cli.test-support.js'
import { EXIT_MEANINGS } from './cli/io.js'
import { VERSION } from './cli/version.js'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

describe('docs/cli.md', () => {
  const text = read('docs/cli.md')

  it('tells every exit code as --help does', () => {
    const rows = EXIT_MEANINGS.map(([code, meaning]) => `| ${code} | ${meaning} |`)
    expect(text.split('\n').filter((line) => /^\| \d \|/.test(line))).toEqual(rows)
  })

  it.each([
    ...['get', 'put', 'append', 'del', 'status', 'endpoint health', 'member list', 'member add', 'member replace', 'member promote'],
    ...['watch', 'txn', 'compact', 'lease grant', 'lease revoke', 'lease keep-alive', 'lease list', 'lease info'],
    ...['member demote', 'member remove', 'member update', 'transfer-leader'],
  ])('names every option of %s', async (command) => {
    const { out } = await run([...command.split(' '), '--help'])
    expect(text).toContain(`## ${command}\n`)
    for (const [option] of out.matchAll(/--[a-z][a-z0-9-]+(?= [<a-z]| {2}|$)/gm))
      if (option !== '--help') expect(text, option).toContain(`\`${option}`)
  })
})

describe('VERSION', () => {
  it('is that of the package', () => expect((JSON.parse(read('packages/balsa/package.json')) as { version: string }).version).toBe(VERSION))
})
