// @ts-check
/** What is known of each mutant on one build: kept in a file per build, so that a run that was cut off goes on where it was. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { catalogue } from './catalogue.mjs'

/** @typedef {import('./runner.mjs').Result} Result */
/** @typedef {Result & { readonly plan: string }} Kept */
/** @typedef {Kept & { readonly build: string }} Recorded */

const root = new URL('../../', import.meta.url)
const folder = new URL('node_modules/.cache/balsa-mutants/', root)
/** The record that the table is made from; part of the repository. */
const RECORD = new URL('results.json', import.meta.url)

const short = (/** @type {import('node:crypto').Hash} */ hash) => hash.digest('hex').slice(0, 12)

/** Of everything that a run of the swarm executes: the built engine, store and simulator. */
export function buildHash() {
  const hash = createHash('sha256')
  for (const name of ['raft', 'kv', 'sim']) {
    const dist = new URL(`packages/${name}/dist/`, root)
    const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
    for (const file of files.sort()) hash.update(`${name}/${file}\0`).update(readFileSync(new URL(file, dist)))
  }
  return short(hash)
}

/** Of what is planted and where it is looked for. @param {import('./catalogue.mjs').Mutant} mutant */
const planOf = ({ patches, swarm, tests }) => short(createHash('sha256').update(JSON.stringify([patches, swarm, tests])))

export class Ledger {
  #path
  /** @type {Map<string, Kept>} */
  #kept = new Map()

  /** @param {string} build */
  constructor(build) {
    this.build = build
    this.#path = fileURLToPath(new URL(`${build}.json`, folder))
    mkdirSync(folder, { recursive: true })
    if (!existsSync(this.#path)) return
    for (const kept of /** @type {Kept[]} */ (JSON.parse(readFileSync(this.#path, 'utf8')))) this.#kept.set(kept.key, kept)
  }

  /**
   * What was found before, unless the mutant is another one by now, or it survived fewer runs than there may be now.
   * @param {import('./catalogue.mjs').Mutant} mutant @param {number} budget
   */
  get(mutant, budget) {
    const kept = this.#kept.get(mutant.key)
    if (kept === undefined || kept.plan !== planOf(mutant)) return undefined
    return kept.caught === 'survivor' && !kept.timedOut && kept.runs < budget ? undefined : kept
  }

  /** @param {import('./catalogue.mjs').Mutant} mutant @param {Result} result */
  put(mutant, result) {
    this.#kept.set(mutant.key, { ...result, message: result.message.slice(0, 400), plan: planOf(mutant) })
    const text = `${JSON.stringify([...this.#kept.values()], null, 1)}\n`
    writeFileSync(`${this.#path}.new`, text)
    renameSync(`${this.#path}.new`, this.#path)
  }

  /** Results of this build, in the order of the catalogue. @returns {Map<string, Result>} */
  results() {
    return new Map(
      catalogue.flatMap((mutant) => {
        const kept = this.get(mutant, 0)
        return kept === undefined ? [] : [[mutant.key, kept]]
      }),
    )
  }
}

/**
 * What docs/mutants.md tells: the results of this build, and of the last build before it for mutants that have not been run on this one.
 * @param {string} build @param {ReadonlyMap<string, Result>} results @returns {Map<string, Recorded>}
 */
export function updateRecord(build, results) {
  /** @type {{ results: Recorded[] }} */
  const before = existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')) : { results: [] }
  /** @type {Map<string, Recorded>} */
  const merged = new Map()
  for (const mutant of catalogue) {
    const plan = planOf(mutant)
    const fresh = results.get(mutant.key)
    const old = before.results.find((each) => each.key === mutant.key && each.plan === plan)
    if (fresh !== undefined) merged.set(mutant.key, { ...recorded(fresh), build, plan })
    else if (old !== undefined) merged.set(mutant.key, old)
  }
  writeFileSync(RECORD, `${JSON.stringify({ build, results: [...merged.values()] }, null, 2)}\n`)
  return merged
}

/** @param {Result} result @returns {Result} */
const recorded = ({ key, caught, by, runs, profile, seed, timedOut }) => ({
  key,
  caught,
  by,
  message: '',
  runs,
  profile,
  seed,
  ...(timedOut === true ? { timedOut } : {}),
})
