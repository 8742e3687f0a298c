// @ts-check
/** Runs mutants until something finds them, or the budget is spent. */
import { FIRST } from './catalogue.mjs'
import { failingTest, SeedRunner } from './processes.mjs'

/**
 * @typedef {object} Result
 * @property {string} key
 * @property {'swarm' | 'test' | 'survivor' | 'unplantable'} caught
 * @property {string} by Invariant, or test.
 * @property {string} message
 * @property {number} runs Runs of the swarm until it was found, or that found nothing.
 * @property {string} profile
 * @property {number} seed
 * @property {boolean} [timedOut] The time for this mutant was over before the number of runs was.
 */

/**
 * @typedef {object} Limits
 * @property {number | null} seeds At most so many runs of the swarm for each mutant; null: as the mutant says.
 * @property {number} seconds At most so many seconds of the processor's time on the swarm for each mutant: what else the machine does is left out.
 * @property {boolean} tests Whether tests may find what the swarm does not.
 */

export const DEFAULT_BUDGET = 200

/** Says nothing about the code: the search for an order was cut off. */
const UNDECIDED = 'linearizability-undecided'

/** The run with this number (from 0): the profiles in turn, each with seeds from 1 on. @param {readonly string[]} profiles @param {number} at */
export function taskAt(profiles, at) {
  return { profile: profiles[at % profiles.length] ?? 'default', seed: 1 + Math.floor(at / profiles.length) }
}

/** Knows which runs and tests pass on the clean build: what fails there as well proves nothing. */
export class Control {
  /** @type {Map<string, Promise<boolean>>} */
  #known = new Map()
  #runner = new SeedRunner('')
  #turn = Promise.resolve()
  /** @type {string[]} */
  failures = []

  /** @param {string} profile @param {number} seed */
  passes(profile, seed) {
    return this.#once(`${profile} ${seed}`, async () => (await this.#runner.run(profile, seed)).invariant)
  }

  /** @param {readonly string[]} files */
  testsPass(files) {
    return this.#once(files.join(' '), () => failingTest('', files))
  }

  /** @param {string} name @param {() => Promise<string | null>} check */
  #once(name, check) {
    let known = this.#known.get(name)
    if (known === undefined) {
      known = this.#turn.then(check).then((failure) => {
        if (failure !== null && failure !== UNDECIDED) this.failures.push(`${name}: ${failure}`)
        return failure === null
      })
      this.#turn = known.then(() => undefined)
      this.#known.set(name, known)
    }
    return known
  }

  stop() {
    this.#runner.stop()
  }
}

/** Runs of the swarm that a mutant gets. @param {import('./catalogue.mjs').Mutant} mutant @param {number | null} seeds */
export function budgetOf(mutant, seeds) {
  if ((mutant.swarm ?? []).length === 0) return 0
  const most = FIRST.includes(mutant.key) ? DEFAULT_BUDGET : (mutant.budget ?? DEFAULT_BUDGET)
  return seeds === null ? most : Math.min(seeds, most)
}

/**
 * @param {import('./catalogue.mjs').Mutant} mutant
 * @param {Control} control
 * @param {Limits} limits
 * @param {(runs: number) => void} [onRun] Told before each run of the swarm.
 * @returns {Promise<Result>}
 */
export async function hunt(mutant, control, limits, onRun = () => undefined) {
  const { key } = mutant
  const nothing = { key, by: '', message: mutant.reason ?? '', runs: 0, profile: '', seed: 0 }
  if (mutant.patches.length === 0) return { ...nothing, caught: 'unplantable' }
  const { found, runs, timedOut } = await swarm(mutant, control, limits, onRun)
  if (found !== null) return found
  if (limits.tests && mutant.tests !== undefined) {
    const by = await failingTest(key, mutant.tests)
    if (by !== null && (await control.testsPass(mutant.tests))) return { ...nothing, caught: 'test', by, runs }
  }
  return { ...nothing, caught: 'survivor', runs, timedOut }
}

/**
 * @param {import('./catalogue.mjs').Mutant} mutant @param {Control} control @param {Limits} limits @param {(runs: number) => void} onRun
 * @returns {Promise<{ found: Result | null, runs: number, timedOut: boolean }>}
 */
async function swarm(mutant, control, { seeds, seconds }, onRun) {
  const { key, swarm: profiles = [] } = mutant
  const budget = budgetOf(mutant, seeds)
  let leftMs = seconds * 1000
  const runner = new SeedRunner(key)
  try {
    for (let at = 0; at < budget; at++) {
      if (leftMs <= 0) return { found: null, runs: at, timedOut: true }
      onRun(at)
      const { profile, seed } = taskAt(profiles, at)
      const { invariant, message, cpuMs = 1000 } = await runner.run(profile, seed)
      leftMs -= cpuMs
      if (invariant === null || invariant === UNDECIDED || !(await control.passes(profile, seed))) continue
      return { found: { key, caught: 'swarm', by: invariant, message, runs: at + 1, profile, seed }, runs: at + 1, timedOut: false }
    }
    return { found: null, runs: budget, timedOut: false }
  } finally {
    runner.stop()
  }
}
