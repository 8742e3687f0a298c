import { invariant } from '@balsa/raft'
import type { Backend, WriteBatch } from '../backend/backend.js'
import { type ByteString, bytesEqual, keyToString } from '../backend/byte-string.js'
import type { Command, CompareAndPutCommand, KeyWriteCommand, ModelCommand } from '../command.js'
import {
  LEASE_KEYS_ENDED_PER_COMMAND,
  LEASES_ENDED_PER_COMMAND,
  MAX_HISTORY_BYTES,
  MAX_HISTORY_REVISIONS,
  MAX_KEY_BYTES,
  MAX_LEASE_TTL_MS,
  MAX_VALUE_BYTES,
  MIN_LEASE_TTL_MS,
  SWEPT_BLOCKS_PER_ADVANCE,
  SWEPT_BLOCKS_PER_COMMAND,
} from '../limits.js'
import type { CommandResult, KeyMetadata, RefusalCode } from '../result.js'
import { type AlarmKind, alarmsWith, saysFull } from './alarms.js'
import { sweep } from './compaction.js'
import { type Counters, readCounters, writeCounters } from './counters.js'
import { adds, concernsMoreThan, planTxn, revisionRefusal, runPath, STEP_KEYS } from './execute-txn.js'
import { type Steps, toEnd } from '../steps.js'
import { HistoryEnd } from './history.js'
import { endLease, LeaseClock, leaseOf, livingLease, overdueLeases, setLease } from './leases.js'
import { VersionReader } from './reader.js'
import type { StoredHead, StoredRecord } from './record.js'
import type { Txn } from './txn.js'
import { VersionWriter, type Written } from './writer.js'
import type { EventJournal } from '../watch/events.js'

/** What takes space, whatever it says; transactions only when they put. */
const ADDING: ReadonlySet<string> = new Set(['put', 'append', 'compareAndPut', 'leaseGrant'])

/** What a client changes. Leases are still kept alive, and end. */
const CHANGING: ReadonlySet<string> = new Set([...ADDING, 'delete', 'txn', 'compact', 'leaseRevoke'])

const refused = (code: RefusalCode): CommandResult => ({ type: 'refused', code })

const metadataOf = (record: StoredHead | undefined): KeyMetadata | null =>
  record === undefined ? null : { createRevision: record.createRevision, modRevision: record.modRevision, version: record.version }

const written = ({ record, valueBytes, previous }: Written): CommandResult => ({
  type: 'written',
  metadata: { createRevision: record.createRevision, modRevision: record.modRevision, version: record.version },
  previous: metadataOf(previous),
  valueBytes,
})

/**
 * Keys, values, revisions and leases over the tables of a backend. Every command that changes something takes one revision; one that finds nothing to
 * change, a failed compare and a refusal take none. What depends on time depends on cluster time alone.
 */
export class MvccStore {
  readonly backend: Backend
  /** Reads what finished batches wrote. */
  readonly reader: VersionReader
  readonly #counters: Counters
  readonly #history: HistoryEnd
  readonly #leases = new LeaseClock()
  readonly #maxHistoryRevisions: number
  readonly #journal: EventJournal | null

  /** `maxHistoryRevisions` decides what commands do: it must be the same on all members. */
  constructor(backend: Backend, maxHistoryRevisions: number = MAX_HISTORY_REVISIONS, journal: EventJournal | null = null) {
    this.backend = backend
    this.#journal = journal
    this.#maxHistoryRevisions = maxHistoryRevisions
    this.reader = new VersionReader(backend)
    this.#counters = readCounters(backend)
    this.#history = new HistoryEnd(backend, maxHistoryRevisions)
  }

  /** Revision of the newest write. */
  get revision(): number {
    return this.#counters.revision
  }

  /** The oldest revision that can be read, unless it is 0: then nothing was compacted. */
  get compactedRevision(): number {
    return this.#counters.compactedRevision
  }

  get counters(): Readonly<Counters> {
    return this.#counters
  }

