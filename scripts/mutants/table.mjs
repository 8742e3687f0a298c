// @ts-check
/** docs/mutants.md, made from the record of all mutants. */
import { catalogue, ENTRIES, entryOf, FIRST_TWENTY } from './catalogue.mjs'

/** @typedef {import('./ledger.mjs').Recorded} Recorded */

/** @param {ReadonlyMap<string, Recorded>} results */
export function counts(results) {
  const caught = new Set()
  const planted = new Set()
  for (const mutant of catalogue) {
    if (mutant.patches.length > 0) planted.add(entryOf(mutant))
    const result = results.get(mutant.key)
    if (result?.caught === 'swarm' || result?.caught === 'test') caught.add(entryOf(mutant))
  }
  const bySwarm = new Set(catalogue.filter(({ key }) => results.get(key)?.caught === 'swarm').map(entryOf))
  const patched = catalogue.filter(({ patches }) => patches.length > 0)
  const survivors = patched.filter(({ key }) => results.get(key)?.caught === 'survivor')
  const waiting = patched.filter(({ key }) => !results.has(key))
  return { planted: planted.size, caught: caught.size, bySwarm: bySwarm.size, mutants: patched.length, survivors, waiting }
}

const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** @param {import('./catalogue.mjs').Mutant} mutant @param {Recorded | undefined} result @param {string} build */
function row({ key, title }, result, build) {
  const found = result?.caught
  const by = found === 'swarm' ? `\`${result?.by}\`` : found === 'test' ? `test ${result?.by}` : 'nothing'
  const runs =
    found === 'swarm'
      ? `${result?.runs} (${result?.profile} ${result?.seed})`
      : found === 'test'
        ? `not in ${result?.runs}`
        : `not in ${result?.runs ?? 0}`
  return `| ${key} | ${cell(title)} | ${cell(by)} | ${runs}${result?.build === build ? '' : ` on ${result?.build}`} |`
}

/** @param {ReadonlyMap<string, Recorded>} results */
function firstTwenty(results) {
  const swarm = FIRST_TWENTY.filter((entry) => results.get(entry)?.caught === 'swarm')
  const most = Math.max(0, ...swarm.map((entry) => results.get(entry)?.runs ?? 0))
  const others = FIRST_TWENTY.filter((entry) => !swarm.includes(entry))
  const rest = others.length === 0 ? '' : ` Not by the swarm: ${others.join(', ')}.`
  return `Of the twenty that matter most (${FIRST_TWENTY.join(', ')}) the swarm finds ${swarm.length}, each within ${most} runs.${rest}`
}

/** @param {string} build @param {ReadonlyMap<string, Recorded>} results */
function builds(build, results) {
  const others = [...results.values()].filter((result) => result.build !== build && result.caught !== 'unplantable').length
  const rest =
    others === 0
      ? 'all of it is of one run on one build'
      : `but for ${others} rows of earlier builds, which name theirs, all of it is of one build`
  return `A build is engine, store and simulator; ${rest}: \`${build}\`. \`npm run mutants\` repeats it.`
}

/** @param {string} build @param {ReadonlyMap<string, Recorded>} results */
export function document(build, results) {
  const { planted, caught, bySwarm, mutants, survivors, waiting } = counts(results)
  const rows = (/** @type {readonly import('./catalogue.mjs').Mutant[]} */ list) =>
    list.map((mutant) => row(mutant, results.get(mutant.key), build))
  const head = ['| id | planted | found by | runs of the swarm (profile, seed) |', '|---|---|---|---|']
  const unplantable = catalogue.filter(({ patches }) => patches.length === 0)
  const found = catalogue.filter((mutant) => mutant.patches.length > 0 && !survivors.includes(mutant) && !waiting.includes(mutant))
  return [
    '# Planted bugs',
    '',
    'The known hard bugs of Raft systems, each planted into the built code when it is loaded, and what finds it. This file is written by `npm run mutants`;',
    'the patches are in `scripts/mutants/catalogue`. A letter behind an id is a further variant of the same bug.',
    '',
    `Of ${ENTRIES} entries ${planted} are planted, by ${mutants} patches; ${caught} are found, ${bySwarm} of them by the simulator's swarm. A find counts only when`,
    'the clean build passes the same seed, or the same test.',
    '',
    `${firstTwenty(results)} ${builds(build, results)}`,
    '',
    'Where the swarm is named, the column tells how many runs it took, and which one found it. `npm run mutants -- --replay A4 --profile elections --seed 3` shows',
    'such a run. `no-unexplained-stop` means that an assertion of the engine itself stopped a member.',
    '',
    ...head,
    ...rows(found),
    '',
    '## Survivors',
    '',
    ...(survivors.length === 0
      ? ['None.']
      : [
          'Planted, and not found.',
          '',
          '| id | planted | runs | why |',
          '|---|---|---|---|',
          ...survivors.map(
            (each) =>
              `| ${each.key} | ${cell(each.title)} | ${results.get(each.key)?.runs ?? 0} | ${cell(each.notes ?? 'not looked into yet')} |`,
          ),
        ]),
    '',
    ...(waiting.length === 0 ? [] : ['## Not run', '', `${waiting.map(({ key }) => key).join(', ')}.`, '']),
    '## Not plantable',
    '',
    '| id | bug | why |',
    '|---|---|---|',
    ...unplantable.map(({ key, title, reason = '' }) => `| ${key} | ${cell(title)} | ${cell(reason)} |`),
    '',
  ].join('\n')
}
