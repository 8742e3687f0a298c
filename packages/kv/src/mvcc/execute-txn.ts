/**
 * Transactions: which branch is taken is decided, at every level, by the state before; everything that can be refused is refused before anything is
 * written; then the operations run in order, and each sees the writes before it.
 */
import type { Counters } from './counters.js'
import { livingLease } from './leases.js'
import { boundsOf, compareBytes, ENTRY_BYTES, type KeyEntry, RangeScan, type RangeResult } from './range.js'
import type { VersionReader } from './reader.js'
import { decodeRecord, type KeyRecord } from './record.js'
import type { Compare, DeleteOperation, PutOperation, Txn, TxnOperation } from './txn.js'
import type { VersionWriter } from './writer.js'
import { type ByteString, keyToString } from '../backend/byte-string.js'
import { MAX_TXN_ANSWER_BYTES, MAX_VALUE_BYTES } from '../limits.js'
import type { RefusalCode } from '../result.js'

export interface TxnOutcome {
  readonly succeeded: boolean
  readonly responses: readonly OperationOutcome[]
}

export type OperationOutcome =
  | ({ readonly type: 'range' } & RangeResult)
  | { readonly type: 'put'; readonly record: Omit<KeyRecord, 'value'>; readonly valueBytes: number; readonly previous: KeyRecord | null }
  | { readonly type: 'delete'; readonly deleted: number; readonly previous: readonly KeyEntry[] }
  | { readonly type: 'txn'; readonly outcome: TxnOutcome }

export interface TxnContext {
  readonly counters: Readonly<Counters>
  readonly timeMs: number
}

/** The branches that will be taken. */
export interface Path {
  readonly succeeded: boolean
  readonly steps: readonly Step[]
}

type Step = { readonly type: 'txn'; readonly path: Path } | Exclude<TxnOperation, { readonly type: 'txn' }>

const PAGE_KEYS = 256

/** Decides and checks. A code = refused, nothing has changed. */
export function planTxn(reader: VersionReader, context: TxnContext, txn: Txn): Path | RefusalCode {
  const path = choosePath(reader, txn)
  const budget = { bytes: MAX_TXN_ANSWER_BYTES }
  return checkPath(reader, context, path, budget) ?? (budget.bytes < 0 ? 'TOO_LARGE' : path)
}

/** Which branches the state takes. */
export function choosePath(reader: VersionReader, txn: Txn): Path {
  const succeeded = txn.compares.every((compare) => holds(reader, compare))
  const steps = (succeeded ? txn.success : txn.failure).map(
    (operation): Step => (operation.type === 'txn' ? { type: 'txn', path: choosePath(reader, operation.txn) } : operation),
  )
  return { succeeded, steps }
}

function holds(reader: VersionReader, compare: Compare): boolean {
  if (compare.rangeEnd.length === 0) return holdsFor(compare, reader.current(keyToString(compare.key)))
  const { from, to } = boundsOf(compare)
  let found = false
  for (let next = from; ; ) {
    const keys = reader.tables.keys('current', { from: next, to }, PAGE_KEYS)
    for (const key of keys) {
      found = true
      if (!holdsFor(compare, reader.current(key))) return false
    }
    if (keys.length < PAGE_KEYS) return found || holdsFor(compare, undefined)
    next = `${keys.at(-1)}\0`
  }
}

function holdsFor(compare: Compare, record: KeyRecord | undefined): boolean {
  if (compare.target === 'value') return record !== undefined && fits(compare.result, compareBytes(record.value, compare.operand))
  if (compare.target === 'lease') {
    const lease = record?.lease ?? 0n
    return fits(compare.result, lease < compare.operand ? -1 : lease > compare.operand ? 1 : 0)
  }
  return fits(compare.result, (record?.[compare.target] ?? 0) - compare.operand)
}

function fits(result: Compare['result'], difference: number): boolean {
  if (result === 'equal') return difference === 0
  if (result === 'notEqual') return difference !== 0
  return result === 'greater' ? difference > 0 : difference < 0
}

interface Budget {
  bytes: number
}

/** Why the path is refused. Takes from the budget what the answers may have, at most. */
function checkPath(reader: VersionReader, context: TxnContext, path: Path, budget: Budget): RefusalCode | null {
  let put = 0
  for (const step of path.steps) if (step.type === 'put' || step.type === 'append') put += step.key.length + (step.value?.length ?? 0)
  for (const step of path.steps) {
    budget.bytes -= ENTRY_BYTES
    const refusal = step.type === 'txn' ? checkPath(reader, context, step.path, budget) : checkStep(reader, context, step, budget, put)
    if (refusal !== null) return refusal
  }
  return null
}

function checkStep(
  reader: VersionReader,
  context: TxnContext,
  step: Exclude<Step, { readonly type: 'txn' }>,
  budget: Budget,
  put: number,
): RefusalCode | null {
  if (step.type === 'put') return checkPut(reader, context, step, budget)
  if (step.type === 'append') {
    const present = reader.current(keyToString(step.key))?.valueBytes ?? 0
    return present + step.value.length > MAX_VALUE_BYTES ? 'TOO_LARGE' : null
  }
  if (step.type === 'delete') {
    if (step.previous) chargeRange(reader, step, budget)
    return null
  }
  const refusal = revisionRefusal(context.counters, step.request.revision)
  if (refusal !== null) return refusal
  if (step.request.countOnly) return null
  // It may also see what this transaction writes.
  if (step.request.limit === 0 || step.request.limit > 1) budget.bytes -= put
  const scan = new RangeScan(reader, { ...step.request, counted: false }, revisionOf(context.counters, step.request.revision), budget.bytes)
  for (const entry of scan.run().entries) budget.bytes -= entry.key.length + entry.value.length + ENTRY_BYTES
  return null
}

