#!/usr/bin/env node
// @ts-check
/**
 * npm run sim: whole clusters of production code under virtual time, one seed after the other, on all cores.
 *
 *   --seeds N      how many seeds (default 100)
 *   --from S       the first one (default 1)
 *   --profile P    one mix of faults for all of them; without it each seed draws its own
 *   --replay S     one seed, with the end of its trace
 *   --trace FILE   with --replay: the whole trace goes there
 *   --demand-marks fails when a mark was never reached (of 1,000 seeds or more)
 *   --measure M    speed: how much faster than real time; --for S: seconds of computing for each load (default 10)
 *                  transfer, failover: time without writes when leadership moves, over --seeds; idle: elections in an idle hour, over --seeds
 *   --marks        lists every counter, not only what was never reached
 *   --no-build     takes what was built last
 */
import { fork, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { readFlags } from './usage.mjs'

/** @typedef {import('@balsa/sim').SeedReport} SeedReport */
/** @typedef {import('@balsa/sim').Profile} Profile */

/** A run keeps what it makes for a while: a larger nursery spares moving it twice. */
const NODE_FLAGS = ['--max-semi-space-size=64', '--min-semi-space-size=32']

const root = fileURLToPath(new URL('..', import.meta.url))
const values = readFlags(import.meta.url, {
  seeds: { type: 'string', default: '100' },
  from: { type: 'string', default: '1' },
  profile: { type: 'string', default: 'swarm' },
  replay: { type: 'string' },
  trace: { type: 'string' },
  marks: { type: 'boolean', default: false },
  'demand-marks': { type: 'boolean', default: false },
  measure: { type: 'string' },
  for: { type: 'string', default: '10' },
  'no-build': { type: 'boolean', default: false },
})

if (!values['no-build']) {
  const build = spawnSync('npx', ['tsc', '-b', 'packages/sim'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (build.status !== 0) process.exit(build.status ?? 1)
}
const { Coverage, expectedMarks, PROFILES, runSeed } = await import('../packages/sim/dist/index.js')
const profile = /** @type {Profile} */ (values.profile)
if (!PROFILES.includes(profile)) fail(`no profile named ${values.profile}. Profiles: ${PROFILES.join(', ')}`)

if (values.measure !== undefined) await measure(values.measure)
else if (values.replay === undefined) await batch(integer('from', values.from), integer('seeds', values.seeds))
else await replay(integer('replay', values.replay))

/**
 * In a process of its own, which alone can have a larger nursery.
 * @param {string} what
 */
async function measure(what) {
  const calls = { speed: 'printSpeed', transfer: 'printTransfer', failover: 'printFailover', idle: 'printIdle' }
  if (!Object.hasOwn(calls, what)) fail(`--measure knows ${Object.keys(calls).join(', ')}, not ${what}`)
  const name = calls[/** @type {keyof typeof calls} */ (what)]
  const file = (what === 'speed' ? new URL('sim/speed.mjs', import.meta.url) : new URL('sim/leadership.mjs', import.meta.url)).href
  const seeds = `${integer('seeds', values.seeds)}, ${integer('from', values.from)}`
  const given = what === 'speed' ? `${integer('for', values.for)}` : seeds
  const code = `const { ${name} } = await import(${JSON.stringify(file)}); if ((await ${name}(${given})) === false) process.exitCode = 1`
  const { status } = spawnSync(process.execPath, [...NODE_FLAGS, '--input-type=module', '--eval', code], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}

/** @param {number} seed */
async function replay(seed) {
  /** @type {string[]} */
  const lines = []
  const report = await runSeed(seed, { profile, globals: globalThis, onTrace: (line) => lines.push(line) })
  if (values.trace !== undefined) writeFileSync(values.trace, `${lines.join('\n')}\n`)
  if (report.violation === null) {
    const { size, virtualMs, events, operations, traceHash } = report
    console.log(
      `seed ${seed} (${report.profile}): ${size} members, ${(virtualMs / 1000).toFixed(1)} s, ${events} events, ${operations.ok} calls answered. Nothing wrong. Trace ${traceHash}`,
    )
    return
  }
  console.log(failure(report))
  process.exitCode = 1
}

/** @param {number} from @param {number} count */
async function batch(from, count) {
  const startedMs = performance.now()
  const coverage = new Coverage()
  const totals = { done: 0, failed: 0, virtualMs: 0, events: 0, ok: 0, fail: 0, unknown: 0 }
  /** @param {SeedReport} report */
  const take = (report) => {
    totals.done++
    totals.virtualMs += report.virtualMs
    totals.events += report.events
    totals.ok += report.operations.ok
    totals.fail += report.operations.fail
    totals.unknown += report.operations.unknown
    coverage.merge(report.coverage)
    if (report.violation === null) return
    totals.failed++
    console.log(failure(report))
  }
  await spread(from, count, take)
  const seconds = (performance.now() - startedMs) / 1000
  const hours = totals.virtualMs / 3_600_000
  const missed = summary(coverage)
  console.log(
    `${totals.done} seeds in ${seconds.toFixed(1)} s: ${(totals.done / seconds).toFixed(1)} seeds/s, ${((hours / seconds) * 60).toFixed(2)} virtual hours per real minute ` +
      `(${(totals.virtualMs / 1000 / seconds).toFixed(0)} times real time), ${(totals.events / seconds / 1000).toFixed(0)} k events/s`,
  )
  console.log(
    `${totals.ok} calls of clients answered, ${totals.fail} refused, ${totals.unknown} of unknown outcome; elections won: ${coverage.count('elections won')}`,
  )
  console.log(totals.failed === 0 ? 'no violation' : `${totals.failed} of ${totals.done} seeds violated an invariant`)
  if (totals.failed > 0) process.exitCode = 1
  if (!values['demand-marks'] || missed === 0) return
  if (count < 1000) fail('--demand-marks needs --seeds 1000 or more')
  console.log(`${missed} marks were never reached`)
  process.exitCode = 1
}

/**
 * Gives seeds to one process per core, as each asks for more.
 * @param {number} from @param {number} count @param {(report: SeedReport) => void} take
 */
async function spread(from, count, take) {
  let next = from
  const workers = Math.max(1, Math.min(availableParallelism(), count))
  await Promise.all(
    Array.from(
      { length: workers },
      () =>
        new Promise((resolve, reject) => {
          const worker = fork(fileURLToPath(new URL('sim/worker.mjs', import.meta.url)), { execArgv: NODE_FLAGS })
          const more = () => {
            if (next >= from + count) worker.disconnect()
            else worker.send({ seed: next++, profile })
          }
          worker.on('message', (/** @type {SeedReport} */ report) => {
            take(report)
            more()
          })
          worker.once('error', reject)
          worker.once('exit', (code) => (code === 0 ? resolve(undefined) : reject(new Error(`a worker ended with ${code}`))))
          more()
        }),
    ),
  )
}

/** @param {InstanceType<typeof Coverage>} coverage */
function summary(coverage) {
  const expected = expectedMarks()
  const missed = expected.filter((mark) => coverage.count(mark) === 0)
  const rare = expected.filter((mark) => coverage.count(mark) > 0 && coverage.count(mark) < 5)
  if (values.marks) for (const [mark, times] of Object.entries(coverage.toRecord())) console.log(`${String(times).padStart(10)}  ${mark}`)
  console.log(`marks: ${expected.length - missed.length} of ${expected.length} reached`)
  if (rare.length > 0) console.log(`  reached less than 5 times: ${rare.join('; ')}`)
  if (missed.length > 0) console.log(`  never reached: ${missed.join('; ')}`)
  return missed.length
}

/** @param {SeedReport} report */
function failure({ seed, profile: drawn, size, violation }) {
  if (violation === null) return ''
  const chosen = profile === 'swarm' ? '' : ` --profile ${profile}`
  return [
    `seed ${seed} (${drawn}, ${size} members) violates ${violation.invariant}`,
    ...violation.tail,
    violation.message,
    ...(violation.invariant === 'unexpected-error' ? [violation.stack] : []),
    `again: npm run sim -- --replay ${seed}${chosen}`,
    '',
  ].join('\n')
}

/** @param {string} name @param {string} text */
function integer(name, text) {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) fail(`--${name} must be a whole number, not ${text}`)
  return value
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`sim: ${message}`)
  process.exit(2)
}
