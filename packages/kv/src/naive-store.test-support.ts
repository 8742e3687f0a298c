import { type Command, isWrite, type KeyWriteCommand, refusalOf, type WriteCommand } from './command.js'
import { MAX_VALUE_BYTES } from './limits.js'
import type { Compare, Txn, TxnOperation } from './mvcc/txn.js'
import type { KeyRange, RangeRequest } from './mvcc/range.js'
import type { CommandResult, KeyMetadata, RefusalCode } from './result.js'

export interface NaiveRecord extends KeyMetadata {
  readonly key: readonly number[]
  readonly lease: bigint
  readonly value: readonly number[]
}

export interface NaiveEvent {
  readonly revision: number
  readonly key: readonly number[]
  /** Null = deleted. */
  readonly record: NaiveRecord | null
}

interface NaiveSession {
  readonly id: number
  readonly nonce: string
  readonly ttlMs: number
  lastActiveMs: number
  firstUnanswered: number
  answers: Record<string, CommandResult>
}

interface NaiveLease {
  readonly id: bigint
  readonly ttlMs: number
  readonly deadlineMs: number
}

type Records = Readonly<Record<string, NaiveRecord>>

const refused = (code: RefusalCode): CommandResult => ({ type: 'refused', code })
const lexical = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((byte, place) => byte !== b[place])
  return at < 0 ? a.length - b.length : b[at] === undefined ? 1 : (a[at] ?? 0) - b[at]
}
const text = (bytes: readonly number[]): string => String.fromCharCode(...bytes)

/** The same rules written down as plainly as possible: every revision is a whole copy, and nothing is shared, indexed or swept. */
export class NaiveStore {
  records: Records = {}
  /** The keys after every revision. */
  past: Record<number, Records> = { 1: {} }
  events: NaiveEvent[] = []
  leases: NaiveLease[] = []
  sessions: NaiveSession[] = []
  revision = 1
  compacted = 0
  timeMs = 0

  clone(): NaiveStore {
    return Object.assign(new NaiveStore(), structuredClone({ ...this }))
  }

  apply(index: number, timeMs: number, command: Command): CommandResult {
    this.timeMs = Math.max(this.timeMs, timeMs)
    this.sessions = this.sessions.filter((session) => this.timeMs - session.lastActiveMs <= session.ttlMs)
    for (const lease of this.overdue().slice(0, 16)) this.#endLease(lease)
    if (command.type === 'openSession') return this.#open(index, command.ttlMs, command.clientNonce.join())
    if (command.type === 'advance' || command.type === 'space' || command.type === 'alarm') return { type: 'advanced' }
    if (!isWrite(command)) {
      const session = this.#touch(command.session)
      if (session === null) return refused('SESSION_EXPIRED')
      if (command.type === 'keepAlive') return { type: 'sessionAlive' }
      this.sessions = this.sessions.filter((each) => each !== session)
      return { type: 'sessionClosed' }
    }
    if (command.stamp === null) return this.#write(command, index)
    const session = this.#touch(command.stamp.session)
    if (session === null) return refused('SESSION_EXPIRED')
    const { sequence, firstUnanswered } = command.stamp
    session.firstUnanswered = Math.max(session.firstUnanswered, firstUnanswered)
    session.answers = Object.fromEntries(Object.entries(session.answers).filter(([each]) => Number(each) >= session.firstUnanswered))
    if (sequence < session.firstUnanswered) return refused('STALE_REQUEST')
    session.answers[sequence] ??= this.#write(command, index)
    return session.answers[sequence]
  }

  overdue(): NaiveLease[] {
    const unsigned = (id: bigint): bigint => BigInt.asUintN(64, id)
    return this.leases
      .filter((lease) => this.timeMs > lease.deadlineMs)
      .sort((a, b) => a.deadlineMs - b.deadlineMs || (unsigned(a.id) < unsigned(b.id) ? -1 : 1))
  }

  living(id: bigint): NaiveLease | undefined {
    return this.leases.find((lease) => lease.id === id && this.timeMs <= lease.deadlineMs)
  }

