import { BalsaError, invariant } from '@balsa/raft'
import type { TableReader } from '../backend/backend.js'
import { boundsOf } from '../mvcc/range.js'
import { VersionReader } from '../mvcc/reader.js'
import { deliveredBytes, type EventJournal, EventReader, type SharedEvent } from './events.js'
import { HistoryPass } from './history-pass.js'
import { RangeIndex } from './range-index.js'
import type { StoreEvent, WatchDelivery, Watcher, WatchRequest } from './types.js'
import { type PendingBudget, type PendingRevision, WatcherState } from './watcher-state.js'

/** The applied state that a hub watches. */
export interface WatchSource {
  readonly tables: TableReader
  revision(): number
  compactedRevision(): number
}

export interface WatchLimits {
  /** Memory for recent events, so that those who are nearly caught up need not read them from the tables. Default 8 MiB. */
  readonly maxRecentBytes?: number
  /** Events of the history that are looked at before other work gets its turn. Default 1000, about a millisecond. */
  readonly sliceEvents?: number
  /**
   * Revisions that wait to be pulled, of all watchers together; about 40 bytes each. When there are so many, a watcher may have 64, and reads the
   * others from the history later. Default 262,144.
   */
  readonly maxPendingRevisions?: number
}

export interface WatchHubOptions extends WatchLimits {
  /** Where the store writes down what it changes, for as long as somebody is caught up. */
  readonly journal: EventJournal
  /** Calls back after other work had its turn; null = lagging watchers search the history at once, however long that takes. */
  readonly defer: ((callback: () => void) => void) | null
}

const DEFAULT_RECENT_BYTES = 8 * 1024 * 1024
const DEFAULT_SLICE_EVENTS = 1000
const DEFAULT_PENDING_REVISIONS = 262_144
/** A delivery of several revisions ends when it has this much. */
const ENOUGH_BYTES = 1024 * 1024

interface Taken {
  readonly events: StoreEvent[]
  readonly bytes: number
  /** Null = the whole revision; else where it goes on. */
  readonly nextPlace: number | null
}

/**
 * Tells watchers what changes in the applied state of one member: in the one order of the log, without gaps, without duplicates, the events of one
 * revision together. There is no queue for each watcher: an event is matched with an index of those who are caught up, and each notes the revision
 * alone. Those who lag go through the history in a pass that they share, in slices. So an owner who does not pull costs a position, and goes on
 * from there when it pulls again, unless the history has been compacted meanwhile.
 */
export class WatchHub {
  readonly #journal: EventJournal
  readonly #source: WatchSource
  readonly #defer: ((callback: () => void) => void) | null
  readonly #events: EventReader
  readonly #sliceEvents: number
  readonly #budget: PendingBudget
  readonly #watchers = new Set<WatcherState>()
  readonly #live = new RangeIndex<WatcherState>()
  readonly #history = new HistoryPass()
  #revision: number
  #paused = false
  #sliceDue = false
  #failure: Error | null = null
  #ready: WatcherState[] = []
  #telling = false

  constructor(source: WatchSource, options: WatchHubOptions) {
    this.#source = source
    this.#defer = options.defer
    this.#journal = options.journal
    this.#budget = { left: options.maxPendingRevisions ?? DEFAULT_PENDING_REVISIONS }
    this.#sliceEvents = options.sliceEvents ?? DEFAULT_SLICE_EVENTS
    this.#revision = source.revision()
    const reader = new VersionReader(source.tables)
    this.#events = new EventReader(reader, () => source.compactedRevision(), options.maxRecentBytes ?? DEFAULT_RECENT_BYTES)
  }

  /** Revision of the newest write that watchers have been matched with. */
  get revision(): number {
    return this.#revision
  }

  /** Open watchers. */
  get size(): number {
    return this.#watchers.size
  }

  /** Watchers that are caught up; they may still have something to pull. */
  get caughtUp(): number {
    return this.#live.size
  }