  /** When the leader should propose an `advance`, in cluster time, though nobody else writes; 0 = at once, null = never. */
  get advanceAtMs(): number | null {
    if (this.#counters.sweepFrom !== null) return 0
    const deadline = this.#leases.earliestMs(this.backend)
    // 0 is of a lease whose last keys are on their way.
    return deadline === null || deadline === 0 ? deadline : deadline + 1
  }

  get(key: Uint8Array): StoredRecord | undefined {
    // No such key can exist, and a huge one from a client must not become a text.
    return key.length > MAX_KEY_BYTES ? undefined : this.reader.current(keyToString(key))
  }

  /** Null = readable; 0 means now. */
  revisionRefusal(revision: number): RefusalCode | null {
    return revisionRefusal(this.#counters, revision)
  }

  /** Runs commands as one batch of the backend, at `index` when it is done. `finish` writes what else belongs to it. */
  batch<Result>(index: number, run: (writes: StoreWrites) => Result, finish: (batch: WriteBatch) => void): Result {
    return this.backend.write(index, (batch) => {
      const result = run(new StoreWrites(batch, this.#counters, this.#history, this.#leases, this.#maxHistoryRevisions, this.#journal))
      this.#history.flush(batch)
      writeCounters(batch, this.#counters)
      finish(batch)
      return result
    })
  }

  /** Whether it is about more than so many keys. */
  concernsMoreThan(txn: Txn, keys: number): boolean {
    return concernsMoreThan(this.backend, txn, keys)
  }

  /** As `batch`. What it changes is not in the journal: it may be very much. Nothing else is written before it is committed. */
  begin(index: number): OpenWrites {
    const batch = this.backend.begin(index)
    const counters = { ...this.#counters }
    return {
      batch,
      writes: new StoreWrites(batch, counters, this.#history, this.#leases, this.#maxHistoryRevisions, null),
      commit: (finish) => {
        this.#history.flush(batch)
        writeCounters(batch, counters)
        finish(batch)
        batch.commit()
        Object.assign(this.#counters, counters)
        // Whoever asked meanwhile was told of the state before.
        this.#leases.changed()
      },
    }
  }
}

/** One command over several turns of the event loop. Until it is committed everybody else sees the store as it was. */
export interface OpenWrites {
  readonly batch: WriteBatch
  readonly writes: StoreWrites
  /** `finish` writes what else belongs to it. */
  readonly commit: (finish: (batch: WriteBatch) => void) => void
}

/** Commands, inside one batch. */
export class StoreWrites {
  readonly #batch: WriteBatch
  readonly #counters: Counters
  readonly #history: HistoryEnd
  readonly #leases: LeaseClock
  readonly #versions: VersionWriter
  readonly #maxHistoryRevisions: number

  constructor(
    batch: WriteBatch,
    counters: Counters,
    history: HistoryEnd,
    leases: LeaseClock,
    maxHistoryRevisions: number,
    journal: EventJournal | null,
  ) {
    this.#batch = batch
    this.#history = history
    this.#leases = leases
    this.#maxHistoryRevisions = maxHistoryRevisions
    this.#counters = counters
    this.#versions = new VersionWriter(batch, counters, history, journal)
  }

  /** Of the newest write, also of one that nobody else sees yet. */
  get revision(): number {
    return this.#counters.revision
  }

  /** What comes before every command: leases that have ended, and a little of the compaction under way. */
  prepare(timeMs: number): void {
    const earliestMs = this.#leases.earliestMs(this.#batch)
    if (earliestMs !== null && timeMs > earliestMs) {
      let most = LEASE_KEYS_ENDED_PER_COMMAND
      for (const id of overdueLeases(this.#batch, timeMs, LEASES_ENDED_PER_COMMAND)) if (most > 0) most -= this.#endLease(id, most) ?? 0
    }
    sweep(this.#batch, this.#counters, this.#history, SWEPT_BLOCKS_PER_COMMAND)
  }

  /** Executes a command that {@link refusalOf} lets pass. `index` is its place in the log. */
  execute(command: KeyWriteCommand | ModelCommand, index: number, timeMs: number): CommandResult {
    const result = this.#execute(command, index, timeMs)
    this.#versions.finish()
    this.#limitHistory()
    return result
  }

  /** As `execute`, in steps of about so many keys. */
  *executeTxn(txn: Txn, timeMs: number, stepKeys: number): Steps<CommandResult> {
    const refusal = this.#alarmed('txn')
    const result = refusal === null ? yield* this.#txn(txn, timeMs, stepKeys) : refused(refusal)
    this.#versions.finish()
    this.#limitHistory()
    return result
  }

  #execute(command: KeyWriteCommand | ModelCommand, index: number, timeMs: number): CommandResult {
    const refusal = this.#alarmed(command.type)
    if (refusal !== null) return refused(refusal)
    switch (command.type) {
      case 'put':
        return written(this.#versions.put(keyToString(command.key), command.value, 0n))
      case 'append':
        return this.#append(keyToString(command.key), command.value)
      case 'delete':
        return this.#delete(keyToString(command.key))
      case 'compareAndPut':
        return this.#compareAndPut(command)
      case 'txn':
        return toEnd(this.#txn(command.txn, timeMs, STEP_KEYS))
      case 'compact':
        return this.#compact(command.revision)
      case 'leaseGrant':
        return this.#grant(command.lease, command.ttlMs, index, timeMs)
      case 'leaseRevoke':
        return this.#revoke(command.lease)
      case 'leaseKeepAlive':
        return this.#keepAlive(command.lease, timeMs)
      case 'space':
        this.#counters.noSpace = command.full
        return { type: 'advanced' }
      case 'alarm':
        this.#counters.alarms = alarmsWith(this.#counters.alarms, command.alarm, command.raise)
        return { type: 'advanced' }
      case 'advance':
        sweep(this.#batch, this.#counters, this.#history, SWEPT_BLOCKS_PER_ADVANCE)
        return { type: 'advanced' }
    }
  }

  #isFull(): boolean {
    return this.#counters.noSpace || saysFull(this.#counters.alarms)
  }

  #isRaised(alarm: AlarmKind): boolean {
    return this.#counters.alarms.some(({ kind }) => kind === alarm)
  }

  #alarmed(type: Command['type']): RefusalCode | null {
    if (this.#isFull() && ADDING.has(type)) return 'NO_SPACE'
    return CHANGING.has(type) && this.#isRaised('corrupt') ? 'CORRUPT_ALARM' : null
  }

  #append(key: ByteString, more: Uint8Array): CommandResult {
    const present = this.#versions.reader.current(key)?.valueBytes ?? 0
    if (present + more.length > MAX_VALUE_BYTES) return refused('TOO_LARGE')
    return written(this.#versions.append(key, more))
  }

  #delete(key: ByteString): CommandResult {
    const removed = this.#versions.remove(key)
    return { type: 'deleted', revision: this.#versions.finish(), previous: metadataOf(removed?.previous) }
  }

  #compareAndPut(command: CompareAndPutCommand): CommandResult {
    const key = keyToString(command.key)
    const record = this.#versions.reader.current(key)
    const { modRevision, value } = command.expected
    const holds =
      (modRevision === null || modRevision === (record?.modRevision ?? 0)) &&
      (value === null || (record !== undefined && bytesEqual(record.value, value)))
    if (!holds) return { type: 'compareFailed', revision: this.#counters.revision, actual: metadataOf(record) }
    return written(this.#versions.put(key, command.value, 0n))
  }

  *#txn(txn: Txn, timeMs: number, stepKeys: number): Steps<CommandResult> {
    // Its ranges may read at old revisions.
    this.#versions.flushHistory()
    const plan = yield* planTxn(this.#versions.reader, { counters: this.#counters, timeMs, stepKeys }, txn)
    if (typeof plan === 'string') return refused(plan)
    if (this.#isFull() && adds(plan)) return refused('NO_SPACE')
    const outcome = yield* runPath(this.#versions, plan, stepKeys)
    return { type: 'txn', revision: this.#versions.finish(), succeeded: outcome.succeeded, responses: outcome.responses }
  }

  #compact(revision: number): CommandResult {
    const { compactedRevision, revision: newest } = this.#counters
    if (revision > newest) return refused('FUTURE_REVISION')
    if (revision <= compactedRevision) return refused('COMPACTED')
    this.#compactTo(revision)
    return { type: 'compacted', revision: newest }
  }

  #compactTo(revision: number): void {
    this.#counters.compactedRevision = revision
    this.#counters.sweepFrom = ''
  }

  /** Halves what is too much, so that it does not begin anew with every command. */
  #limitHistory(): void {
    const { revision, compactedRevision, historyBytes, sweepFrom } = this.#counters
    const most = this.#maxHistoryRevisions
    if (revision - compactedRevision > most + most / 8) {
      this.#compactTo(revision - most)
    } else if (historyBytes > MAX_HISTORY_BYTES && sweepFrom === null && compactedRevision < revision) {
      this.#compactTo(compactedRevision + Math.ceil((revision - compactedRevision) / 2))
    }
  }

  #grant(wanted: bigint, ttlMs: number, index: number, timeMs: number): CommandResult {
    let id = wanted
    if (id === 0n) for (id = BigInt(index); leaseOf(this.#batch, id) !== undefined; ) id += 1n
    // An overdue lease is gone for everybody but the tables.
    if (leaseOf(this.#batch, id) !== undefined && livingLease(this.#batch, id, timeMs) === undefined)
      this.#endLease(id, LEASE_KEYS_ENDED_PER_COMMAND)
    if (leaseOf(this.#batch, id) !== undefined) return refused('LEASE_EXISTS')
    const granted = Math.min(MAX_LEASE_TTL_MS, Math.max(MIN_LEASE_TTL_MS, ttlMs))
    setLease(this.#batch, id, granted, timeMs)
    this.#leases.changed()
    return { type: 'leaseGranted', lease: id, ttlMs: granted, revision: this.#counters.revision }
  }

  #revoke(id: bigint): CommandResult {
    const deleted = this.#endLease(id, LEASE_KEYS_ENDED_PER_COMMAND)
    return deleted === null ? refused('LEASE_NOT_FOUND') : { type: 'leaseRevoked', revision: this.#counters.revision, deleted }
  }

  #keepAlive(id: bigint, timeMs: number): CommandResult {
    const lease = livingLease(this.#batch, id, timeMs)
    if (lease !== undefined) setLease(this.#batch, id, lease.ttlMs, timeMs)
    this.#leases.changed()
    return { type: 'leaseKept', lease: id, ttlMs: lease?.ttlMs ?? 0, revision: this.#counters.revision }
  }

  /** The keys of a lease vanish in one revision, unless there are more. Answers how many it were; null = there is no such lease. */
  #endLease(id: bigint, most: number): number | null {
    const lease = leaseOf(this.#batch, id)
    if (lease === undefined) return null
    const deleted = endLease(this.#batch, this.#versions, lease, most)
    this.#leases.changed()
    const before = this.#counters.revision
    invariant(this.#versions.finish() === before + (deleted > 0 ? 1 : 0), 'a lease takes a revision with its keys', { deleted })
    return deleted
  }
}
