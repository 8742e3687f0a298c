import {
  type AppliedCommand,
  asIndex,
  asTerm,
  BalsaError,
  type Clock,
  ManualClock,
  type Random,
  SeededRandom,
  type Timer,
} from '@balsa/raft'
import { type Command, encodeCommand } from '../command.js'
import { type EmbeddedReplica, EmbeddedStore } from '../embedded-store.js'
import type { KvAnswer, KvQuery } from '../kv-queries.js'
import { KvStateMachine } from '../kv-state-machine.js'
import { KeyValue, type KeyValueStore, type Selection, type WatchEvent, type WatchOptions } from '../key-value-store.js'
import type { CommandResult } from '../result.js'
import type { WatchHub } from '../watch/hub.js'

/** How often the leader of a real cluster lets time go on at least. */
const ADVANCE_EVERY_MS = 50

/** A cluster without consensus: one log, applied as it comes, in the time of a clock of its own. */
export class OneLog {
  readonly clock = new ManualClock()
  readonly machine = new KvStateMachine({ clock: this.clock })
  readonly random: SeededRandom
  readonly commands: Command['type'][] = []
  /** Nothing is answered, or nothing is taken. */
  fault: 'silent' | 'refuses' | null = null

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
    const advance = (): void => {
      this.clock.setTimer(ADVANCE_EVERY_MS, advance)
      if (this.fault === null) this.apply(encodeCommand({ type: 'advance' }))
    }
    advance()
  }

  apply(command: Uint8Array): CommandResult {
    const entry: AppliedCommand = {
      index: asIndex(this.machine.appliedIndex + 1),
      term: asTerm(1),
      timeMs: Math.floor(this.clock.now()),
      command,
    }
    const [result] = this.machine.applyAtOnce([entry])
    if (result === undefined) throw new Error('the machine gave no result')
    return result
  }

  /** Keys below a prefix, with their values. */
  keys(prefix: string): string[] {
    const text = (bytes: Uint8Array | string): string => (typeof bytes === 'string' ? bytes : String.fromCharCode(...bytes))
    const bytes = (from: string): Uint8Array => Uint8Array.from(from, (character) => character.charCodeAt(0))
    const request = { key: bytes(prefix), rangeEnd: bytes(`${prefix}\u00ff`), revision: 0, limit: 0, counted: false }
    const rest = { sortTarget: 'createRevision', descending: false, keysOnly: false, countOnly: false } as const
    const bounds = { minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0 }
    const found = this.machine.query({ type: 'range', request: { ...request, ...rest, ...bounds }, maxBytes: Number.POSITIVE_INFINITY })
    return (found.result?.entries ?? []).map(({ key, value }) => `${text(key)}=${text(value)}`)
  }

  run<T>(work: Promise<T>, limitMs = 120_000): Promise<T> {
    return this.clock.settled(work, limitMs)
  }

  until(condition: () => boolean, limitMs = 120_000): Promise<void> {
    return this.clock.until(condition, limitMs)
  }

  pass(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms)
  }
}

/** A process with a clock that may run at another speed, which can be paused: then no timer of it fires and no answer reaches it. */
/** Of a key or a prefix that ends below the last byte. */
function rangeOf(selection: Selection): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
  if (selection instanceof Uint8Array) return { key: selection, rangeEnd: new Uint8Array(0) }
  if (typeof selection === 'string' || !('prefix' in selection) || typeof selection.prefix === 'string')
    throw new Error('bytes are expected')
  const end = selection.prefix.slice()
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return { key: selection.prefix, rangeEnd: end }
}

export class Process implements EmbeddedReplica {
  readonly log: OneLog
  readonly clock: Clock
  readonly random: Random
  readonly leases = new Set<{ lose(message: string): void }>()
  readonly watches: WatchHub
  /** Its watches are those of the log, as slow as its calls, and silent while it is paused or cut off. */
  readonly store: KeyValueStore
  /** Times that its keys were looked at. */
  ranges = 0
  /** It alone is cut off. */
  cutOff = false
  #paused: (() => void)[] | null = null

  constructor(log: OneLog, rate = 1) {
    this.log = log
    const base = log.clock
    this.clock = {
      now: () => base.now() * rate,
      setTimer: (delayMs: number, callback: () => void): Timer => {
        let cancelled = false
        const timer = base.setTimer(delayMs / rate, () => this.#whenRunning(() => !cancelled && callback()))
        return {
          cancel: () => {
            cancelled = true
            timer.cancel()
          },
        }
      },
      defer: (callback) => base.defer(() => this.#whenRunning(callback)),
    }
    this.random = log.random.fork()
    this.watches = log.machine.watches
    const store = new EmbeddedStore(this, { clock: this.clock, random: this.random })
    this.store = Object.assign(store, { watch: this.#watch.bind(this) })
  }

  get isPaused(): boolean {
    return this.#paused !== null
  }

  pause(): void {
    this.#paused ??= []
  }

  /** What waited happens at once. */
  resume(): void {
    const waiting = this.#paused ?? []
    this.#paused = null
    for (const callback of waiting) callback()
  }

  propose(command: Uint8Array): Promise<{ readonly result: CommandResult }> {
    return this.#call(() => ({ result: this.log.apply(command) }))
  }

  readWithAge(query: KvQuery): Promise<{ readonly answer: KvAnswer; readonly ageMs: number }> {
    if (query.type === 'range') this.ranges += 1
    return this.#call(() => ({ answer: this.log.machine.query(query), ageMs: 0 }))
  }

  async *#watch(selection: Selection, options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, undefined> {
    const { signal, only, fromRevision = 0 } = options
    let wake = (): void => undefined
    const filters = { previous: false, noPut: only === 'deletes', noDelete: only === 'puts' }
    const watcher = this.log.machine.watches.open({ ...rangeOf(selection), startRevision: fromRevision, ...filters }, () => wake())
    signal?.addEventListener('abort', () => wake())
    try {
      while (signal?.aborted !== true) {
        const delivery = watcher.pull(1000)
        if (delivery === null) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          do await this.#travel()
          while (this.cutOff || this.log.fault === 'silent')
          await new Promise<void>((resolve) => this.#whenRunning(resolve))
        } else if (delivery.type === 'compacted') throw new BalsaError('COMPACTED', 'as the store says')
        else {
          for (const { key, record, revision } of delivery.events) {
            if (record === null) yield { type: 'delete', key, previous: null, revision, more: false }
            else yield { type: 'put', key, entry: new KeyValue(key, record.value, record, revision), previous: null, revision, more: false }
          }
        }
      }
    } finally {
      watcher.close()
    }
  }

  /** There and back, each a few ms. */
  async #call<T>(run: () => T): Promise<T> {
    await this.#travel()
    if (this.log.fault === 'refuses') throw new BalsaError('NO_LEADER', 'as the test says')
    if (this.log.fault === 'silent' || this.cutOff) await new Promise<void>(() => undefined)
    const answer = run()
    await this.#travel()
    if (this.cutOff) await new Promise<void>(() => undefined)
    await new Promise<void>((resolve) => this.#whenRunning(resolve))
    return answer
  }

  #travel(): Promise<void> {
    return new Promise((resolve) => void this.log.clock.setTimer(1 + this.log.random.next() * 4, resolve))
  }

  #whenRunning(callback: () => void): void {
    if (this.#paused === null) callback()
    else this.#paused.push(callback)
  }
}
