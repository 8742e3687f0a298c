// @ts-check
/**
 * npm run sim -- --measure transfer | failover | idle: what the end of a leadership costs those who write, and that nobody ends one without need.
 * Default settings of production, in virtual time; see packages/sim/src/measure.
 */
import { DEFAULT_HEARTBEAT_INTERVAL_MS } from '@balsa/raft'
import { measureGap, measureIdle } from '../../packages/sim/dist/index.js'
import { settle } from './settle.mjs'

/** @param {readonly number[]} sorted @param {number} share */
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
/** @param {number} ms */
const text = (ms) => `${ms.toFixed(1)} ms`

/** @param {import('@balsa/sim').LeadershipEnd} how @param {string} title @param {number} seeds @param {number} from */
async function printGap(how, title, seeds, from) {
  /** @type {number[]} */
  const gaps = []
  let stayed = 0
  for (let seed = from; seed < from + seeds; seed++) {
    const { gapMs, moved } = await measureGap(seed, how, { settle })
    gaps.push(gapMs)
    if (!moved) stayed++
  }
  const sorted = gaps.sort((a, b) => a - b)
  const median = at(sorted, 0.5)
  console.log(
    `${title}: time without writes, median ${text(median)}, 90 % ${text(at(sorted, 0.9))}, 99 % ${text(at(sorted, 0.99))}, longest ${text(at(sorted, 1))}; ${seeds} seeds from ${from}, ${stayed} without a new leader`,
  )
  return median
}

/** @param {number} seeds @param {number} from @returns {Promise<boolean>} within the goal */
export async function printTransfer(seeds, from) {
  const limit = 2 * DEFAULT_HEARTBEAT_INTERVAL_MS
  const medians = [
    await printGap('transfer', 'transfer by command', seeds, from),
    await printGap('stop', 'graceful stop of the leader', seeds, from),
  ]
  console.log(`goal: a median of at most two heart-beats, ${limit} ms`)
  return medians.every((median) => median <= limit)
}

/** @param {number} seeds @param {number} from @returns {Promise<boolean>} */
export async function printFailover(seeds, from) {
  return (await printGap('kill', 'death of the leader', seeds, from)) <= 400
}

/** @param {number} seeds @param {number} from @returns {Promise<boolean>} no election at all */
export async function printIdle(seeds, from) {
  let elections = 0
  let preVotes = 0
  for (let seed = from; seed < from + seeds; seed++) {
    const report = await measureIdle(seed, 60, { settle })
    elections += report.elections
    preVotes += report.preVotes
  }
  console.log(
    `idle: ${seeds} times one hour, 5 % of the messages lost, 20 ms jitter: ${elections} unneeded elections, ${preVotes} pre-votes`,
  )
  return elections === 0
}