/** Null = readable. 0 means now. */
export function revisionRefusal(counters: Readonly<Counters>, revision: number): RefusalCode | null {
  if (revision > counters.revision) return 'FUTURE_REVISION'
  return revision !== 0 && revision < counters.compactedRevision ? 'COMPACTED' : null
}

const revisionOf = (counters: Readonly<Counters>, revision: number): number | null =>
  revision === 0 || revision === counters.revision ? null : revision

function checkPut(reader: VersionReader, context: TxnContext, step: PutOperation, budget: Budget): RefusalCode | null {
  const needsPresent = step.value === null || step.lease === null
  const present = needsPresent || step.previous ? reader.current(keyToString(step.key)) : undefined
  if (needsPresent && present === undefined) return 'KEY_NOT_FOUND'
  if (step.previous && present !== undefined) budget.bytes -= present.valueBytes
  if (step.lease === null || step.lease === 0n) return null
  return livingLease(reader.tables, step.lease, context.timeMs) === undefined ? 'LEASE_NOT_FOUND' : null
}

function chargeRange(reader: VersionReader, step: DeleteOperation, budget: Budget): void {
  for (const entry of eachEntry(reader, step)) {
    budget.bytes -= entry.key.length + entry.valueBytes + ENTRY_BYTES
    if (budget.bytes < 0) return
  }
}

function* eachEntry(reader: VersionReader, range: DeleteOperation): Generator<{ readonly key: ByteString; readonly valueBytes: number }> {
  const { from, to } = boundsOf(range)
  for (let next = from; ; ) {
    const keys = reader.tables.keys('current', { from: next, to }, PAGE_KEYS)
    for (const key of keys) yield { key, valueBytes: reader.current(key)?.valueBytes ?? 0 }
    if (keys.length < PAGE_KEYS) return
    next = `${keys.at(-1)}\0`
  }
}

/** Whether it puts anything. */
export const adds = (path: Path): boolean =>
  path.steps.some((step) => (step.type === 'txn' ? adds(step.path) : step.type === 'put' || step.type === 'append'))

/** Does what `planTxn` let pass. The caller finishes the revision. */
export function runPath(versions: VersionWriter, path: Path): TxnOutcome {
  return { succeeded: path.succeeded, responses: path.steps.map((step) => runStep(versions, step)) }
}

function runStep(versions: VersionWriter, step: Step): OperationOutcome {
  switch (step.type) {
    case 'txn':
      return { type: 'txn', outcome: runPath(versions, step.path) }
    case 'put':
      return runPut(versions, step)
    case 'append': {
      const { record, valueBytes } = versions.append(keyToString(step.key), step.value)
      return { type: 'put', record: withoutValue(record), valueBytes, previous: null }
    }
    case 'delete':
      return { type: 'delete', ...deleteRange(versions, step) }
    case 'range':
      if (step.request.revision !== 0) versions.flushHistory()
      return { type: 'range', ...new RangeScan(versions.reader, step.request, atRevision(step.request.revision)).run() }
  }
}

/** A range without a revision sees the writes before it; one with a revision, even the present one, does not. */
const atRevision = (revision: number): number | null => (revision === 0 ? null : revision)

function runPut(versions: VersionWriter, step: PutOperation): OperationOutcome {
  const key = keyToString(step.key)
  const keeps = step.value === null || step.lease === null ? versions.reader.current(key) : undefined
  const value = step.value ?? keeps?.value ?? new Uint8Array(0)
  const { record, valueBytes, previous, stored } = versions.put(key, value, step.lease ?? keeps?.lease ?? 0n)
  const shown =
    step.previous && previous !== undefined && stored !== undefined
      ? { ...withoutValue(previous), value: decodeRecord(stored).value }
      : null
  return { type: 'put', record: withoutValue(record), valueBytes, previous: shown }
}

const withoutValue = ({ createRevision, modRevision, version, lease }: Omit<KeyRecord, 'value'>): Omit<KeyRecord, 'value'> => ({
  createRevision,
  modRevision,
  version,
  lease,
})

/** In the order of the keys. */
export function deleteRange(
  versions: VersionWriter,
  operation: DeleteOperation,
): { readonly deleted: number; readonly previous: readonly KeyEntry[] } {
  const { from, to } = boundsOf(operation)
  const previous: KeyEntry[] = []
  let deleted = 0
  for (let next = from; ; ) {
    const keys = versions.reader.tables.keys('current', { from: next, to }, PAGE_KEYS)
    for (const key of keys) {
      const removed = versions.remove(key)
      if (!operation.previous || removed === undefined) continue
      previous.push({ key, ...withoutValue(removed.previous), value: decodeRecord(removed.stored).value })
    }
    deleted += keys.length
    if (keys.length < PAGE_KEYS) return { deleted, previous }
    next = `${keys.at(-1)}\0`
  }
}
