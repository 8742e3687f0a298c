// @ts-check
/** One process of `npm run sim`: runs the seeds that it is given, one at a time. */
import { runSeed } from '../../packages/sim/dist/index.js'

process.on('message', (/** @type {{ seed: number, profile: import('@balsa/sim').Profile }} */ { seed, profile }) => {
  runSeed(seed, { profile, globals: globalThis }).then(
    (report) => process.send?.(report),
    (error) => {
      console.error(`sim: seed ${seed}:`, error)
      process.exit(1)
    },
  )
})
