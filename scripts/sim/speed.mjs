// @ts-check
/**
 * npm run sim -- --measure speed: how much faster than real time a five-member cluster runs on one core, under several loads. Default settings
 * of production, a good network and good disks, every invariant on and the histories of the clients checked; see steady-load.ts.
 * Each load runs until about the given real time has passed, and half as long before that to warm up. The clock is that of the processor:
 * what else the machine does is left out.
 */
import { runSeed, steadyLoad, USUAL_LOAD } from '../../packages/sim/dist/index.js'
import { settle } from './settle.mjs'

/** Calls of all clients together per virtual second. */
const LOADS = [0.1, 10, 50, 200]
/** Virtual seconds in one run. */
const SECONDS = 60

/** @param {number} callsPerSecond @param {number} realSeconds */
export async function measure(callsPerSecond, realSeconds) {
  await runFor(callsPerSecond, realSeconds / 2)
  return runFor(callsPerSecond, realSeconds)
}

/** @param {number} callsPerSecond @param {number} realSeconds */
async function runFor(callsPerSecond, realSeconds) {
  // As in a batch of seeds: nobody reads where an error of a client was made.
  Error.stackTraceLimit = 0
  const totals = { virtualMs: 0, events: 0, calls: 0, cpuSeconds: 0 }
  for (let seed = 1; totals.cpuSeconds < realSeconds; seed++) {
    const before = process.cpuUsage()
    const report = await runSeed(seed, {
      profile: 'load',
      globals: globalThis,
      settle,
      adjust: (plan) => steadyLoad(plan, { ...USUAL_LOAD, callsPerSecond, seconds: SECONDS }),
    })
    const { user, system } = process.cpuUsage(before)
    if (report.violation !== null) throw new Error(`seed ${seed}: ${report.violation.message}`)
    totals.virtualMs += report.virtualMs
    totals.events += report.events
    totals.calls += report.operations.ok
    totals.cpuSeconds += (user + system) / 1e6
  }
  return totals
}

/** @param {number} realSeconds for each load */
export async function printSpeed(realSeconds) {
  console.log(`five members, ${USUAL_LOAD.clients} clients, half of the calls write; all invariants on; one core`)
  console.log('calls per virtual second   times real time   events/s   events per virtual second   us per event')
  for (const load of LOADS) {
    const { virtualMs, events, calls, cpuSeconds } = await measure(load, realSeconds)
    const virtualSeconds = virtualMs / 1000
    console.log(
      [
        (calls / virtualSeconds).toFixed(1).padStart(24),
        (virtualSeconds / cpuSeconds).toFixed(0).padStart(17),
        `${(events / cpuSeconds / 1000).toFixed(0)} k`.padStart(10),
        (events / virtualSeconds).toFixed(0).padStart(27),
        ((cpuSeconds / events) * 1e6).toFixed(2).padStart(14),
      ].join(' '),
    )
  }
}