  /**
   * A range without keys is watched in vain, no error. A start that has been compacted is told by the first pull.
   * INVALID (refused) when the start revision is no safe integer >= 0.
   */
  open(request: WatchRequest, onReady: () => void): Watcher {
    const { startRevision, previous, noPut, noDelete } = request
    if (!Number.isSafeInteger(startRevision) || startRevision < 0)
      throw new BalsaError('INVALID', `a watch cannot start at revision ${startRevision}`)
    const next = startRevision === 0 ? this.#revision + 1 : startRevision
    const state = new WatcherState(boundsOf(request), next, { previous, noPut, noDelete, onReady }, this.#budget)
    this.#watchers.add(state)
    this.#enlist(state)
    if (state.standing === 'compacted' && this.#defer !== null) this.#deferReady(state)
    return new HubWatcher(
      state,
      (maxBytes) => this.#pull(state, maxBytes),
      () => this.#positionOf(state),
      () => this.#close(state),
    )
  }

  /** After each applied batch. Costs nothing when nobody watches. */
  applied(): void {
    const revision = this.#source.revision()
    if (revision === this.#revision) return
    this.#revision = revision
    if (!this.#journal.isOpen) return
    const events = this.#journal.take()
    for (let at = 0; at < events.length; ) at = this.#matchRevision(events, at)
    this.#updateJournal()
    this.#scheduleSlice()
    this.#tellReady()
  }

  /** After a batch whose changes nobody wrote down, because they may be very many: who was caught up looks for them in the history, in slices. */
  appliedUnwritten(): void {
    const revision = this.#source.revision()
    if (revision === this.#revision) return
    const caughtUp = [...this.#watchers].filter(({ standing }) => standing === 'live')
    for (const state of caughtUp) this.#goOnBehind(state, this.#seen(state))
    this.#revision = revision
    this.#live.clear()
    this.#updateJournal()
    for (const state of caughtUp) {
      this.#enlist(state)
      if (state.standing === 'compacted') this.#addReady(state)
    }
    this.#catchUpAtOnce()
    this.#tellReady()
  }

  /** Before the state is replaced: until `restored`, nobody is given anything. */
  replacing(): void {
    this.#paused = true
  }

  /** The state was replaced, or it was tried: everybody goes on from its position, as far as the history is there. */
  restored(): void {
    this.#paused = false
    for (const state of this.#watchers) {
      if (state.pending.length > 0) state.forgetPending()
      else this.#goOnBehind(state, this.#positionOf(state))
    }
    this.#revision = this.#source.revision()
    this.#events.clear()
    this.#journal.take()
    this.#live.clear()
    this.#history.clear()
    this.#updateJournal()
    for (const state of this.#watchers) {
      this.#enlist(state)
      if (state.standing === 'compacted') this.#addReady(state)
    }
    this.#catchUpAtOnce()
    this.#tellReady()
  }

  #catchUpAtOnce(): void {
    if (this.#defer === null) while (!this.#history.isEmpty) this.#slice()
  }

  #goOnBehind(state: WatcherState, position: number): void {
    if (position < state.nextRevision) return
    state.nextRevision = position + 1
    state.nextPlace = 0
  }

  #close(state: WatcherState): void {
    this.#leave(state)
    state.standing = 'closed'
    state.clear()
    this.#watchers.delete(state)
  }

  #leave(state: WatcherState): void {
    if (state.standing === 'live') {
      this.#live.remove(state.bounds, state)
      this.#updateJournal()
    } else this.#history.remove(state)
  }

  #updateJournal(): void {
    this.#journal.isOpen = this.#live.size > 0
  }

  /** Finds the place for a watcher that is in none. */
  #enlist(state: WatcherState): void {
    if (state.nextRevision > this.#revision) {
      state.standing = 'live'
      this.#live.add(state.bounds, state)
      this.#updateJournal()
    } else if (state.nextRevision < this.#source.compactedRevision()) {
      state.standing = 'compacted'
    } else {
      this.#history.add(state)
      this.#scheduleSlice()
    }
  }

  /** Matches the events from `at` on that belong to one revision; answers where the next one begins. */
  #matchRevision(events: readonly SharedEvent[], at: number): number {
    const revision = events[at]?.revision
    let wanted = false
    let next = at
    for (let event = events[next]; event !== undefined && event.revision === revision; event = events[++next]) {
      for (const state of this.#live.find(event.name)) wanted = this.#matchLive(state, event) || wanted
    }
    if (wanted) this.#events.keep(at === 0 && next === events.length ? events : events.slice(at, next))
    return next
  }

  #matchLive(state: WatcherState, { isDelete, revision, place }: SharedEvent): boolean {
    if (!state.wants(isDelete)) return false
    const fits = state.note(revision, place)
    if (!fits) {
      this.#live.remove(state.bounds, state)
      state.standing = 'stalled'
    }
    if (state.pending.length > 0) this.#addReady(state)
    return fits
  }

