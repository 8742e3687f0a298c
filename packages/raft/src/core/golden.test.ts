/**
 * The scripts in testdata/, each with the complete trace of what its commands cause. After a wanted change of behaviour:
 * `BALSA_REWRITE=1 npx vitest run packages/raft/src/core/golden.test.ts`, then read the difference like code. The command language is
 * described in golden-script.test-support.ts.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runScript } from './golden-script.test-support.js'

const folder = fileURLToPath(new URL('../../testdata/', import.meta.url))
const rewrite = process.env['BALSA_REWRITE'] !== undefined || process.argv.includes('--rewrite')
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .sort()

describe('golden scripts', () => {
  it('exist', () => expect(names.length).toBeGreaterThan(20))

  it.each(names)('%s', (name) => {
    const path = `${folder}${name}`
    const script = readFileSync(path, 'utf8')
    const actual = runScript(script)
    if (rewrite) writeFileSync(path, actual)
    else expect(actual).toBe(script)
  })
})

describe('the script runner', () => {
  it('shows a difference', () => {
    expect(runScript('> found 1 2 3\n  something else')).toBe('> found 1 2 3\n  voters=1,2,3')
  })

  it('refuses commands that do not exist, and messages that are not there', () => {
    expect(() => runScript('> vote 1')).toThrow('unknown command')
    expect(() => runScript('> found 1\n> deliver to=1')).toThrow('no such message')
  })
})
