// @ts-check
/** What the mutation runner prints: one paragraph per mutant, and on a terminal a last line that says what goes on. */

/** @typedef {import('./runner.mjs').Result} Result */

export class Progress {
  #total
  #done = 0
  #found = 0
  #startedMs = performance.now()
  /** What runs, how many runs so far, since when. @type {Map<string, { runs: number, sinceMs: number }>} */
  #running = new Map()
  #live = process.stdout.isTTY === true

  /** @param {number} total */
  constructor(total) {
    this.#total = total
  }

  /** @param {string} key @param {number} runs */
  at(key, runs) {
    const sinceMs = this.#running.get(key)?.sinceMs ?? performance.now()
    this.#running.set(key, { runs, sinceMs })
    this.#line()
  }

  /** @param {import('./catalogue.mjs').Mutant} mutant @param {Result} result @param {boolean} known */
  done({ key, title }, { caught, by, message, runs, profile, seed, timedOut }, known) {
    const seconds = (performance.now() - (this.#running.get(key)?.sinceMs ?? performance.now())) / 1000
    this.#running.delete(key)
    this.#done += 1
    if (caught === 'swarm' || caught === 'test') this.#found += 1
    this.#clear()
    const head = `[${String(this.#done).padStart(3)}/${this.#total}] ${key.padEnd(5)}${known ? 'known' : `${seconds.toFixed(0).padStart(3)} s`}  `
    const indent = ' '.repeat(13)
    if (caught === 'unplantable') console.log(`${head}not plantable: ${title}`)
    else if (caught === 'survivor') console.log(`${head}SURVIVES ${runs} runs${timedOut ? ' (time is over)' : ''}: ${title}`)
    else if (caught === 'test') console.log(`${head}${title}\n${indent}found by ${by}${runs === 0 ? '' : `, not by ${runs} runs`}`)
    else {
      console.log(`${head}${title}\n${indent}${by} in run ${runs}: ${message.split('\n')[0]?.slice(0, 180)}`)
      console.log(`${indent}npm run mutants -- --replay ${key} --profile ${profile} --seed ${seed}`)
    }
    this.#line()
  }

  end() {
    this.#clear()
  }

  #line() {
    if (!this.#live) return
    const minutes = (performance.now() - this.#startedMs) / 60_000
    const now = [...this.#running].map(([key, { runs }]) => `${key} run ${runs + 1}`).join(', ')
    const text = `${this.#done} of ${this.#total} done, ${this.#found} found, ${minutes.toFixed(1)} min; now ${now}`
    process.stdout.write(`\r\u{1B}[K${text.slice(0, (process.stdout.columns ?? 80) - 1)}`)
  }

  #clear() {
    if (this.#live) process.stdout.write('\r\u{1B}[K')
  }
}
