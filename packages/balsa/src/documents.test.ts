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
    ...['lock', 'elect', 'alarm list', 'alarm disarm', 'snapshot save', 'snapshot status', 'snapshot restore', 'recover', 'check-history'],
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

it('docs/testing.md: its example is a test that runs, line by line', () => {
  const linesOf = (path: string): string[] =>
    read(path)
      .split('\n')
      .map((line) => line.trim())
  const document = linesOf('docs/testing.md')
  const example = document.slice(
    document.findIndex((line) => line.startsWith("it('")),
    document.indexOf('})'),
  )
  const lines = example.filter((line) => line !== '')
  const tested = linesOf('packages/sim/src/test-cluster/test-cluster.test.ts').filter((line) => lines.includes(line))
  expect(lines.length).toBeGreaterThan(5)
  expect(tested.slice(0, lines.length)).toEqual(lines)
})
