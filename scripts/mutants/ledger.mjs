// @ts-check
/** What is known of each mutant on one build: kept in a file per build, so that a run that was cut off goes on where it was. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { catalogue } from './catalogue.mjs'

/** @typedef {import('./runner.mjs').Result} Result */
/** @typedef {Result & { readonly plan: string }} Kept */

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

/** The one full run that docs/mutants.md tells of. @param {string} build @param {ReadonlyMap<string, Result>} results */
export function writeRecord(build, results) {
  const list = [...results.values()].map(({ key, caught, by, runs, profile, seed, timedOut }) => ({
    key,
    caught,
    by,
    runs,
    profile,
    seed,
    ...(timedOut ? { timedOut } : {}),
  }))
  writeFileSync(RECORD, `${JSON.stringify({ build, results: list }, null, 2)}\n`)
}
