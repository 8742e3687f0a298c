/**
 * Moving a key space from one cluster to another over etcd's interface, which both sides may be of etcd or of Balsa. First a copy of what there is, in the order in
 * which it was last changed; then the changes, in their order, for as long as wanted; at the end both sides are compared pair by pair at fixed revisions.
 */
import { KVService, type RequestOpInit } from '@balsa/proto/etcdserverpb'
import type { KeyValue } from '@balsa/proto/mvccpb'
import { BalsaError, type Clock, type Crc32, type Random } from '@balsa/raft'
import type { EtcdClient } from '../etcd/etcd-client.js'
import { type Changed, changesFrom, isDeletion } from './follow.js'
import { compareKeys, type KeySpace, keySpaceOf, lookAt, pairsAt, sideBySide } from './key-space.js'
import { MappedLeases } from './leases.js'
import { type Note, NOTE_KEY } from './note.js'
import { type Change, type Step, Target } from './target.js'

export interface MigrationOptions {
  readonly from: EtcdClient
  readonly to: EtcdClient
  readonly clock: Clock
  readonly random: Random
  readonly crc32: Crc32
  /** Only keys that begin with it. Default: all keys. */
  readonly prefix?: Uint8Array
  /** So many revisions of the source may share one of the target. Default 1: their order is kept. */
  readonly batch?: number
  /** Also into a target that has keys already: those that the source has not are deleted. */
  readonly force?: boolean
  readonly onProgress?: (progress: MigrationProgress) => void
}

export interface MigrationProgress {
  readonly phase: 'looking' | 'copying' | 'following' | 'comparing'
  /** Keys, or revisions when it follows. */
  readonly done: number
  /** Null = nobody knows. */
  readonly total: number | null
  /** The target has what the source last changed up to this revision. */
  readonly revision: number
}

export interface Comparison {
  readonly equal: boolean
  readonly fromRevision: number
  readonly toRevision: number
  readonly fromKeys: number
  readonly toKeys: number
  /** Over all keys and values in their order. */
  readonly fromHash: number
  readonly toHash: number
  /** The first few keys that differ. */
  readonly differing: readonly Uint8Array[]
}

const { Txn } = KVService.methods
/** So many values are asked for together, and so many times ahead. */
const VALUES_TOGETHER = 16
const READS_AHEAD = 4
const PAUSE_MS = 300
const MOST_DIFFERING = 10
const REPORT_EVERY = 100

/** Errors that end by themselves: whoever follows goes on then. */
const PASSING: ReadonlySet<string> = new Set(['UNAVAILABLE', 'NO_LEADER', 'DEADLINE', 'OVERLOADED', 'OUTCOME_UNKNOWN'])

interface Listed {
  readonly key: Uint8Array
  readonly modRevision: number
}

export class Migration {
  readonly #options: MigrationOptions
  readonly #space: KeySpace
  readonly #target: Target
  readonly #leases: MappedLeases
  /** The target may hold keys that the source has not. */
  #mayHaveMore: boolean
  copied = 0
  deleted = 0
  followed = 0

  private constructor(options: MigrationOptions, space: KeySpace, target: Target, mayHaveMore: boolean) {
    this.#options = options
    this.#space = space
    this.#target = target
    this.#mayHaveMore = mayHaveMore
    this.#leases = new MappedLeases(options.from, options.to, options.clock)
  }

  /**
   * Looks at both sides. INVALID (refused): both are the same cluster, the target has keys and no note of this migration and `force` is not given, or it has the note of
   * another migration.
   */
  static async open(options: MigrationOptions): Promise<Migration> {
    const { from, to, prefix = new Uint8Array(0), batch = 1, force = false } = options
    const space = keySpaceOf(prefix)
    const [source, target] = await Promise.all([lookAt(from, space), lookAt(to, space)])
    if (source.clusterId === target.clusterId) throw new BalsaError('INVALID', 'source and target are the same cluster')
    const note: Note = {
      source: source.clusterId.toString(16),
      prefix: hex(prefix),
      revision: 0,
      run: Math.floor(options.random.next() * 2 ** 48),
      step: 0,
    }
    const { target: writer, found } = await Target.open(to, note, batch)
    const isOurs = found !== null && found.source === note.source && found.prefix === note.prefix
    if (found !== null && !isOurs && !force) {
      throw new BalsaError('INVALID', `the target is in the middle of a migration from cluster ${found.source}`, {
        hint: 'Finish that one, or begin anew with force.',
      })
    }
    if (found === null && target.count > 0 && !force) {
      throw new BalsaError('INVALID', `the target has ${target.count} keys already`, {
        hint: 'Take an empty cluster or another prefix; with force, the keys that the source has not are deleted.',
      })
    }
    if (isOurs) writer.startAt(found.revision)
    return new Migration(options, space, writer, found !== null || target.count > 0)
  }