  #scheduleSlice(): void {
    if (this.#sliceDue || this.#defer === null || this.#paused || this.#history.isEmpty) return
    this.#sliceDue = true
    this.#defer(() => {
      this.#sliceDue = false
      if (this.#paused || this.#history.isEmpty) return
      try {
        this.#slice()
      } catch (error) {
        // The backend is closed or broken: whoever pulls is told.
        this.#failure =
          error instanceof Error ? error : new BalsaError('STATE_MACHINE_FAILED', 'the history cannot be read', { cause: error })
        return
      }
      this.#tellReady()
      this.#scheduleSlice()
    })
  }

  #slice(): void {
    const { tables } = this.#source
    const compactedRevision = this.#source.compactedRevision()
    const { ready, caughtUp } = this.#history.slice({ tables, compactedRevision, revision: this.#revision }, this.#sliceEvents)
    for (const state of caughtUp) {
      state.standing = 'live'
      state.nextRevision = this.#revision + 1
      state.nextPlace = 0
      this.#live.add(state.bounds, state)
    }
    if (caughtUp.length > 0) this.#updateJournal()
    for (const state of ready) this.#addReady(state)
  }

  #addReady(state: WatcherState): void {
    if (!state.armed || state.queued) return
    state.queued = true
    this.#ready.push(state)
  }

  #deferReady(state: WatcherState): void {
    this.#defer?.(() => {
      this.#addReady(state)
      this.#tellReady()
    })
  }

  #tellReady(): void {
    if (this.#telling) return
    this.#telling = true
    try {
      while (this.#ready.length > 0) {
        const ready = this.#ready
        this.#ready = []
        for (const state of ready) {
          if (!state.queued) continue
          state.queued = false
          if (!state.armed || state.standing === 'closed') continue
          state.armed = false
          state.onReady()
        }
      }
    } finally {
      this.#telling = false
    }
  }

  #seen(state: WatcherState): number {
    return Math.max(this.#revision, state.nextRevision - 1)
  }

  #positionOf(state: WatcherState): number {
    const [first] = state.pending
    if (first !== undefined) return first.revision - 1
    return state.standing === 'live' ? this.#seen(state) : this.#history.positionOf(state)
  }

  #pull(state: WatcherState, maxBytes: number): WatchDelivery | null {
    invariant(maxBytes > 0, 'a delivery may have some bytes')
    const delivery = this.#find(state, maxBytes)
    state.armed = delivery === null
    // Whatever was found for it meanwhile, it has seen.
    state.queued = false
    this.#tellReady()
    return delivery
  }

  #find(state: WatcherState, maxBytes: number): WatchDelivery | null {
    while (state.standing !== 'closed' && !this.#paused) {
      if (this.#failure !== null) throw this.#failure
      const delivery = this.#take(state, maxBytes)
      if (delivery !== null) return delivery
      if (state.standing === 'compacted') {
        this.#close(state)
        return { type: 'compacted', compactedRevision: this.#source.compactedRevision() }
      }
      if (state.standing === 'stalled') this.#enlist(state)
      else if (state.standing === 'live' || this.#defer !== null) break
      else this.#slice()
    }
    return null
  }

  #take(state: WatcherState, maxBytes: number): WatchDelivery | null {
    const below = this.#history.completeBelow(state)
    let events: StoreEvent[] = []
    let bytes = 0
    let more = false
    for (let next = state.pending[0]; next !== undefined && next.revision < below && bytes < ENOUGH_BYTES; next = state.pending[0]) {
      const taken = this.#collect(state, next, maxBytes - bytes)
      if (taken === null) {
        if (events.length > 0) break
        this.#leave(state)
        state.clear()
        state.standing = 'compacted'
        return null
      }
      if (events.length > 0 && (taken.nextPlace !== null || bytes + taken.bytes > maxBytes)) break
      events = events.length === 0 ? taken.events : events.concat(taken.events)
      bytes += taken.bytes
      if (taken.nextPlace !== null) {
        next.first = taken.nextPlace
        more = true
        break
      }
      state.shift()
    }
    return events.length === 0 ? null : { type: 'events', revision: this.#revision, events, more }
  }

  /** What the watcher wants of a revision, up to `room` bytes but at least one event. Null = it has been compacted. */
  #collect(state: WatcherState, { revision, first, last }: PendingRevision, room: number): Taken | null {
    const events: StoreEvent[] = []
    let bytes = 0
    for (let place = first; place <= last; ) {
      const page = this.#events.page(revision, place, last)
      if (page === null) return null
      for (const event of page) {
        place = event.place + 1
        if (!state.wants(event.isDelete) || !state.covers(event.name)) continue
        const view = event.view(state.previous)
        bytes += deliveredBytes(view)
        if (bytes > room && events.length > 0) return { events, bytes, nextPlace: event.place }
        events.push(view)
      }
      invariant(page.length > 0, 'a pending revision has the events that were found in it', { revision, place, last })
    }
    return { events, bytes, nextPlace: null }
  }
}

class HubWatcher implements Watcher {
  readonly pull: (maxBytes: number) => WatchDelivery | null
  readonly close: () => void
  readonly #state: WatcherState
  readonly #positionNow: () => number
  #position = 0

  constructor(state: WatcherState, pull: (maxBytes: number) => WatchDelivery | null, position: () => number, close: () => void) {
    this.#state = state
    this.pull = pull
    this.#positionNow = position
    this.close = close
  }

  get position(): number {
    if (this.#state.standing !== 'closed') this.#position = Math.max(this.#position, this.#positionNow())
    return this.#position
  }
}
