// @ts-check
/** Runs mutants until something finds them, or the budget is spent. */
import { FIRST, entryOf } from './catalogue.mjs'
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

/** @param {import('./catalogue.mjs').Mutant} mutant @param {number | null} seeds */
export function budgetOf(mutant, seeds) {
  const most = FIRST.includes(entryOf(mutant)) ? DEFAULT_BUDGET : (mutant.budget ?? DEFAULT_BUDGET)
  return seeds === null ? most : Math.min(seeds, mutant.budget ?? seeds)
}

/**
 * @param {import('./catalogue.mjs').Mutant} mutant
 * @param {Control} control
 * @param {{ seeds: number | null, tests: boolean }} options
 * @returns {Promise<Result>}
 */
export async function hunt(mutant, control, { seeds, tests }) {
  const { key } = mutant
  const nothing = { key, by: '', message: mutant.reason ?? '', runs: 0, profile: '', seed: 0 }
  if (mutant.patches.length === 0) return { ...nothing, caught: 'unplantable' }
  const profiles = mutant.swarm ?? []
  const budget = profiles.length === 0 ? 0 : budgetOf(mutant, seeds)
  const found = await swarm(mutant, control, profiles, budget)
  if (found !== null) return found
  if (tests && mutant.tests !== undefined) {
    const by = await failingTest(key, mutant.tests)
    if (by !== null && (await control.testsPass(mutant.tests))) return { ...nothing, caught: 'test', by, runs: budget }
  }
  return { ...nothing, caught: 'survivor', runs: budget }
}

/**
 * @param {import('./catalogue.mjs').Mutant} mutant @param {Control} control @param {readonly string[]} profiles @param {number} budget
 * @returns {Promise<Result | null>}
 */
async function swarm({ key }, control, profiles, budget) {
  const runner = new SeedRunner(key)
  try {
    for (let at = 0; at < budget; at++) {
      const { profile, seed } = taskAt(profiles, at)
      const { invariant, message } = await runner.run(profile, seed)
      if (invariant === null || invariant === UNDECIDED) continue
      if (await control.passes(profile, seed)) return { key, caught: 'swarm', by: invariant, message, runs: at + 1, profile, seed }
    }
    return null
  } finally {
    runner.stop()
  }
}
