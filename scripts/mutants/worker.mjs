// @ts-check
/** A process of the mutation runner: runs the seeds that it is sent, with or without a planted bug (see preload.mjs). */
/** @typedef {{ profile: string, seed: number, quiet: boolean }} Task */
import { settle } from '../sim/settle.mjs'

const { runSeed } = await import(new URL('../../packages/sim/dist/index.js', import.meta.url).href)
const usualFrames = Error.stackTraceLimit

/** What escapes from the code under test ends the run: a crash, and a catch. @param {unknown} error */
const crashed = (error) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.send?.({ invariant: 'crash', message: text, tail: [] }, () => process.exit(1))
}
process.on('uncaughtException', crashed)
process.on('unhandledRejection', crashed)

/** @param {Task} task */
async function hunt({ profile, seed, quiet }) {
  // Where each of thousands of errors was made costs more than the rest of a run.
  Error.stackTraceLimit = quiet ? 0 : usualFrames
  const before = process.cpuUsage()
  const { violation, traceHash } = await runSeed(seed, { profile, globals: globalThis, settle })
  const { user, system } = process.cpuUsage(before)
  const { invariant = null, message = '', tail = [] } = violation ?? {}
  process.send?.({ invariant, message, tail, traceHash, cpuMs: (user + system) / 1000 })
}

process.on('message', (/** @type {Task} */ task) => void hunt(task).catch(crashed))
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
