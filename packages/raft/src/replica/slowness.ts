import type { Health } from '../core/messages.js'
import type { LogIndex, MemberId } from '../types.js'

/** When a member counts as slow, and when a leader that is slow hands its leadership over. Times in ms. */
export interface SlownessPolicy {
  /** Measurements are judged in windows of this length. */
  readonly windowMs: number
  /** So many slow windows in a row make a member slow, so many good ones make it healthy again. */
  readonly windows: number
  /** A window in which writes to the log took this long on average is slow. A write that has not ended counts with its age. */
  readonly slowDiskMs: number
  /** A window in which timers fired this much too late on average is slow. */
  readonly slowTimerMs: number
  /** After an election, and after a transfer that was tried, leadership stays where it is for so long. */
  readonly coolDownMs: number
}

/** Far from what healthy machines show, and slower to act than any election: a transfer is for what lasts. */
export const DEFAULT_SLOWNESS: SlownessPolicy = { windowMs: 1000, windows: 5, slowDiskMs: 100, slowTimerMs: 50, coolDownMs: 30_000 }

/** Measures the own disk and event loop. */
export class SlownessMeter {
  readonly #policy: SlownessPolicy
  #windowBeganMs: number
  #writes = 0
  #writesMs = 0
  #timers = 0
  #latenessMs = 0
  /** When each write that is under way began; they end in order. */
  readonly #underWay: number[] = []
  #slowWindows = 0
  #goodWindows = 0
  #health: Health = 'unknown'
  #reason = ''

  constructor(policy: SlownessPolicy, nowMs: number) {
    this.#policy = policy
    this.#windowBeganMs = nowMs
  }

  get health(): Health {
    return this.#health
  }

  /** Why the newest slow window was slow. */
  get reason(): string {
    return this.#reason
  }

  writeBegan(nowMs: number): void {
    this.#underWay.push(nowMs)
  }

  writeEnded(nowMs: number): void {
    const beganMs = this.#underWay.shift()
    if (beganMs === undefined) return
    this.#writes++
    this.#writesMs += nowMs - beganMs
  }

  timerFired(latenessMs: number): void {
    this.#timers++
    this.#latenessMs += Math.max(0, latenessMs)
  }

  /** Judges the window if it is over; true when it was. However long a pause was, it is one window: nothing was measured in it. */
  advance(nowMs: number): boolean {
    if (nowMs - this.#windowBeganMs < this.#policy.windowMs) return false
    const slow = this.#judge(nowMs)
    this.#windowBeganMs = nowMs
    this.#writes = 0
    this.#writesMs = 0
    this.#timers = 0
    this.#latenessMs = 0
    if (slow !== null) this.#count(slow)
    return true
  }

  /** Null when nothing was measured. */
  #judge(nowMs: number): string | false | null {
    const { slowDiskMs, slowTimerMs } = this.#policy
    let writes = this.#writes
    let writesMs = this.#writesMs
    const oldest = this.#underWay[0]
    if (oldest !== undefined && nowMs - oldest >= slowDiskMs) {
      writes++
      writesMs += nowMs - oldest
    }
    if (writes + this.#timers === 0) return null
    const diskMs = writes === 0 ? 0 : writesMs / writes
    if (diskMs >= slowDiskMs) return `writes to the log take ${Math.round(diskMs)} ms`
    const timerMs = this.#timers === 0 ? 0 : this.#latenessMs / this.#timers
    return timerMs >= slowTimerMs ? `the event loop is ${Math.round(timerMs)} ms late` : false
  }

  #count(slow: string | false): void {
    const { windows } = this.#policy
    this.#slowWindows = slow === false ? 0 : this.#slowWindows + 1
    this.#goodWindows = slow === false ? this.#goodWindows + 1 : 0
    if (slow !== false) this.#reason = slow
    if (this.#slowWindows >= windows) this.#health = 'slow'
    else if (this.#goodWindows >= windows) this.#health = 'healthy'
    // A single bad window is enough to be nobody's refuge.
    else if (this.#slowWindows > 0 && this.#health === 'healthy') this.#health = 'unknown'
  }
}

/** What the leader knows of a peer when it looks for somebody better. */
export interface Candidate {
  readonly id: MemberId
  readonly health: Health
  readonly matchIndex: LogIndex
  readonly lastContactMs: number
  /** May it lead at all: a voter with data, that is fed from the log? */
  readonly eligible: boolean
}

/** Decides when a leader hands its leadership over by itself. */
export class TransferDecider {
  readonly #policy: SlownessPolicy
  #term = -1
  #notBeforeMs = Infinity

  constructor(policy: SlownessPolicy) {
    this.#policy = policy
  }

  /**
   * Whom a slow leader should hand over to now, or null. The healthiest is not sought: any that is measurably healthy will do, the one whose
   * log is furthest. When everybody is slow, nothing would be won.
   */
  decide(own: Health, term: number, candidates: readonly Candidate[], nowMs: number): MemberId | null {
    const { windowMs, coolDownMs } = this.#policy
    if (term !== this.#term) {
      this.#term = term
      this.#notBeforeMs = nowMs + coolDownMs
    }
    if (own !== 'slow' || nowMs < this.#notBeforeMs) return null
    let best: Candidate | null = null
    for (const candidate of candidates) {
      const fit = candidate.eligible && candidate.health === 'healthy' && nowMs - candidate.lastContactMs < windowMs
      if (fit && candidate.matchIndex > (best?.matchIndex ?? -1)) best = candidate
    }
    if (best === null) return null
    this.#notBeforeMs = nowMs + coolDownMs
    return best.id
  }
}
