// @ts-check
/** One process of `npm run sim`: runs the seeds that it is given, one at a time. */
import { runSeed } from '../../packages/sim/dist/index.js'
import { settle } from './settle.mjs'

/** @typedef {import('@balsa/sim').Profile} Profile */

const usualFrames = Error.stackTraceLimit

/** @param {number} seed @param {Profile} profile */
async function run(seed, profile) {
  // Clients under faults make thousands of errors, and where each was made costs more than the rest of it.
  Error.stackTraceLimit = 0
  const report = await runSeed(seed, { profile, globals: globalThis, settle })
  if (report.violation === null) return report
  Error.stackTraceLimit = usualFrames
  return runSeed(seed, { profile, globals: globalThis, settle })
}

process.on('message', (/** @type {{ seed: number, profile: Profile }} */ { seed, profile }) => {
  run(seed, profile).then(
    (report) => process.send?.(report),
    (error) => {
      console.error(`sim: seed ${seed}:`, error)
      process.exit(1)
    },
  )
})
