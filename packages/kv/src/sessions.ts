import type { WriteStamp } from './command.js'
import { MAX_RESULTS, MAX_SESSION_RESULTS, MAX_SESSION_TTL_MS, MAX_SESSIONS, MIN_SESSION_TTL_MS } from './limits.js'
import type { CommandResult, RefusalCode } from './result.js'
import { type Steps, toEnd } from './steps.js'

/**
 * Who asked what, and what was answered (thesis, section 6.3): a repeated write finds its first answer here instead of being applied again.
 * Part of the replicated state, so everything in it depends on the log alone: order of commands and cluster time, never a local clock.
 */

export interface SessionState {
  /** Log index of the command that opened it. */
  readonly id: number
  /** The client's random bytes as a key string. */
  readonly nonce: string
  readonly ttlMs: number
  lastActiveMs: number
  firstUnanswered: number
  readonly results: Map<number, CommandResult>
}

export interface PlacedSession extends SessionState {
  /** Whoever has the higher one was active later. */
  place: number
}

interface OwnedSession extends PlacedSession {
  /** Whoever may change this object; see OrderedMap. */
  readonly owner: object
}

/** What is different since the last time that somebody asked. */
export interface SessionChanges {
  /** Null = it has ended. */
  readonly sessions: ReadonlyMap<number, PlacedSession | null>
  /** In their order; a result of null = it is not kept any more. */
  readonly answers: readonly { readonly id: number; readonly sequence: number; readonly result: CommandResult | null }[]
}

export interface SessionLimits {
  readonly sessions: number
  readonly sessionResults: number
  readonly results: number
}

const DEFAULT_LIMITS: SessionLimits = { sessions: MAX_SESSIONS, sessionResults: MAX_SESSION_RESULTS, results: MAX_RESULTS }

/** Expired sessions answer as such at once; their memory is freed in one pass per this much cluster time. */
const SWEEP_INTERVAL_MS = 1000

/** The table at one moment. Nothing in it changes any more. */
export interface SessionsCut {
  readonly timeMs: number
  readonly sweptMs: number
  /** Longest idle first. */
  readonly sessions: readonly SessionState[]
}

export type WriteCheck = { readonly answer: CommandResult } | { readonly refused: RefusalCode } | 'execute'

const isExpired = ({ lastActiveMs, ttlMs }: SessionState, timeMs: number): boolean => timeMs - lastActiveMs > ttlMs

const refused = (code: RefusalCode): CommandResult => ({ type: 'refused', code })

export class SessionTable {
  readonly #limits: SessionLimits
  #owner: object = {}
  /** In the order of last activity, so that the first is the longest idle. */
  readonly #sessions = new Map<number, OwnedSession>()
  readonly #byNonce = new Map<string, number>()
  #newest: OwnedSession | null = null
  #results = 0
  #place = 0
  #changedSessions = new Map<number, PlacedSession | null>()
  #changedAnswers: SessionChanges['answers'][number][] = []
  #timeMs = 0
  #sweptMs = 0

  constructor(limits: SessionLimits = DEFAULT_LIMITS) {
    this.#limits = limits
  }

