#!/usr/bin/env node
// @ts-check
/**
 * `npm run check [-- part ...]`: runs every part, shows the output of those that failed, ends with a summary.
 * Nothing here writes into a source file; `npm run fix` does.
 */
import { run, seconds, tool } from './processes.mjs'
import { configuration, sources } from './sources.mjs'

/** @type {Record<string, readonly (readonly string[])[]>} */
const parts = {
  types: [
    [tool('tsc'), '-b'],
    [tool('tsc'), '-p', 'tsconfig.check.json'],
  ],
  lint: [[tool('oxlint'), '--type-aware', '--deny-warnings', ...sources]],
  format: [[tool('biome'), 'format', '--reporter=summary', ...sources, ...configuration]],
  dead: [[tool('knip'), '--no-progress', '--no-config-hints']],
  tidy: [[tool('vitest'), 'run', '--reporter=dot', 'tests/tidy']],
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((part) => !Object.hasOwn(parts, part))
if (unknown.length > 0) {
  console.error(`check: no part named ${unknown.join(', ')}. Parts: ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}

/** @param {readonly (readonly string[])[]} commands */
async function runPart(commands) {
  let output = ''
  let elapsedMs = 0
  for (const command of commands) {
    const result = await run(command, { deadlineMs: 300_000 })
    output += result.output
    elapsedMs += result.elapsedMs
    if (result.exitCode !== 0) return { passed: false, output, elapsedMs }
  }
  return { passed: true, output, elapsedMs }
}

const failed = []
for (const part of wanted.length > 0 ? wanted : Object.keys(parts)) {
  const result = await runPart(parts[part] ?? [])
  if (result.passed) {
    console.log(`ok    ${part.padEnd(7)} ${seconds(result.elapsedMs)}`)
    continue
  }
  failed.push(part)
  console.log(`\n${result.output.trimEnd()}\n\nFAIL  ${part.padEnd(7)} ${seconds(result.elapsedMs)}`)
}

if (failed.length > 0) {
  console.log(`\ncheck failed: ${failed.join(', ')}. Again alone: ${failed.map((part) => `npm run check:${part}`).join('; ')}`)
  if (failed.includes('format') || failed.includes('lint')) console.log('`npm run fix` writes the format and what the linter can mend.')
  process.exitCode = 1
} else {
  console.log('check passed')
}
