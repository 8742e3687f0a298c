// @ts-check
/**
 * npm run mutants: plants the known hard bugs of Raft systems one by one and tells what finds them; writes docs/mutants.md.
 *
 *   --only A1,B7        these mutants, or entries with all their variants
 *   --seeds N           at most N runs of the swarm each (default 200)
 *   --jobs N            so many at a time (default: one per core)
 *   --json FILE         writes the results there
 *   --no-tests          the swarm only
 *   --no-table          leaves docs/mutants.md as it is
 *   --quick             twenty mutants that are found soon: part of npm test
 *   --replay A1 --profile P --seed N   shows one run of a mutant
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { catalogue, entryOf, mutantOf, patchedFiles } from './mutants/catalogue.mjs'
import { SeedRunner } from './mutants/processes.mjs'
import { Control, hunt } from './mutants/runner.mjs'
import { counts, document } from './mutants/table.mjs'

/** @typedef {import('./mutants/runner.mjs').Result} Result */

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string' },
    jobs: { type: 'string' },
    json: { type: 'string' },
    'no-tests': { type: 'boolean', default: false },
    'no-table': { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    replay: { type: 'string' },
    profile: { type: 'string', default: 'default' },
    seed: { type: 'string', default: '1' },
  },
})

/** One of each kind, found within a few runs. */
const QUICK = 'A2 A3 A4 A10 B1 B4 B5 B8 B9 B11 B13 B17 C5 C7 C18 D1 D5 D10 D16 G2'.split(' ')

/** The short run of `npm test` proves that the machinery works; it is not the record. */
const keepsTable = !values['no-table'] && !values.quick

const root = fileURLToPath(new URL('..', import.meta.url))
const resultsPath = fileURLToPath(new URL('mutants/results.json', import.meta.url))

if (!values['no-build']) {
  const { status } = spawnSync('npx', ['tsc', '-b'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}
if (values.replay === undefined) await huntAll()
else await replay(values.replay)

/** @param {string} key */
async function replay(key) {
  const runner = new SeedRunner(mutantOf(key).key)
  const { invariant, message, tail } = await runner.run(values.profile, Number(values.seed))
  runner.stop()
  for (const line of tail) console.log(line)
  console.log(invariant === null ? `${key}: nothing found by ${values.profile} ${values.seed}` : `${key}: ${invariant}\n${message}`)
}

async function huntAll() {
  const mutants = chosen()
  // All patches must fit before hours are spent.
  for (const mutant of mutants) patchedFiles(mutant)
  const control = new Control()
  const options = { seeds: values.seeds === undefined ? null : Number(values.seeds), tests: !values['no-tests'] }
  const results = readResults()
  /** @type {Result[]} */
  const fresh = []
  const queue = [...mutants]
  const lane = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const startedMs = performance.now()
      const result = await hunt(mutant, control, options)
      fresh.push(result)
      if (keepsTable) save(results, result)
      report(mutant, result, (performance.now() - startedMs) / 1000)
    }
  }
  await Promise.all(Array.from({ length: Math.min(Number(values.jobs ?? availableParallelism()), mutants.length) }, lane))
  control.stop()
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(fresh, null, 1)}\n`)
  conclude(fresh, results, control.failures)
}

function chosen() {
  const names = values.quick ? QUICK : values.only.split(',').filter((name) => name !== '')
  const mutants =
    names.length === 0
      ? catalogue
      : catalogue.filter((mutant) => names.includes(mutant.key) || (!values.quick && names.includes(entryOf(mutant))))
  const unknown = names.filter((name) => !mutants.some((mutant) => mutant.key === name || entryOf(mutant) === name))
  if (unknown.length > 0) {
    console.error(`there is no mutant ${unknown.join(', ')}`)
    process.exit(2)
  }
  return mutants
}

/** @returns {Map<string, Result>} */
function readResults() {
  if (!existsSync(resultsPath)) return new Map()
  const list = /** @type {Result[]} */ (JSON.parse(readFileSync(resultsPath, 'utf8')))
  return new Map(list.filter(({ key }) => catalogue.some((mutant) => mutant.key === key)).map((result) => [result.key, result]))
}

/** @param {Map<string, Result>} results @param {Result} result */
function save(results, result) {
  results.set(result.key, { ...result, message: '' })
  const ordered = catalogue.flatMap(({ key }) => results.get(key) ?? [])
  writeFileSync(resultsPath, `${JSON.stringify(ordered, null, 2)}\n`)
  writeFileSync(fileURLToPath(new URL('../docs/mutants.md', import.meta.url)), document(results))
}

/** @param {import('./mutants/catalogue.mjs').Mutant} mutant @param {Result} result @param {number} seconds */
function report({ key, title }, { caught, by, message, runs, profile, seed }, seconds) {
  const head = `${key.padEnd(5)}${seconds.toFixed(0).padStart(5)} s  `
  if (caught === 'unplantable') return console.log(`${head}not plantable: ${title}`)
  if (caught === 'survivor') return console.log(`${head}SURVIVES ${runs} runs: ${title}`)
  if (caught === 'test') return console.log(`${head}${title}\n             found by ${by}, not by ${runs} runs`)
  console.log(`${head}${title}\n             ${by} in run ${runs}: ${message.split('\n')[0]?.slice(0, 180)}`)
  console.log(`             npm run mutants -- --replay ${key} --profile ${profile} --seed ${seed}`)
}

/** @param {readonly Result[]} fresh @param {ReadonlyMap<string, Result>} all @param {readonly string[]} failures */
function conclude(fresh, all, failures) {
  const survivors = fresh.filter(({ caught }) => caught === 'survivor').map(({ key }) => key)
  console.log(
    `\n${fresh.filter(({ caught }) => caught === 'swarm' || caught === 'test').length} of ${fresh.length} found${survivors.length === 0 ? '' : `; survivors: ${survivors.join(' ')}`}`,
  )
  if (keepsTable) {
    const { planted, caught, bySwarm } = counts(all)
    console.log(`docs/mutants.md: ${planted} entries planted, ${caught} found, ${bySwarm} of them by the swarm`)
  }
  for (const failure of failures) console.log(`the clean build fails as well, which proves nothing: ${failure}`)
  if (values.quick && survivors.length > 0) process.exitCode = 1
}