  inRange({ key, rangeEnd }: KeyRange, records: Records = this.records): NaiveRecord[] {
    const inside = (candidate: readonly number[]): boolean => {
      if (rangeEnd.length === 0) return lexical(candidate, [...key]) === 0
      if (lexical(candidate, [...key]) < 0) return false
      return (rangeEnd.length === 1 && rangeEnd[0] === 0) || lexical(candidate, [...rangeEnd]) < 0
    }
    return Object.values(records)
      .filter((record) => inside(record.key))
      .sort((a, b) => lexical(a.key, b.key))
  }

  /** As an answer of the store, with its kinds of values. */
  range(request: RangeRequest, newest = this.revision): Record<string, unknown> | RefusalCode {
    if (request.revision > newest) return 'FUTURE_REVISION'
    if (request.revision > 0 && request.revision < this.compacted) return 'COMPACTED'
    const all = this.inRange(request, request.revision === 0 ? this.records : this.past[request.revision])
    if (request.countOnly) return { entries: [], more: false, count: all.length }
    const passing = all.filter(
      ({ modRevision, createRevision }) =>
        modRevision >= request.minModRevision &&
        createRevision >= request.minCreateRevision &&
        modRevision <= (request.maxModRevision || Infinity) &&
        createRevision <= (request.maxCreateRevision || Infinity),
    )
    const by = (record: NaiveRecord): number | string => {
      if (request.sortTarget === 'key') return text(record.key)
      return request.sortTarget === 'value' ? text(record.value) : record[request.sortTarget]
    }
    const compare = (a: NaiveRecord, b: NaiveRecord): number => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0)
    passing.sort((a, b) => (request.descending ? compare(b, a) : compare(a, b)))
    const entries = passing.slice(0, request.limit || Infinity)
    return {
      entries: entries.map((record) => shown(record, request.keysOnly)),
      more: entries.length < passing.length,
      count: request.counted ? all.length : null,
    }
  }

  #open(index: number, ttlMs: number, nonce: string): CommandResult {
    const existing = this.sessions.find((session) => session.nonce === nonce)
    if (existing !== undefined) this.#touch(existing.id)
    if (existing !== undefined) return { type: 'sessionOpened', session: existing.id, ttlMs: existing.ttlMs }
    const granted = Math.max(1000, Math.min(86_400_000, ttlMs))
    this.sessions.push({ id: index, nonce, ttlMs: granted, lastActiveMs: this.timeMs, firstUnanswered: 1, answers: {} })
    return { type: 'sessionOpened', session: index, ttlMs: granted }
  }

  #touch(id: number): NaiveSession | null {
    const session = this.sessions.find((each) => each.id === id)
    if (session !== undefined) session.lastActiveMs = this.timeMs
    return session ?? null
  }

  #write(command: WriteCommand, index: number): CommandResult {
    const refusal = refusalOf(command)
    if (refusal !== null) return refused(refusal.code)
    switch (command.type) {
      case 'txn':
        return this.#txn(command.txn)
      case 'compact':
        if (command.revision > this.revision) return refused('FUTURE_REVISION')
        if (command.revision <= this.compacted) return refused('COMPACTED')
        this.compacted = command.revision
        return { type: 'compacted', revision: this.revision }
      case 'leaseGrant':
        return this.#grant(command.lease, command.ttlMs, index)
      case 'leaseRevoke': {
        const lease = this.leases.find((each) => each.id === command.lease)
        if (lease === undefined) return refused('LEASE_NOT_FOUND')
        const deleted = this.#endLease(lease)
        return { type: 'leaseRevoked', revision: this.revision, deleted }
      }
      case 'leaseKeepAlive': {
        const lease = this.living(command.lease)
        if (lease !== undefined) this.#setLease(lease.id, lease.ttlMs)
        return { type: 'leaseKept', lease: command.lease, ttlMs: lease?.ttlMs ?? 0, revision: this.revision }
      }
      default:
        return this.#keyWrite(command)
    }
  }

  #grant(wanted: bigint, ttlMs: number, index: number): CommandResult {
    let id = wanted === 0n ? BigInt(index) : wanted
    while (wanted === 0n && this.leases.some((lease) => lease.id === id)) id += 1n
    const present = this.leases.find((lease) => lease.id === id)
    if (present !== undefined && this.living(id) !== undefined) return refused('LEASE_EXISTS')
    if (present !== undefined) this.#endLease(present)
    const granted = Math.max(1000, ttlMs)
    this.#setLease(id, granted)
    return { type: 'leaseGranted', lease: id, ttlMs: granted, revision: this.revision }
  }

  #setLease(id: bigint, ttlMs: number): void {
    this.leases = [...this.leases.filter((lease) => lease.id !== id), { id, ttlMs, deadlineMs: this.timeMs + ttlMs }]
  }

  #endLease({ id }: NaiveLease): number {
    const keys = Object.values(this.records)
      .filter((record) => record.lease === id)
      .sort((a, b) => lexical(a.key, b.key))
    this.leases = this.leases.filter((lease) => lease.id !== id)
    this.#change((draft) => keys.forEach(({ key }) => draft.delete(key)))
    return keys.length
  }

  /** One revision, when something has changed. */
  #change<Result>(run: (draft: Draft) => Result): Result {
    const draft = new Draft(this.revision + 1, this.records)
    const result = run(draft)
    if (draft.events.length === 0) return result
    this.revision += 1
    this.records = draft.records
    this.past[this.revision] = draft.records
    this.events.push(...draft.events)
    return result
  }

  #keyWrite(command: KeyWriteCommand): CommandResult {
    const key = [...command.key]
    const before = this.records[key.join()]
    const previous = before === undefined ? null : meta(before)
    if (command.type === 'delete') {
      this.#change((draft) => draft.delete(key))
      return { type: 'deleted', revision: this.revision, previous }
    }
    if (command.type === 'compareAndPut') {
      const { modRevision, value } = command.expected
      const revisionHolds = modRevision === null || modRevision === (before?.modRevision ?? 0)
      const valueHolds = value === null || (before !== undefined && before.value.join() === value.join())
      if (!revisionHolds || !valueHolds) return { type: 'compareFailed', revision: this.revision, actual: previous }
    }
    const appends = command.type === 'append'
    const value = [...(appends ? (before?.value ?? []) : []), ...command.value]
    if (value.length > MAX_VALUE_BYTES) return refused('TOO_LARGE')
    const record = this.#change((draft) => draft.put(key, value, appends ? (before?.lease ?? 0n) : 0n))
    return { type: 'written', metadata: meta(record), previous, valueBytes: value.length }
  }

  #txn(txn: Txn): CommandResult {
    const path = this.#path(txn)
    const refusal = this.#pathRefusal(path)
    if (refusal !== null) return refused(refusal)
    const before = this.revision
    const outcome = this.#change((draft) => this.#run(draft, before, path))
    return { type: 'txn', revision: this.revision, ...outcome } as CommandResult
  }

  #path(txn: Txn): Path {
    const succeeded = txn.compares.every((compare) => this.#holds(compare))
    return {
      succeeded,
      steps: (succeeded ? txn.success : txn.failure).map((operation) =>
        operation.type === 'txn' ? { type: 'nested' as const, path: this.#path(operation.txn) } : operation,
      ),
    }
  }

  #holds(compare: Compare): boolean {
    const found: (NaiveRecord | null)[] = this.inRange(compare)
    return (found.length === 0 ? [null] : found).every((record) => {
      if (compare.target === 'value') return record !== null && fits(compare.result, text(record.value), text([...compare.operand]))
      if (compare.target === 'lease') return fits(compare.result, record?.lease ?? 0n, compare.operand)
      return fits(compare.result, record?.[compare.target] ?? 0, compare.operand)
    })
  }

  #pathRefusal(path: Path): RefusalCode | null {
    for (const step of path.steps) {
      const refusal = step.type === 'nested' ? this.#pathRefusal(step.path) : this.#stepRefusal(step)
      if (refusal !== null) return refusal
    }
    return null
  }

  #stepRefusal(step: Exclude<TxnOperation, { type: 'txn' }>): RefusalCode | null {
    if (step.type === 'range') {
      const answer = this.range(step.request)
      return typeof answer === 'string' ? answer : null
    }
    if (step.type !== 'put') return null
    const present = this.records[step.key.join()]
    if ((step.value === null || step.lease === null) && present === undefined) return 'KEY_NOT_FOUND'
    return step.lease !== null && step.lease !== 0n && this.living(step.lease) === undefined ? 'LEASE_NOT_FOUND' : null
  }

  #run(draft: Draft, before: number, path: Path): Record<string, unknown> {
    return { succeeded: path.succeeded, responses: path.steps.map((step) => this.#runStep(draft, before, step)) }
  }

  #runStep(draft: Draft, before: number, step: Step): Record<string, unknown> {
    if (step.type === 'nested') return { type: 'txn', outcome: this.#run(draft, before, step.path) }
    if (step.type === 'range') {
      const seen = Object.assign(new NaiveStore(), this, step.request.revision === 0 ? { records: draft.records } : {})
      return { type: 'range', ...(seen.range(step.request, before) as Record<string, unknown>) }
    }
    const present = draft.records[step.key.join()]
    if (step.type === 'delete') {
      const found = this.inRange(step, draft.records)
      for (const { key } of found) draft.delete(key)
      return { type: 'delete', deleted: found.length, previous: step.previous ? found.map((record) => shown(record, false)) : [] }
    }
    const value = step.type === 'append' ? [...(present?.value ?? []), ...step.value] : [...(step.value ?? present?.value ?? [])]
    const lease = step.type === 'append' ? (present?.lease ?? 0n) : (step.lease ?? present?.lease ?? 0n)
    const record = draft.put([...step.key], value, lease)
    const showsPrevious = step.type === 'put' && step.previous && present !== undefined
    const previous = showsPrevious ? { ...meta(present), lease: present.lease, value: Uint8Array.from(present.value) } : null
    return { type: 'put', record: { ...meta(record), lease }, valueBytes: value.length, previous }
  }
}