  /** Cluster time of the last pass that freed the memory of expired sessions. */
  get sweptMs(): number {
    return this.#sweptMs
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Answers kept for repeated requests. */
  get results(): number {
    return this.#results
  }

  /** Cluster time of the newest command. */
  get timeMs(): number {
    return this.#timeMs
  }

  /** When the session that has been idle longest can be freed, in cluster time; null = there is none. */
  get sweepAtMs(): number | null {
    const [first] = this.#sessions.values()
    return first === undefined ? null : Math.max(this.#sweptMs + SWEEP_INTERVAL_MS, first.lastActiveMs + first.ttlMs + 1)
  }

  /** Whether moving cluster time on to there frees the memory of expired sessions, if there are any. */
  sweepsAt(timeMs: number): boolean {
    return timeMs - this.#sweptMs >= SWEEP_INTERVAL_MS
  }

  /** Whether that would be more than so many sessions and answers. */
  endsMoreThan(most: number, timeMs: number): boolean {
    if (!this.sweepsAt(timeMs) || this.#sessions.size + this.#results <= most) return false
    let left = most
    for (const session of this.#sessions.values()) {
      if (isExpired(session, timeMs)) left -= 1 + session.results.size
      if (left < 0) return true
    }
    return false
  }

  /** Moves cluster time on; every command does, before anything else. */
  advance(timeMs: number): void {
    if (this.#moveOn(timeMs)) toEnd(this.#sweep(Number.POSITIVE_INFINITY))
  }

  /** As `advance`, in steps of so many sessions and answers. Between them nothing else may be asked of the table but what has changed. */
  *advanceInSteps(timeMs: number, stepEntries: number): Steps<void> {
    if (this.#moveOn(timeMs)) yield* this.#sweep(stepEntries)
  }

  /** Answers whether a sweep is due. */
  #moveOn(timeMs: number): boolean {
    if (timeMs <= this.#timeMs) return false
    this.#timeMs = timeMs
    return this.sweepsAt(timeMs)
  }

  *#sweep(stepEntries: number): Steps<void> {
    this.#sweptMs = this.#timeMs
    let ended = 0
    for (const session of this.#sessions.values()) {
      if (!isExpired(session, this.#timeMs)) continue
      for (const sequence of session.results.keys()) {
        this.#changedAnswers.push({ id: session.id, sequence, result: null })
        ended += 1
        if (ended % stepEntries === 0) yield
      }
      this.#drop(session)
      ended += 1
      if (ended % stepEntries === 0) yield
    }
  }

  /** Answers the living session with this nonce, or a new one whose id is `index`. When the table is full the longest idle one ends. */
  open(index: number, ttlMs: number, nonce: string): CommandResult {
    const known = this.#byNonce.get(nonce)
    const existing = known === undefined ? null : this.#use(known)
    if (existing !== null) return { type: 'sessionOpened', session: existing.id, ttlMs: existing.ttlMs }
    if (this.#sessions.size >= this.#limits.sessions) {
      const [longestIdle] = this.#sessions.values()
      if (longestIdle !== undefined) this.#remove(longestIdle)
    }
    const granted = Math.min(MAX_SESSION_TTL_MS, Math.max(MIN_SESSION_TTL_MS, ttlMs))
    this.#add({
      owner: this.#owner,
      id: index,
      nonce,
      ttlMs: granted,
      lastActiveMs: this.#timeMs,
      firstUnanswered: 1,
      results: new Map(),
      place: 0,
    })
    return { type: 'sessionOpened', session: index, ttlMs: granted }
  }

  keepAlive(id: number): CommandResult {
    return this.#use(id) === null ? refused('SESSION_EXPIRED') : { type: 'sessionAlive' }
  }

  close(id: number): CommandResult {
    const session = this.#use(id)
    if (session === null) return refused('SESSION_EXPIRED')
    this.#remove(session)
    return { type: 'sessionClosed' }
  }

  /** Whether a stamped write is to be executed (then `record` its result), was already, or is refused. */
  check(stamp: WriteStamp): WriteCheck {
    const session = this.#use(stamp.session)
    if (session === null) return { refused: 'SESSION_EXPIRED' }
    this.#forgetAnswered(session, stamp.firstUnanswered)
    if (stamp.sequence < session.firstUnanswered) return { refused: 'STALE_REQUEST' }
    const answer = session.results.get(stamp.sequence)
    if (answer !== undefined) return { answer }
    if (session.results.size >= this.#limits.sessionResults || this.#results >= this.#limits.results) return { refused: 'SESSION_LIMIT' }
    return 'execute'
  }

  /** Keeps the answer of a write that `check` let pass. Refusals too: a repetition must not succeed where the first answer said no. */
  record(stamp: WriteStamp, result: CommandResult): void {
    const session = this.#use(stamp.session)
    if (session === null) return
    session.results.set(stamp.sequence, result)
    this.#results += 1
    this.#changedAnswers.push({ id: session.id, sequence: stamp.sequence, result })
  }

  cut(): SessionsCut {
    this.#owner = {}
    this.#newest = null
    return { timeMs: this.#timeMs, sweptMs: this.#sweptMs, sessions: [...this.#sessions.values()] }
  }

  /** Takes the times that a snapshot holds. Only while restoring. */
  loadTimes(timeMs: number, sweptMs: number): void {
    this.#timeMs = timeMs
    this.#sweptMs = sweptMs
  }

  /** Takes a session as a snapshot holds it, in the snapshot's order; its place is the next one, or the one that it had. Only while restoring. */
  load(session: SessionState, place?: number): void {
    if (place !== undefined) this.#place = place - 1
    this.#add({ ...session, owner: this.#owner, place: 0 })
    this.#results += session.results.size
  }

  byId(): readonly PlacedSession[] {
    return [...this.#sessions.values()].sort((a, b) => a.id - b.id)
  }

  /** For whoever keeps the table elsewhere too; to be asked after every batch. The sessions go on changing. */
  takeChanges(): SessionChanges {
    const changes = { sessions: this.#changedSessions, answers: this.#changedAnswers }
    this.#changedSessions = new Map()
    this.#changedAnswers = []
    return changes
  }

  /** The living session, marked as active and ready to be changed; null when it is unknown or expired. */
  #use(id: number): OwnedSession | null {
    if (this.#newest?.id === id) return this.#stillAlive(this.#newest)
    const found = this.#sessions.get(id)
    if (found === undefined || isExpired(found, this.#timeMs)) return null
    const session = found.owner === this.#owner ? found : { ...found, owner: this.#owner, results: new Map(found.results) }
    this.#sessions.delete(id)
    this.#sessions.set(id, session)
    this.#newest = session
    this.#place += 1
    session.place = this.#place
    this.#touch(session)
    return session
  }

  #touch(session: OwnedSession): void {
    session.lastActiveMs = this.#timeMs
    this.#changedSessions.set(session.id, session)
  }

  #stillAlive(session: OwnedSession): OwnedSession | null {
    if (isExpired(session, this.#timeMs)) return null
    this.#touch(session)
    return session
  }

  #add(session: OwnedSession): void {
    this.#place += 1
    session.place = this.#place
    this.#changedSessions.set(session.id, session)
    this.#sessions.set(session.id, session)
    this.#byNonce.set(session.nonce, session.id)
    this.#newest = session
  }

  #remove(session: OwnedSession): void {
    for (const sequence of session.results.keys()) this.#changedAnswers.push({ id: session.id, sequence, result: null })
    this.#drop(session)
  }

  /** Whoever calls it notes what becomes of the answers. */
  #drop(session: OwnedSession): void {
    this.#sessions.delete(session.id)
    this.#changedSessions.set(session.id, null)
    if (this.#byNonce.get(session.nonce) === session.id) this.#byNonce.delete(session.nonce)
    this.#results -= session.results.size
    if (this.#newest?.id === session.id) this.#newest = null
  }

  #forgetAnswered(session: OwnedSession, firstUnanswered: number): void {
    const from = session.firstUnanswered
    if (firstUnanswered <= from) return
    session.firstUnanswered = firstUnanswered
    const before = session.results.size
    if (firstUnanswered - from <= before) {
      for (let sequence = from; sequence < firstUnanswered; sequence++) this.#forget(session, sequence)
    } else {
      for (const sequence of session.results.keys()) if (sequence < firstUnanswered) this.#forget(session, sequence)
    }
    this.#results -= before - session.results.size
  }

  #forget(session: OwnedSession, sequence: number): void {
    if (session.results.delete(sequence)) this.#changedAnswers.push({ id: session.id, sequence, result: null })
  }
}
