import { BalsaError, type Clock, type Timer } from '@balsa/raft'
import { errorFields, type Logger } from './logger.js'

/** Which old revisions go by themselves: those older than so many ms, or all but so many newest. */
export type AutoCompactionSetting =
  | { readonly mode: 'periodic'; readonly retentionMs: number }
  | { readonly mode: 'revision'; readonly retention: number }

export interface AutoCompactionOptions {
  readonly setting: AutoCompactionSetting
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Only the leader compacts; the others note the time, so that a new one goes on where the old one was. */
  readonly isLeader: () => boolean
  readonly revision: () => number
  readonly compact: (revision: number) => Promise<void>
}

const HOUR_MS = 3_600_000
const REVISION_STEP_MS = 300_000
const SHORTEST_STEP_MS = 100

/** Compacts what is older than the operator wants to keep, for as long as the member runs. */
export class AutoCompaction {
  readonly #options: AutoCompactionOptions
  readonly #stepMs: number
  /** Which revision was the newest when, oldest first. */
  #samples: { readonly atMs: number; readonly revision: number }[] = []
  #compacted = 0
  #timer: Timer | null = null

  constructor(options: AutoCompactionOptions) {
    this.#options = options
    const { setting } = options
    this.#stepMs =
      setting.mode === 'revision' ? REVISION_STEP_MS : Math.max(SHORTEST_STEP_MS, Math.ceil(Math.min(setting.retentionMs, HOUR_MS) / 10))
    this.#schedule()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #schedule(): void {
    this.#timer = this.#options.clock.setTimer(this.#stepMs, () => {
      this.#schedule()
      void this.#step()
    })
  }

  async #step(): Promise<void> {
    const { isLeader, compact, logger } = this.#options
    const revision = this.#due()
    if (revision <= this.#compacted || !isLeader()) return
    try {
      await compact(revision)
      this.#compacted = revision
      logger.info({ revision }, 'old revisions compacted')
    } catch (error) {
      // Somebody else was faster.
      if (error instanceof BalsaError && error.code === 'COMPACTED') this.#compacted = revision
      else logger.warn({ revision, ...errorFields(error) }, 'old revisions could not be compacted; it is tried again')
    }
  }

  /** What may go now; 0 = nothing. */
  #due(): number {
    const { setting, clock, revision } = this.#options
    if (setting.mode === 'revision') return Math.max(0, revision() - setting.retention)
    const nowMs = clock.now()
    this.#samples.push({ atMs: nowMs, revision: revision() })
    const old = this.#samples.filter(({ atMs }) => atMs <= nowMs - setting.retentionMs)
    const newestOld = old.at(-1)
    if (newestOld === undefined) return 0
    this.#samples = this.#samples.slice(old.length - 1)
    return newestOld.revision
  }
}