  /** The target has what the source last changed up to this revision. */
  get revision(): number {
    return this.#target.revision
  }

  get leases(): number {
    return this.#leases.size
  }

  /** Brings the target to what the source is now: what has changed since it was copied last, in the order of changes, and without what the source has not any more. */
  async copy(signal?: AbortSignal): Promise<void> {
    const { from } = this.#options
    const { revision } = await lookAt(from, this.#space)
    const { changed, surplus } = await this.#differences(revision, signal)
    const target = this.#target
    let done = 0
    const total = changed.length + surplus.length
    const written = (changes: number): void => {
      if (signal?.aborted === true) stop(signal)
      done += changes
      this.#report('copying', done, total)
    }
    const deletions = surplus.map((key): Change => ({ key, put: null }))
    await target.write([{ revision: target.revision, changes: deletions }], written)
    this.deleted += surplus.length
    await target.write(this.#steps(changed, revision), written)
    this.copied += changed.length
    await target.say(revision)
    this.#mayHaveMore = true
    this.#report('copying', done, total)
  }

  async #differences(revision: number, signal?: AbortSignal): Promise<{ readonly changed: Listed[]; readonly surplus: Uint8Array[] }> {
    const { from, to } = this.#options
    const since = this.#target.revision
    const changed: Listed[] = []
    const surplus: Uint8Array[] = []
    let seen = 0
    const present = this.#mayHaveMore ? pairsAt(to, this.#space, 0, { keysOnly: true }) : NOTHING
    for await (const [pair, other] of sideBySide(
      pairsAt(from, this.#space, revision, { keysOnly: true }),
      present[Symbol.asyncIterator](),
    )) {
      if (signal?.aborted === true) stop(signal)
      if (pair !== null && !isNote(pair.key) && (pair.modRevision > since || (other === null && this.#mayHaveMore)))
        changed.push({ key: pair.key, modRevision: pair.modRevision })
      if (pair === null && other !== null && !isNote(other.key)) surplus.push(other.key)
      seen += 1
      if (seen % 1000 === 0) this.#report('looking', seen, null)
    }
    changed.sort((a, b) => a.modRevision - b.modRevision || compareKeys(a.key, b.key))
    return { changed, surplus }
  }

  /** Values are asked for ahead, and come in their order. */
  async *#steps(changed: readonly Listed[], revision: number): AsyncGenerator<Step, void, undefined> {
    const ahead: Promise<readonly KeyValue[]>[] = []
    let asked = 0
    let step: Change[] = []
    for (let begin = 0; begin < changed.length; begin += VALUES_TOGETHER) {
      for (; asked < changed.length && ahead.length < READS_AHEAD; asked += VALUES_TOGETHER)
        ahead.push(this.#valuesOf(changed.slice(asked, asked + VALUES_TOGETHER), revision))
      for (const [at, pair] of ((await ahead.shift()) ?? []).entries()) {
        step.push(await this.#putOf(pair))
        if (changed[begin + at + 1]?.modRevision === pair.modRevision) continue
        yield { revision: pair.modRevision, changes: step }
        step = []
      }
    }
  }

  /** All of them were there at that revision. */
  #valuesOf(listed: readonly Listed[], revision: number): Promise<readonly KeyValue[]> {
    const success = listed.map(({ key }): RequestOpInit => ({ request: { case: 'requestRange', value: { key, revision } } }))
    const asked = this.#options.from.call(Txn, { success }, { repeatable: true }).then(({ responses }) =>
      responses.map(({ response }) => {
        const [pair] = response?.case === 'responseRange' ? response.value.kvs : []
        if (pair === undefined) throw new BalsaError('MALFORMED', `a key that was there at revision ${revision} is not there any more`)
        return pair
      }),
    )
    // Whoever waits for it hears of its failure.
    asked.catch(() => undefined)
    return asked
  }

  async #putOf({ key, value, lease }: KeyValue): Promise<Change> {
    return { key, put: { value, lease: await this.#leases.of(lease) } }
  }

  /** Takes over what changes, until the signal says that it is enough. Goes on through faults of both sides. */
  async follow(signal: AbortSignal): Promise<void> {
    // What is gone from the history of the source is found by looking at all keys.
    let isGone = false
    while (!signal.aborted) {
      try {
        await this.#target.recover()
        if (isGone) await this.copy(signal)
        isGone = false
        await this.#target.write(this.#changes(signal))
      } catch (error) {
        if (!(error instanceof BalsaError)) throw error
        if (signal.aborted && error.code === 'ABORTED') return
        if (error.code === 'LEASE_NOT_FOUND') this.#leases.forget()
        else if (error.code !== 'COMPACTED' && !PASSING.has(error.code)) throw error
        isGone ||= error.code === 'COMPACTED'
        await new Promise<void>((resolve) => void this.#options.clock.setTimer(PAUSE_MS, resolve))
      }
    }
  }

  async *#changes(signal: AbortSignal): AsyncGenerator<Step, void, undefined> {
    for await (const changed of changesFrom(this.#options.from, this.#space, this.revision + 1, signal)) {
      if (changed.revision <= this.revision && changed.events.length > 0) continue
      const changes = await this.#changesOf(changed)
      yield { revision: changed.revision, changes, urgent: changed.last }
      if (changed.events.length === 0) continue
      this.followed += 1
      this.#report('following', this.followed, null)
    }
  }

  async #changesOf({ events }: Changed): Promise<readonly Change[]> {
    const changes: Change[] = []
    for (const event of events) {
      const { kv } = event
      if (kv === null || isNote(kv.key)) continue
      changes.push(isDeletion(event) ? { key: kv.key, put: null } : await this.#putOf(kv))
    }
    return changes
  }

  /** Both sides pair by pair, each at one revision. */
  async compare(signal?: AbortSignal): Promise<Comparison> {
    const { from, to, crc32 } = this.#options
    const sides = await Promise.all([lookAt(from, this.#space), lookAt(to, this.#space)])
    const fromRevision = this.revision
    const toRevision = sides[1].revision
    const counts = [0, 0]
    const hashes = [0, 0]
    const differing: Uint8Array[] = []
    const count = (side: 0 | 1, pair: KeyValue | null): void => {
      if (pair === null) return
      counts[side] = (counts[side] ?? 0) + 1
      hashes[side] = crc32(pair.value, crc32(pair.key, hashes[side]))
    }
    const left = pairsAt(from, this.#space, fromRevision, { keysOnly: false })
    const right = pairsAt(to, this.#space, toRevision, { keysOnly: false })
    for await (const [a, b] of sideBySide(left, right)) {
      if (signal?.aborted === true) stop(signal)
      const key = a?.key ?? b?.key
      if (key === undefined || isNote(key)) continue
      count(0, a)
      count(1, b)
      if (!isSame(a, b) && differing.length < MOST_DIFFERING) differing.push(key)
      if ((counts[0] ?? 0) % 1000 === 0) this.#report('comparing', counts[0] ?? 0, null)
    }
    const [fromKeys = 0, toKeys = 0] = counts
    const [fromHash = 0, toHash = 0] = hashes
    const equal = differing.length === 0
    return { equal, fromRevision, toRevision, fromKeys, toKeys, fromHash: fromHash >>> 0, toHash: toHash >>> 0, differing }
  }

  /** The target is on its own from now on. */
  finish(): Promise<void> {
    return this.#target.finish()
  }

  /** Leases of the target are not kept alive any more. */
  close(): void {
    this.#leases.stop()
  }

  #report(phase: MigrationProgress['phase'], done: number, total: number | null): void {
    if (done % REPORT_EVERY === 0 || done === total) this.#options.onProgress?.({ phase, done, total, revision: this.revision })
  }
}

const NOTHING: AsyncIterable<KeyValue> = { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) }

const isNote = (key: Uint8Array): boolean => compareKeys(key, NOTE_KEY) === 0

/** Leases have other ids where an id was taken; that a key has one must agree. */
const isSame = (a: KeyValue | null, b: KeyValue | null): boolean =>
  a !== null && b !== null && compareKeys(a.value, b.value) === 0 && (a.lease === 0n) === (b.lease === 0n)

function stop(signal: AbortSignal): never {
  throw new BalsaError('ABORTED', 'the migration was interrupted', { cause: signal.reason })
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
