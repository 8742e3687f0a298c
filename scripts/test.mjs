#!/usr/bin/env node
// @ts-check
/**
 * `npm test [-- suite ...]`: the suites of suites.mjs one after the other. The output of a suite is shown when something in it failed, or with
 * `--verbose`. The last line is always `N passed, N failed`.
 */
import { seconds } from './processes.mjs'
import { suites } from './suites.mjs'

const words = process.argv.slice(2)
const verbose = words.includes('--verbose')
const wanted = words.filter((word) => word !== '--verbose')
const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`test: no suite named ${unknown.join(', ')}. Suites: ${suites.map((suite) => suite.name).join(', ')}`)
  process.exit(2)
}

/** @param {import('./suites.mjs').Suite} suite */
async function runSuite(suite) {
  try {
    return await suite.run()
  } catch (error) {
    return { passed: 0, failed: 1, output: error instanceof Error ? `${error.stack}\n` : String(error) }
  }
}

let passed = 0
let failed = 0
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue
  const started = performance.now()
  const counts = await runSuite(suite)
  if (verbose || counts.failed > 0) console.log(`\n${counts.output.trimEnd()}\n`)
  const verdict = counts.failed > 0 ? 'FAIL' : counts.passed === 0 ? 'none' : 'ok  '
  const elapsed = seconds(performance.now() - started)
  console.log(
    `${verdict}  ${suite.name.padEnd(12)} ${String(counts.passed).padStart(5)} passed ${String(counts.failed).padStart(4)} failed  ${elapsed.padStart(8)}`,
  )
  passed += counts.passed
  failed += counts.failed
}

// Not process.exit: what is still on its way to a pipe must arrive.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
console.log(`\n${passed} passed, ${failed} failed`)
