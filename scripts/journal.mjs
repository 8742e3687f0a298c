// @ts-check
/**
 * Writers that append numbered pieces through sessions, and the proof over what they wrote: every acknowledged piece is there exactly once and
 * in order, an unknown one at most once, a refused one never.
 */
import { connect } from '../packages/balsa/dist/index.js'

/** @typedef {'acknowledged' | 'unknown' | 'refused'} Outcome */

/** A piece names its writer and its number: `w3:17;`. @param {number} writer @param {number} number */
const piece = (writer, number) => `w${writer}:${number};`

export class Journal {
  /** Times of all acknowledgements, in order (ms, monotonic). @type {number[]} */
  acknowledgedAt = []
  /** Per writer and piece number: how it ended. @type {Outcome[][]} */
  outcomes = []
  /** @type {Map<string, number>} */
  errors = new Map()
  #stop = false
  /** @type {Promise<void>[]} */
  #running = []
  #endpoints
  #prefix
  #thinkMs

  /** @param {{ endpoints: readonly string[], writers: number, prefix?: string, thinkMs?: number }} options */
  constructor({ endpoints, writers, prefix = 'journal', thinkMs = 0 }) {
    this.#endpoints = endpoints
    this.#prefix = prefix
    this.#thinkMs = thinkMs
    this.outcomes = Array.from({ length: writers }, () => [])
  }

  start() {
    this.#running = this.outcomes.map((_, writer) => this.#write(writer))
  }

  /** @param {number} writer */
  key(writer) {
    return `${this.#prefix}/${writer}`
  }

  /** @param {number} writer */
  async #write(writer) {
    const store = await connect({ endpoints: this.#endpoints })
    const outcomes = this.outcomes[writer] ?? []
    for (let number = 0; !this.#stop; number++) {
      try {
        await store.append(this.key(writer), piece(writer, number), { deadlineMs: 20_000 })
        outcomes.push('acknowledged')
        this.acknowledgedAt.push(performance.now())
      } catch (error) {
        const { code = 'none', family = 'unknown' } = /** @type {{ code?: string, family?: string }} */ (error)
        this.errors.set(code, (this.errors.get(code) ?? 0) + 1)
        outcomes.push(family === 'refused' ? 'refused' : 'unknown')
      }
      if (this.#thinkMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#thinkMs))
    }
    await store.close()
  }

  async stop() {
    this.#stop = true
    await Promise.all(this.#running)
  }

  get acknowledged() {
    return this.acknowledgedAt.length
  }

  /** Longest time without any acknowledgement between two moments (ms). @param {number} from @param {number} [to] */
  longestGapMs(from, to = performance.now()) {
    let longest = 0
    let previous = from
    for (const at of this.acknowledgedAt) {
      if (at < from) continue
      if (at > to) break
      longest = Math.max(longest, at - previous)
      previous = at
    }
    return Math.max(longest, to - previous)
  }

  /**
   * Reads everything back and compares.
   * @param {readonly string[]} [endpoints] where to read, when it is not where it was written
   * @returns {Promise<{ acknowledged: number, unknown: number, refused: number, found: number, lost: number, duplicated: number, disordered: number, foreign: number, problems: string[] }>}
   */
  async verify(endpoints = this.#endpoints) {
    const store = await connect({ endpoints })
    const total = {
      acknowledged: 0,
      unknown: 0,
      refused: 0,
      found: 0,
      lost: 0,
      duplicated: 0,
      disordered: 0,
      foreign: 0,
      problems: /** @type {string[]} */ ([]),
    }
    for (const [writer, outcomes] of this.outcomes.entries()) {
      const entry = await store.get(this.key(writer), { deadlineMs: 20_000 })
      const text = entry === null ? '' : entry.text()
      check(writer, outcomes, text, total)
    }
    await store.close()
    return total
  }
}

/**
 * @param {number} writer
 * @param {readonly Outcome[]} outcomes
 * @param {string} text
 * @param {Awaited<ReturnType<Journal['verify']>>} total
 */
function check(writer, outcomes, text, total) {
  /** @type {Map<number, number>} */
  const seen = new Map()
  let previous = -1
  for (const part of text.split(';').slice(0, -1)) {
    const number = Number(/^w(\d+):(\d+)$/.exec(part)?.[2] ?? Number.NaN)
    if (part !== piece(writer, number).slice(0, -1) || number >= outcomes.length || outcomes[number] === 'refused') {
      total.foreign++
      total.problems.push(`writer ${writer}: found ${JSON.stringify(part)}, which was never accepted`)
      continue
    }
    total.found++
    seen.set(number, (seen.get(number) ?? 0) + 1)
    if (seen.get(number) === 2) {
      total.duplicated++
      total.problems.push(`writer ${writer}: piece ${number} is there twice`)
    }
    if (number < previous) {
      total.disordered++
      total.problems.push(`writer ${writer}: piece ${number} comes after ${previous}`)
    }
    previous = number
  }
  for (const [number, outcome] of outcomes.entries()) {
    total[outcome]++
    if (outcome === 'acknowledged' && !seen.has(number)) {
      total.lost++
      total.problems.push(`writer ${writer}: piece ${number} was acknowledged and is gone`)
    }
  }
}
