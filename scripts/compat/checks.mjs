// @ts-check
import { spawn } from 'node:child_process'

/** Counts what works, and says at once what does not. */
export class Checks {
  passes = 0
  failures = 0
  #name

  /** @param {string} name */
  constructor(name) {
    this.#name = name
  }

  /** @param {string} what @param {() => unknown} check throws when it does not hold */
  async check(what, check) {
    try {
      await check()
      this.passes += 1
      process.stdout.write(`  ok    ${this.#name}: ${what}\n`)
    } catch (error) {
      this.failed(what, error)
    }
  }

  /** @param {string} what @param {unknown} error */
  failed(what, error) {
    this.failures += 1
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stdout.write(`  FAIL  ${this.#name}: ${what}\n${text.replace(/^/gm, '          ')}\n`)
  }

  summary() {
    return `${this.#name}: ${this.passes} of ${this.passes + this.failures} passed`
  }
}

/**
 * @typedef {object} Outcome
 * @property {number | null} code
 * @property {string} out
 * @property {string} err
 */

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ input?: string, env?: Record<string, string>, cwd?: string, timeoutMs?: number }} [options]
 * @returns {Promise<Outcome>}
 */
export function execute(program, args, { input = '', env = {}, cwd, timeoutMs = 60_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, cwd, stdio: 'pipe', timeout: timeoutMs })
    let out = ''
    let err = ''
    child.stdout.on('data', (data) => (out += data))
    child.stderr.on('data', (data) => (err += data))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, out, err }))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** Installs Debian packages unless their program is there. @param {string} program @param {readonly string[]} packages */
export async function installed(program, packages) {
  if ((await execute('sh', ['-c', `command -v ${program}`])).code === 0) return
  const { code, err } = await execute('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    timeoutMs: 600_000,
  })
  if (code !== 0) throw new Error(`apt-get install ${packages.join(' ')}: ${err.slice(-500)}`)
}

/** @param {string} text @param {string | RegExp} part */
export function includes(text, part) {
  if (typeof part === 'string' ? !text.includes(part) : !part.test(text)) throw new Error(`expected ${part} in:\n${text.slice(0, 2000)}`)
}

/** @param {unknown} actual @param {unknown} expected */
export function equal(actual, expected) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`expected ${b}, got ${a}`)
}

/** A program that goes on until it is ended; its output can be waited for. */
export class Running {
  /** @type {Set<Running>} */
  static all = new Set()
  out = ''
  err = ''
  #child
  /** @type {Promise<number | null>} */
  ended
  /** @type {Set<() => void>} */
  #looks = new Set()

  /** @param {string} program @param {readonly string[]} args @param {{ env?: Record<string, string>, cwd?: string }} [options] */
  constructor(program, args, { env = {}, cwd } = {}) {
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, cwd, stdio: 'pipe' })
    this.#child.stdout.on('data', (data) => this.#add(() => (this.out += data)))
    this.#child.stderr.on('data', (data) => this.#add(() => (this.err += data)))
    this.#child.stdin.on('error', () => {})
    Running.all.add(this)
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        Running.all.delete(this)
        resolve(code)
      })
    })
  }

  /** @param {string} text */
  type(text) {
    this.#child.stdin.write(text)
  }

  /** @param {string | RegExp} part @param {number} [timeoutMs] */
  async until(part, timeoutMs = 20_000) {
    const has = () => (typeof part === 'string' ? this.out.includes(part) : part.test(this.out))
    if (has()) return
    await new Promise((resolve, reject) => {
      const look = () => {
        if (!has()) return
        clearTimeout(timer)
        this.#looks.delete(look)
        resolve(undefined)
      }
      const timer = setTimeout(() => {
        this.#looks.delete(look)
        reject(new Error(`waited ${timeoutMs} ms for ${part}; there is:\n${this.out}\n${this.err}`))
      }, timeoutMs)
      this.#looks.add(look)
    })
  }

  /** @param {NodeJS.Signals} [signal] */
  async end(signal = 'SIGINT') {
    this.#child.kill(signal)
    return this.ended
  }

  /** @param {() => void} add */
  #add(add) {
    add()
    for (const look of this.#looks) look()
  }
}
