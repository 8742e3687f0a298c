import { ManualClock, SeededRandom } from '@balsa/raft'
import { LabNetwork } from './network.js'
import { Lab, type Scenario, type SuiteName } from './scenario.js'
import { LabFailure, runInVirtualTime, type Settle, settlePromises } from './virtual-time.js'

/** The course's limit for every test. */
const MAX_SECONDS = 120

export interface ScenarioResult {
  readonly name: string
  readonly suite: SuiteName
  readonly seed: number
  readonly pass: boolean
  /** Why it did not pass; empty when it did. */
  readonly failure: string
  /** Virtual time. */
  readonly seconds: number
  readonly servers: number
  /** Requests sent, each counted once with its reply, also those into nothing. */
  readonly rpcs: number
  readonly bytes: number
  /** Entries agreed on, or calls of clients. */
  readonly operations: number
  readonly notes: readonly string[]
}

export interface RunOptions {
  readonly seed: number
  /** How the host lets promises go on; see {@link Settle}. */
  readonly settle?: Settle
}

/** Runs one test once. The same scenario and seed always give the same result. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioResult> {
  const clock = new ManualClock()
  const random = new SeededRandom(mixed(options.seed, scenario.name))
  const network = new LabNetwork(clock, random.fork())
  const lab = new Lab(clock, random, network)
  const settle = options.settle ?? settlePromises
  let failure = ''
  let figures = lab.figures
  try {
    await runInVirtualTime(clock, settle, () => scenario.run(lab))
    figures = lab.figures
    if (figures.seconds > MAX_SECONDS) failure = `it took ${figures.seconds.toFixed(1)} s, allowed are ${MAX_SECONDS}`
  } catch (error) {
    figures = lab.figures
    failure = describe(error)
  }
  try {
    await runInVirtualTime(clock, settle, () => lab.end())
  } catch (error) {
    if (failure === '') failure = `closing failed: ${describe(error)}`
  }
  const { name, suite, servers } = scenario
  const { operations, notes } = lab
  return { name, suite, seed: options.seed, pass: failure === '', failure, ...figures, servers, operations, notes }
}

function describe(error: unknown): string {
  if (error instanceof LabFailure) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Every test has numbers of its own, so that none depends on which others ran. */
function mixed(seed: number, name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return (hash >>> 0) + seed * 0x1_0000_0000
}
