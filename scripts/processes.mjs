// @ts-check
/** How the scripts start other programs: own process group, a deadline, output kept or shown, nothing left behind. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Some tools take FORCE_COLOR=0 for yes, some colour whenever they find a CI, whatever NO_COLOR says. A captured log stays plain. */
const onTerminal = process.stdout.isTTY === true
const environment = { ...process.env }
delete environment['FORCE_COLOR']
if (onTerminal) environment['FORCE_COLOR'] = '1'
else environment['NO_COLOR'] = '1'

/** Process groups that are still running, so that an interrupted script takes them along. */
const running = new Set()

/** @param {number} group @param {NodeJS.Signals} signal */
function signalGroup(group, signal) {
  try {
    process.kill(-group, signal)
  } catch (error) {
    // The group has ended meanwhile, which is what was wanted.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error
  }
}

for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])) {
  process.once(signal, () => {
    for (const group of running) signalGroup(group, 'SIGKILL')
    process.exit(code)
  })
}

/**
 * @typedef {object} Finished
 * @property {number} exitCode 0 only when the program ended well; 124 when it reached its deadline, 127 when it could not be started.
 * @property {string} output Standard output and error, in order of arrival; empty when shown directly.
 * @property {number} elapsedMs
 */

/**
 * Runs a program to its end. Children that it leaves in its process group are killed.
 * @param {readonly string[]} command
 * @param {{ show?: boolean, deadlineMs?: number, env?: Record<string, string> }} [options]
 * @returns {Promise<Finished>}
 */
export function run(command, options = {}) {
  const { show = false, deadlineMs = 600_000, env = {} } = options
  const started = performance.now()
  const [program = '', ...rest] = command
  const child = spawn(program, rest, {
    cwd: root,
    detached: true,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    env: { ...environment, ...env },
  })
  const { pid } = child
  if (pid !== undefined) running.add(pid)
  /** @type {Buffer[]} */
  const pieces = []
  child.stdout?.on('data', (piece) => pieces.push(piece))
  child.stderr?.on('data', (piece) => pieces.push(piece))

  return new Promise((resolve) => {
    let late = false
    const timer = setTimeout(() => {
      late = true
      if (pid !== undefined) signalGroup(pid, 'SIGKILL')
    }, deadlineMs)
    /** @param {number} exitCode @param {string} note */
    const finish = (exitCode, note) => {
      clearTimeout(timer)
      if (pid !== undefined) running.delete(pid)
      const text = Buffer.concat(pieces).toString() + note
      resolve({ exitCode, output: onTerminal ? text : stripVTControlCharacters(text), elapsedMs: performance.now() - started })
    }
    child.once('error', (error) => finish(127, `${program}: ${error.message}\n`))
    // 'exit' comes before 'close': a grandchild that holds the pipe open would otherwise keep us waiting for ever.
    child.once('exit', () => {
      if (pid !== undefined) signalGroup(pid, 'SIGKILL')
    })
    child.once('close', (code, signal) => {
      if (late) finish(124, `\nstopped after ${deadlineMs / 1000} s without an end\n`)
      else finish(code ?? 1, signal === null ? '' : `\nended by ${signal}\n`)
    })
  })
}

/** A program of an installed development dependency. @param {string} name */
export const tool = (name) => `${root}node_modules/.bin/${name}`

/** @param {number} elapsedMs */
export const seconds = (elapsedMs) => `${(elapsedMs / 1000).toFixed(1)} s`
