// @ts-check
/** A process of the mutation runner: runs the seeds that it is sent, with or without a planted bug (see preload.mjs). */
/** @typedef {{ profile: string, seed: number }} Task */

const { runSeed } = await import(new URL('../../packages/sim/dist/index.js', import.meta.url).href)

/** What escapes from the code under test ends the run: a crash, and a catch. @param {unknown} error */
const crashed = (error) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.send?.({ invariant: 'crash', message: text, tail: [] }, () => process.exit(1))
}
process.on('uncaughtException', crashed)
process.on('unhandledRejection', crashed)

/** @param {Task} task */
async function hunt({ profile, seed }) {
  const { violation, traceHash } = await runSeed(seed, { profile, globals: globalThis })
  const { invariant = null, message = '', tail = [] } = violation ?? {}
  process.send?.({ invariant, message, tail, traceHash })
}

process.on('message', (/** @type {Task} */ task) => void hunt(task).catch(crashed))
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
