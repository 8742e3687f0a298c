// @ts-check
/**
 * npm run mutants: plants the known hard bugs of Raft systems one by one and tells what finds them.
 *
 *   --only A1,B7        these mutants, or entries with all their variants
 *   --first-twenty      the twenty entries that matter most, each within 200 runs
 *   --seeds N           at most N runs of the swarm for each (default 200, or what the mutant says)
 *   --seconds N         at most N seconds of the processor on the swarm for each (default 200)
 *   --jobs N            so many at a time (default: one per core)
 *   --again             also what is known of this build
 *   --json FILE         writes the results there
 *   --no-tests          the swarm only
 *   --no-table          leaves docs/mutants.md as it is
 *   --no-build          takes what was built last
 *   --quick             twenty mutants that are found soon: part of npm test
 *   --list              what is planted, and what is known of it on this build
 *   --replay A1 --profile P --seed N   shows one run of a mutant
 *   --help              this text
 *
 * What is found is kept for the build it was found on (node_modules/.cache/balsa-mutants): another run of the same build does what is missing.
 * docs/mutants.md and scripts/mutants/results.json follow; mutants that have not been run on this build keep what is known of an earlier one.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { catalogue, entryOf, FIRST_TWENTY, mutantOf, patchedFiles } from './mutants/catalogue.mjs'
import { buildHash, Ledger, updateRecord } from './mutants/ledger.mjs'
import { SeedRunner } from './mutants/processes.mjs'
import { Progress } from './mutants/progress.mjs'
import { budgetOf, Control, hunt } from './mutants/runner.mjs'
import { counts, document } from './mutants/table.mjs'
import { readFlags } from './usage.mjs'

/** @typedef {import('./mutants/catalogue.mjs').Mutant} Mutant */
/** @typedef {import('./mutants/runner.mjs').Result} Result */

const values = readFlags(import.meta.url, {
  only: { type: 'string', default: '' },
  'first-twenty': { type: 'boolean', default: false },
  seeds: { type: 'string' },
  seconds: { type: 'string', default: '200' },
  jobs: { type: 'string' },
  again: { type: 'boolean', default: false },
  json: { type: 'string' },
  'no-tests': { type: 'boolean', default: false },
  'no-table': { type: 'boolean', default: false },
  'no-build': { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  replay: { type: 'string' },
  profile: { type: 'string', default: 'default' },
  seed: { type: 'string', default: '1' },
})

/** One of each kind, found within a few runs. */
const QUICK = 'A2 A3 A4 B1 B4 B5 B8 B9 B11 B13 B17 C5 C7 C8 C18 D2 D5 F2 G2 G8'.split(' ')

const root = fileURLToPath(new URL('..', import.meta.url))

if (!values['no-build']) build()
if (values.list) list()
else if (values.replay === undefined) await huntAll()
else await replay(values.replay)

function build() {
  const { status } = spawnSync('npx', ['tsc', '-b'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}

function list() {
  const results = new Ledger(buildHash()).results()
  for (const { key, title, patches } of chosen()) {
    const result = results.get(key)
    const state = patches.length === 0 ? 'not plantable' : result === undefined ? 'not run' : result.caught
    console.log(`${key.padEnd(5)} ${state.padEnd(14)} ${title}`)
  }
}

/** @param {string} key */
async function replay(key) {
  const runner = new SeedRunner(mutantOf(key).key)
  const { invariant, message, tail } = await runner.run(values.profile, whole('seed', values.seed), false)
  runner.stop()
  for (const line of tail) console.log(line)
  console.log(invariant === null ? `${key}: nothing found by ${values.profile} ${values.seed}` : `${key}: ${invariant}\n${message}`)
}

async function huntAll() {
  const mutants = chosen()
  // All patches must fit before hours are spent.
  for (const mutant of mutants) patchedFiles(mutant)
  const limits = {
    seeds: values.seeds === undefined ? null : whole('seeds', values.seeds),
    seconds: whole('seconds', values.seconds),
    tests: !values['no-tests'],
  }
  const ledger = new Ledger(buildHash())
  const control = new Control()
  const progress = new Progress(mutants.length)
  /** @type {Result[]} */
  const fresh = []
  const queue = [...mutants]
  const lane = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const { key } = mutant
      // The short run of npm test proves that the machinery works: it believes nothing, and is not the record.
      const known = values.again || values.quick ? undefined : ledger.get(mutant, budgetOf(mutant, limits.seeds))
      const result = known ?? (await hunt(mutant, control, limits, (runs) => progress.at(key, runs)))
      fresh.push(result)
      if (known === undefined && !values.quick) ledger.put(mutant, result)
      progress.done(mutant, result, known !== undefined)
    }
  }
  const jobs = values.jobs === undefined ? availableParallelism() : Math.max(1, whole('jobs', values.jobs))
  await Promise.all(Array.from({ length: Math.min(jobs, mutants.length) }, lane))
  control.stop()
  progress.end()
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(fresh, null, 1)}\n`)
  conclude(fresh, ledger, control.failures)
}

/** @returns {readonly Mutant[]} */
function chosen() {
  const asked = values.only.split(',').filter((name) => name !== '')
  const names = values.quick ? QUICK : values['first-twenty'] ? [...FIRST_TWENTY, ...asked] : asked
  const mutants =
    names.length === 0
      ? catalogue
      : catalogue.filter((mutant) => names.includes(mutant.key) || (!values.quick && names.includes(entryOf(mutant))))
  const unknown = names.filter((name) => !mutants.some((mutant) => mutant.key === name || entryOf(mutant) === name))
  if (unknown.length > 0) fail(`there is no mutant ${unknown.join(', ')}`)
  return mutants
}

/** @param {readonly Result[]} fresh @param {Ledger} ledger @param {readonly string[]} failures */
function conclude(fresh, ledger, failures) {
  const survivors = fresh.filter(({ caught }) => caught === 'survivor').map(({ key }) => key)
  const found = fresh.filter(({ caught }) => caught === 'swarm' || caught === 'test').length
  const planted = fresh.filter(({ caught }) => caught !== 'unplantable').length
  console.log(`\nbuild ${ledger.build}: ${found} of ${planted} found${survivors.length === 0 ? '' : `; survivors: ${survivors.join(' ')}`}`)
  for (const failure of failures) console.log(`the clean build fails as well, which proves nothing: ${failure}`)
  if (values.quick) {
    if (survivors.length > 0) process.exitCode = 1
    return
  }
  if (values['no-table']) return
  const record = updateRecord(ledger.build, ledger.results())
  writeFileSync(fileURLToPath(new URL('../docs/mutants.md', import.meta.url)), document(ledger.build, record))
  const total = counts(record)
  console.log(`docs/mutants.md: ${total.planted} entries planted, ${total.caught} found, ${total.bySwarm} of them by the swarm`)
}

/** @param {string} name @param {string} text */
function whole(name, text) {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) fail(`--${name} must be a whole number, not ${text}`)
  return value
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`mutants: ${message}`)
  process.exit(2)
}