type Step = Exclude<TxnOperation, { type: 'txn' }> | { readonly type: 'nested'; readonly path: Path }

interface Path {
  readonly succeeded: boolean
  readonly steps: readonly Step[]
}

class Draft {
  readonly revision: number
  records: Records
  readonly events: NaiveEvent[] = []

  constructor(revision: number, records: Records) {
    this.revision = revision
    this.records = records
  }

  put(key: readonly number[], value: readonly number[], lease: bigint): NaiveRecord {
    const before = this.records[key.join()]
    const record: NaiveRecord = {
      key,
      createRevision: before?.createRevision ?? this.revision,
      modRevision: this.revision,
      version: (before?.version ?? 0) + 1,
      lease,
      value,
    }
    this.records = { ...this.records, [key.join()]: record }
    this.events.push({ revision: this.revision, key, record })
    return record
  }

  delete(key: readonly number[]): void {
    const { [key.join()]: gone, ...rest } = this.records
    if (gone === undefined) return
    this.records = rest
    this.events.push({ revision: this.revision, key, record: null })
  }
}

function fits<Value extends bigint | number | string>(result: Compare['result'], a: Value, b: Value): boolean {
  if (result === 'equal') return a === b
  if (result === 'notEqual') return a !== b
  return result === 'greater' ? a > b : a < b
}

const shown = (record: NaiveRecord, keysOnly: boolean): Record<string, unknown> => ({
  key: text(record.key),
  ...meta(record),
  lease: record.lease,
  value: Uint8Array.from(keysOnly ? [] : record.value),
})

const meta = ({ createRevision, modRevision, version }: KeyMetadata): KeyMetadata => ({ createRevision, modRevision, version })
