// @ts-check
/** Processes of the mutation runner: one that runs seeds, and the tests under a planted bug. */
import { fork, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url))
const root = here('../..')

/** @typedef {{ invariant: string | null, message: string, tail: readonly string[], traceHash?: string, cpuMs?: number }} Outcome */

/** A run that computes for longer, of usually a second or two, will not end. */
const RUN_LIMIT_CPU_MS = 30_000
/** Where nobody tells how long a process has computed, this decides. */
const RUN_LIMIT_MS = 600_000
const LOOK_EVERY_MS = 2000
const CLOCK_TICK_MS = 10
/** Tests of a whole package take longer. */
const TESTS_LIMIT_MS = 600_000
/** A run keeps what it makes for a while: a larger nursery spares moving it twice. */
const NODE_FLAGS = ['--max-old-space-size=1500', '--max-semi-space-size=64', '--min-semi-space-size=32']

/** How long a process has computed; null where the system does not tell. @param {number | undefined} pid */
function computedMs(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [, , , , , , , , , , , user = '', system = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(user) + Number(system)) * CLOCK_TICK_MS
  } catch {
    return null
  }
}

/** A process with a planted bug (or none), which runs one seed after the other. */
export class SeedRunner {
  #mutant
  /** @type {import('node:child_process').ChildProcess | null} */
  #child = null

  /** @param {string} mutant Empty: the code as it is. */
  constructor(mutant) {
    this.#mutant = mutant
  }

  /** @param {string} profile @param {number} seed @param {boolean} [quiet] without the stack of errors @returns {Promise<Outcome>} */
  async run(profile, seed, quiet = true) {
    const child = (this.#child ??= await this.#start())
    return new Promise((resolve) => {
      const end = (/** @type {Outcome} */ outcome) => {
        clearInterval(timer)
        child.removeAllListeners()
        if (outcome.invariant === 'never-ends' || outcome.invariant === 'crash') this.stop()
        resolve(outcome)
      }
      const startedMs = performance.now()
      const before = computedMs(child.pid)
      const timer = setInterval(() => {
        const computed = before === null ? null : (computedMs(child.pid) ?? 0) - before
        const tooLong = performance.now() - startedMs > RUN_LIMIT_MS || (computed !== null && computed > RUN_LIMIT_CPU_MS)
        if (tooLong) end({ invariant: 'never-ends', message: `the run computed for more than ${RUN_LIMIT_CPU_MS / 1000} s`, tail: [] })
      }, LOOK_EVERY_MS)
      child.once('message', (message) => end(/** @type {Outcome} */ (message)))
      child.once('exit', (code, signal) => end({ invariant: 'crash', message: `the process ended with ${code ?? signal}`, tail: [] }))
      child.send({ profile, seed, quiet })
    })
  }

  /** @returns {Promise<import('node:child_process').ChildProcess>} */
  #start() {
    const child = fork(here('worker.mjs'), [], {
      execArgv: ['--import', new URL('preload.mjs', import.meta.url).href, ...NODE_FLAGS],
      env: { ...process.env, BALSA_MUTANT: this.#mutant },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let complaint = ''
    child.stderr?.on('data', (data) => (complaint = (complaint + data).slice(-4000)))
    return new Promise((resolve, reject) => {
      child.once('message', () => {
        child.removeAllListeners()
        resolve(child)
      })
      child.once('exit', () => reject(new Error(`the runner of ${this.#mutant || 'the clean build'} does not start:\n${complaint}`)))
    })
  }

  stop() {
    this.#child?.removeAllListeners()
    this.#child?.kill('SIGKILL')
    this.#child = null
  }
}

/**
 * The tests in these files (or folders) under a planted bug. Answers the first that failed, or null when all passed.
 * @param {string} mutant @param {readonly string[]} files
 * @returns {Promise<string | null>}
 */
export async function failingTest(mutant, files) {
  const folder = mkdtempSync(join(tmpdir(), 'balsa-mutant-'))
  const report = join(folder, 'report.json')
  try {
    const args = ['run', '--config', here('vitest.config.mjs'), '--bail=1', '--reporter=json', `--outputFile=${report}`, ...files]
    const code = await new Promise((resolve) => {
      const child = spawn(join(root, 'node_modules/.bin/vitest'), args, {
        cwd: root,
        env: { ...process.env, BALSA_MUTANT: mutant },
        stdio: 'ignore',
      })
      const timer = setTimeout(() => child.kill('SIGKILL'), TESTS_LIMIT_MS)
      child.once('exit', (status) => {
        clearTimeout(timer)
        resolve(status)
      })
    })
    return code === 0 ? null : nameOfFailure(report, files)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string} report @param {readonly string[]} files */
function nameOfFailure(report, files) {
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
    for (const { name, assertionResults } of testResults) {
      const failed = assertionResults.find((/** @type {{ status: string }} */ test) => test.status === 'failed')
      if (failed !== undefined) return `${String(name).replace(root, '')}: ${failed.fullName}`
    }
  } catch {
    // It ended before it could write one: it hung, or the bug broke the loading of a file.
  }
  return `${files[0]}: does not end or does not load`
}
