// @ts-check
/** The planted bugs: every entry of the list of known hard bugs of Raft systems, A to H, each as a small patch of built code. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { clients } from './catalogue/clients.mjs'
import { durability } from './catalogue/durability.mjs'
import { elections } from './catalogue/elections.mjs'
import { membership } from './catalogue/membership.mjs'
import { reads } from './catalogue/reads.mjs'
import { replication } from './catalogue/replication.mjs'
import { snapshots } from './catalogue/snapshots.mjs'

/** File below packages without `dist/` and `.js` (`raft/core/leader`), the exact text there, what takes its place. @typedef {readonly string[]} Patch */

/**
 * @typedef {object} Mutant
 * @property {string} key Entry of the list, with a letter for a further variant of it: `A4`, `A4b`.
 * @property {string} title What is planted.
 * @property {readonly Patch[]} patches Empty: it can not be planted, see `reason`.
 * @property {readonly string[]} [swarm] Profiles of the swarm that suit it, in turn.
 * @property {number} [budget] Runs of the swarm, when fewer than usual make sense.
 * @property {readonly string[]} [tests] Test files (or folders) that must fail when the swarm does not find it: for what it can not see.
 * @property {string} [reason] Why it can not be planted.
 * @property {string} [notes] Why it survives, when it does.
 */

/** @type {readonly Mutant[]} */
export const catalogue = [...elections, ...replication, ...snapshots, ...membership, ...reads, ...durability, ...clients]

/** Entries in the list: A 22, B 20, C 20, D 19, E 13, F 15, G 12, H 9. */
export const ENTRIES = 130
/** What the list wants first: found within 200 runs each. */
export const FIRST_TWENTY = 'A1 A2 A4 A6 B1 B2 B3 B7 B10 B17 C1 C4 C9 D1 D3 D5 E2 E3 F4 F13'.split(' ')
/** And what it wants next: these have as many runs. */
export const FIRST = [...FIRST_TWENTY, ...'G1 G2 G3 G4 F3 F8 A15 D9'.split(' ')]

/** @param {Mutant} mutant */
export const entryOf = ({ key }) => /^[A-H]\d+/.exec(key)?.[0] ?? key

/** @param {string} key */
export function mutantOf(key) {
  const mutant = catalogue.find((each) => each.key === key)
  if (mutant === undefined) throw new Error(`there is no mutant ${key}`)
  return mutant
}

const packages = new URL('../../packages/', import.meta.url)

/** @param {string} name */
export function builtUrl(name) {
  const slash = name.indexOf('/')
  return new URL(`${name.slice(0, slash)}/dist/${name.slice(slash + 1)}.js`, packages)
}

/**
 * The patched text of each built file, by its URL. Throws when a text to be replaced is not there exactly once: the code has moved on, and the
 * mutant must follow.
 * @param {Mutant} mutant
 * @returns {Map<string, string>}
 */
export function patchedFiles(mutant) {
  /** @type {Map<string, string>} */
  const files = new Map()
  for (const [name = '', find = '', replacement = ''] of mutant.patches) {
    const url = builtUrl(name)
    const source = files.get(url.href) ?? readFileSync(fileURLToPath(url), 'utf8')
    const parts = source.split(find)
    if (find === '' || parts.length !== 2) throw new Error(`mutant ${mutant.key}: ${parts.length - 1} times in ${name}, not once:\n${find}`)
    files.set(url.href, parts.join(replacement))
  }
  return files
}
