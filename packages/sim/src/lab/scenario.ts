import type { ManualClock, SeededRandom } from '@balsa/raft'
import type { LabNetwork } from './network.js'
import { LabFailure, sleep } from './virtual-time.js'

export type SuiteName = 'network' | 'raft' | 'rsm' | 'kv-2025' | 'kv-classic' | 'variants'

/** One test of the course, by its own name. */
export interface Scenario {
  readonly name: string
  readonly suite: SuiteName
  readonly servers: number
  run(lab: Lab): Promise<void>
}

/** What one run of one test has at hand. Everything in it follows from the seed. */
export class Lab {
  readonly clock: ManualClock
  readonly random: SeededRandom
  readonly network: LabNetwork
  /** Commands agreed on, or calls of clients. */
  operations = 0
  /** Where several figures are reported for parts of one test. */
  readonly notes: string[] = []
  readonly #cleanUp: (() => Promise<void>)[] = []
  #base = { timeMs: 0, rpcs: 0, bytes: 0 }

  constructor(clock: ManualClock, random: SeededRandom, network: LabNetwork) {
    this.clock = clock
    this.random = random
    this.network = network
  }

  /** The figures count from here: servers are up. */
  begin(): void {
    this.#base = { timeMs: this.clock.now(), rpcs: this.network.total, bytes: this.network.bytes }
  }

  get figures(): { readonly seconds: number; readonly rpcs: number; readonly bytes: number } {
    return {
      seconds: (this.clock.now() - this.#base.timeMs) / 1000,
      rpcs: this.network.total - this.#base.rpcs,
      bytes: this.network.bytes - this.#base.bytes,
    }
  }

  sleep(ms: number): Promise<void> {
    return sleep(this.clock, ms)
  }

  /** An integer in 0..limit-1. */
  int(limit: number): number {
    return this.random.int(limit)
  }

  /** A number that is as good as unique: 53 bits. */
  unique(): number {
    return this.random.int(2 ** 21) * 2 ** 32 + this.random.int(2 ** 32)
  }

  atEnd(cleanUp: () => Promise<void>): void {
    this.#cleanUp.push(cleanUp)
  }

  async end(): Promise<void> {
    for (const cleanUp of this.#cleanUp.reverse()) await cleanUp()
  }
}

export function check(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new LabFailure(typeof message === 'string' ? message : message())
}
