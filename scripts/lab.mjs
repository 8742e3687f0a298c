/**
 * npm run lab: the course's suites in virtual time, each test by its own name, beside the best figures known.
 *
 *   --filter TEXT   only tests whose suite or name contains it (several: separated by commas)
 *   --seed N        the first seed (default 1)
 *   --repeat N      every test N times, with seeds from the first on
 *   --json FILE     writes all results there
 *   --quiet         with --repeat: prints failures and totals only
 */
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readFlags } from './usage.mjs'

const values = readFlags(import.meta.url, {
  filter: { type: 'string', default: '' },
  seed: { type: 'string', default: '1' },
  repeat: { type: 'string', default: '1' },
  json: { type: 'string' },
  quiet: { type: 'boolean', default: false },
  'no-build': { type: 'boolean', default: false },
})

const root = fileURLToPath(new URL('..', import.meta.url))
const built = new URL('../packages/sim/dist/lab/index.js', import.meta.url)
if (!values['no-build'] || !existsSync(built)) {
  const build = spawnSync('npx', ['tsc', '-b', 'packages/sim'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (build.status !== 0) process.exit(build.status ?? 1)
}
const { ALL_SCENARIOS, RECORDS, runScenario } = await import(built.href)

const firstSeed = positive('seed', values.seed)
const repeat = positive('repeat', values.repeat)
const wanted = values.filter.split(',').filter((part) => part !== '')
const scenarios = ALL_SCENARIOS.filter(
  ({ name, suite }) => wanted.length === 0 || wanted.some((part) => suite.includes(part) || name.includes(part)),
)
if (scenarios.length === 0) fail(`no test matches --filter ${values.filter}`)

// Everything that promises can do is done before the clock moves on.
const settle = () => new Promise((resolve) => setImmediate(resolve))

const TITLES = {
  network: 'Network self tests',
  raft: 'Raft (parts 3A to 3D)',
  rsm: 'Replicated state machine (4A, 4C)',
  'kv-2025': 'Key/value service, form of 2025 (4B, 4C)',
  'kv-classic': 'Key/value service, classic form (3A, 3B)',
  variants: 'Variants of other years (reliable network)',
}

const startedMs = performance.now()
const results = []
let failures = 0
for (const suite of Object.keys(TITLES)) {
  const members = scenarios.filter((scenario) => scenario.suite === suite)
  if (members.length === 0) continue
  console.log(`\n${TITLES[suite]}`)
  if (!values.quiet) console.log(header())
  const all = []
  for (const scenario of members) {
    const runs = []
    for (let at = 0; at < repeat; at++) {
      const result = await runScenario(scenario, { seed: firstSeed + at, settle })
      runs.push(result)
      if (!result.pass) report(result)
    }
    all.push(...runs)
    if (!values.quiet) console.log(row(scenario, runs))
    for (const note of runs[0].notes) if (!values.quiet) console.log(`      ${note}`)
  }
  results.push(...all)
  console.log(totals(members, all))
}
const realSeconds = (performance.now() - startedMs) / 1000
const virtualSeconds = results.reduce((sum, { seconds }) => sum + seconds, 0)
console.log(
  `\n${results.length - failures} of ${results.length} runs passed; ${virtualSeconds.toFixed(0)} s of virtual time in ${realSeconds.toFixed(1)} s (${(virtualSeconds / realSeconds).toFixed(0)} times faster)`,
)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ firstSeed, repeat, realSeconds, results }, null, 1)}\n`)
process.exit(failures === 0 ? 0 : 1)

function header() {
  return `     ${'test'.padEnd(58)}${'servers'.padStart(8)}${'virtual s'.padStart(11)}${'RPCs'.padStart(9)}${'bytes'.padStart(12)}${'ops'.padStart(8)}   ${'best known, each kind'.padStart(24)}   ${'reference'.padStart(14)}`
}

/** Means over all repeats. */
function row(scenario, runs) {
  const mean = (key) => runs.reduce((sum, run) => sum + run[key], 0) / runs.length
  const passed = runs.every(({ pass }) => pass)
  const record = RECORDS[scenario.name]
  const pair = (seconds, rpcs) => `${seconds.toFixed(1)} s/${rpcs}`
  const longest = runs.length === 1 ? '' : `   at most ${Math.max(...runs.map(({ seconds }) => seconds)).toFixed(1)} s`
  const operations = typeof record?.operations === 'number' ? `/${record.operations}` : ''
  const best = (record === undefined ? '-' : pair(record.seconds, record.rpcs) + operations).padStart(24)
  const reference = (Array.isArray(record?.reference) ? pair(...record.reference) : '-').padStart(14)
  return `${passed ? 'ok  ' : 'FAIL'} ${scenario.name.padEnd(58)}${String(scenario.servers).padStart(8)}${mean('seconds').toFixed(2).padStart(11)}${mean('rpcs').toFixed(0).padStart(9)}${mean('bytes').toFixed(0).padStart(12)}${mean('operations').toFixed(0).padStart(8)}   ${best}   ${reference}${longest}`
}

/** Means per round of all tests; with several rounds also the worst round. */
function totals(members, all) {
  const rounds = Array.from({ length: repeat }, (_, at) => all.filter(({ seed }) => seed === firstSeed + at))
  const sum = (runs, key) => runs.reduce((total, run) => total + run[key], 0)
  const per = (key) => sum(all, key) / repeat
  const most = (key) => Math.max(...rounds.map((runs) => sum(runs, key)))
  const records = members.map(({ name }) => RECORDS[name]).filter((record) => record !== undefined)
  const best = records.length === members.length ? `${sum(records, 'seconds').toFixed(1)} s/${sum(records, 'rpcs')}` : ''
  const worst = repeat === 1 ? '' : `   at most ${most('seconds').toFixed(1)} s and ${most('rpcs')} RPCs in one round`
  const passed = all.filter(({ pass }) => pass).length
  const seconds = per('seconds').toFixed(1)
  return `     ${`total: ${passed} of ${all.length} passed`.padEnd(66)}${seconds.padStart(11)}${per('rpcs').toFixed(0).padStart(9)}${per('bytes').toFixed(0).padStart(12)}${per('operations').toFixed(0).padStart(8)}   ${best.padStart(24)}${worst}`
}

function report(result) {
  failures++
  console.log(`FAIL ${result.name} with seed ${result.seed}, after ${result.seconds.toFixed(1)} s: ${result.failure}`)
  console.log(`     again: npm run lab -- --filter ${result.name} --seed ${result.seed}`)
}

function positive(name, text) {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) fail(`--${name} must be a whole number from 1, not ${text}`)
  return number
}

function fail(message) {
  console.error(message)
  process.exit(2)
}
