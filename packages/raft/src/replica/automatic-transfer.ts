import { BalsaError } from '../errors.js'
import type { Clock } from '../ports/clock.js'
import type { MemberId } from '../types.js'
import type { ConsensusCore } from './consensus-core.js'
import type { EventHub } from './events.js'
import { type SlownessPolicy, SlownessMeter, TransferDecider } from './slowness.js'
import type { TransferTable } from './transfers.js'

export interface AutomaticTransferParts {
  readonly core: ConsensusCore
  readonly clock: Clock
  readonly events: EventHub
  readonly transfers: TransferTable
  /** Hands the transfer to the core. */
  readonly request: (ref: number, target: MemberId) => void
}

/** Joins what is measured of the own disk and event loop (slowness.ts) with the core: tells it, and hands leadership over when that helps. */
export class AutomaticTransfer {
  readonly #parts: AutomaticTransferParts
  readonly #meter: SlownessMeter
  readonly #decider: TransferDecider

  constructor(parts: AutomaticTransferParts, policy: SlownessPolicy) {
    this.#parts = parts
    this.#meter = new SlownessMeter(policy, parts.clock.now())
    this.#decider = new TransferDecider(policy)
  }

  /** A write to the log has been handed to storage. */
  writing(durable: Promise<unknown>): void {
    const { clock } = this.#parts
    this.#meter.writeBegan(clock.now())
    const ended = (): void => this.#meter.writeEnded(clock.now())
    durable.then(ended, ended)
  }

  timerFired(latenessMs: number): void {
    this.#meter.timerFired(latenessMs)
  }

  /** Once per turn of the replica. */
  turned(nowMs: number): void {
    const { core } = this.#parts
    if (!this.#meter.advance(nowMs)) return
    core.reportHealth(this.#meter.health)
    if (core.role !== 'leader') return
    const candidates = core.peers().map(({ id, health, matchIndex, lastContactMs, state, role }) => ({
      id,
      health,
      matchIndex,
      lastContactMs,
      eligible: role === 'voter' && state === 'replicate',
    }))
    const target = this.#decider.decide(this.#meter.health, core.term, candidates, nowMs)
    if (target !== null) this.#handOver(target)
  }

  #handOver(target: MemberId): void {
    const { events, transfers, request } = this.#parts
    const { reason } = this.#meter
    events.emit({ type: 'automaticTransfer', target, reason, outcome: 'begun' })
    transfers
      .add({}, (ref) => request(ref, target))
      .then(
        () => events.emit({ type: 'automaticTransfer', target, reason, outcome: 'done' }),
        (error: unknown) => {
          if (error instanceof BalsaError && error.code === 'STOPPED') return
          events.emit({ type: 'automaticTransfer', target, reason, outcome: 'failed' })
        },
      )
  }
}
