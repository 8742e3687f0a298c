/**
 * Transactions: which branch is taken is decided, at every level, by the state before; everything that can be refused is refused before anything is
 * written; then the operations run in order, and each sees the writes before it.
 *
 * Everything is a generator that yields whenever it has looked at, or changed, a counted number of keys: one command may concern all keys of the store. What it does depends on nothing
 * that happens meanwhile.
 */
import type { Counters } from './counters.js'
import { livingLease } from './leases.js'
import { type Bounds, boundsOf, compareBytes, ENTRY_BYTES, type KeyRange, type RangeRequest, type RangeResult, RangeScan } from './range.js'
import type { VersionReader } from './reader.js'
import { decodeRecord, type KeyEntry, type KeyRecord } from './record.js'
import type { AppendOperation, Compare, DeleteOperation, PutOperation, Txn, TxnOperation } from './txn.js'
import type { VersionWriter } from './writer.js'
import type { TableReader } from '../backend/backend.js'
import { type ByteString, keyToString } from '../backend/byte-string.js'
import { MAX_TXN_ANSWER_BYTES, MAX_VALUE_BYTES } from '../limits.js'
import type { RefusalCode } from '../result.js'
import type { Steps } from '../steps.js'

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
  /** Keys between two places where the work may be interrupted, about. */
  readonly stepKeys: number
}

/** The branches that will be taken. */
export interface Path {
  readonly succeeded: boolean
  readonly steps: readonly Step[]
}

type Step = { readonly type: 'txn'; readonly path: Path } | Exclude<TxnOperation, { readonly type: 'txn' }>

/** A step when nobody asks for another one. */
export const STEP_KEYS = 256

/** Decides and checks. A code = refused, nothing has changed. */
export function* planTxn(reader: VersionReader, context: TxnContext, txn: Txn): Steps<Path | RefusalCode> {
  const path = yield* choosePath(reader, txn, context.stepKeys)
  const budget = { bytes: MAX_TXN_ANSWER_BYTES }
  return (yield* checkPath(reader, context, path, budget)) ?? (budget.bytes < 0 ? 'TOO_LARGE' : path)
}

/** Which branches the state takes. */
export function* choosePath(reader: VersionReader, txn: Txn, stepKeys: number): Steps<Path> {
  let succeeded = true
  for (let at = 0; succeeded && at < txn.compares.length; at++) {
    const compare = txn.compares[at] as Compare
    succeeded =
      compare.rangeEnd.length === 0
        ? holdsFor(compare, reader.current(keyToString(compare.key)))
        : yield* holdsForAll(reader, compare, stepKeys)
  }
  const steps: Step[] = []
  for (const operation of succeeded ? txn.success : txn.failure)
    steps.push(operation.type === 'txn' ? { type: 'txn', path: yield* choosePath(reader, operation.txn, stepKeys) } : operation)
  return { succeeded, steps }
}

function* holdsForAll(reader: VersionReader, compare: Compare, stepKeys: number): Steps<boolean> {
  let found = false
  for (const keys of pagesOf(reader, boundsOf(compare), stepKeys)) {
    for (const key of keys) if (!holdsFor(compare, reader.current(key))) return false
    found ||= keys.length > 0
    yield
  }
  return found || holdsFor(compare, undefined)
}

/** The living keys, a page of them at a time. Those of one page may be deleted before the next one is asked for. */
function* pagesOf(reader: VersionReader, { from, to }: Bounds, pageKeys: number): Generator<readonly ByteString[], void, void> {
  for (let next = from; ; ) {
    const keys = reader.tables.keys('current', { from: next, to }, pageKeys)
    yield keys
    if (keys.length < pageKeys) return
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
function* checkPath(reader: VersionReader, context: TxnContext, path: Path, budget: Budget): Steps<RefusalCode | null> {
  let put = 0
  for (const step of path.steps) if (step.type === 'put' || step.type === 'append') put += step.key.length + (step.value?.length ?? 0)
  for (const step of path.steps) {
    budget.bytes -= ENTRY_BYTES
    let refusal: RefusalCode | null = null
    if (step.type === 'put') refusal = checkPut(reader, context, step, budget)
    else if (step.type === 'append') refusal = checkAppend(reader, step)
    else if (step.type === 'range') refusal = yield* checkRange(reader, context, step.request, budget, put)
    else if (step.type === 'txn') refusal = yield* checkPath(reader, context, step.path, budget)
    else if (step.previous) yield* chargeRange(reader, step, budget, context.stepKeys)
    if (refusal !== null) return refusal
  }
  return null
}

function checkAppend(reader: VersionReader, step: AppendOperation): RefusalCode | null {
  const present = reader.current(keyToString(step.key))?.valueBytes ?? 0
  return present + step.value.length > MAX_VALUE_BYTES ? 'TOO_LARGE' : null
}

function* checkRange(
  reader: VersionReader,
  context: TxnContext,
  request: RangeRequest,
  budget: Budget,
  put: number,
): Steps<RefusalCode | null> {
  const refusal = revisionRefusal(context.counters, request.revision)
  if (refusal !== null) return refusal
  if (request.countOnly) return null
  // It may also see what this transaction writes.
  if (request.limit === 0 || request.limit > 1) budget.bytes -= put
  const scan = new RangeScan(reader, { ...request, counted: false }, revisionOf(context.counters, request.revision), budget.bytes)
  while (!scan.step(context.stepKeys)) yield
  budget.bytes -= scan.bytes
  yield
  return null
}

/** Null = readable. 0 means now. */
export function revisionRefusal(
  counters: Readonly<Pick<Counters, 'revision' | 'compactedRevision'>>,
  revision: number,
): RefusalCode | null {
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

function* chargeRange(reader: VersionReader, step: DeleteOperation, budget: Budget, stepKeys: number): Steps<void> {
  for (const keys of pagesOf(reader, boundsOf(step), stepKeys)) {
    for (const key of keys) {
      budget.bytes -= key.length + (reader.current(key)?.valueBytes ?? 0) + ENTRY_BYTES
      if (budget.bytes < 0) return
    }
    yield
  }
}

/** Whether it puts anything. */
export const adds = (path: Path): boolean =>
  path.steps.some((step) => (step.type === 'txn' ? adds(step.path) : step.type === 'put' || step.type === 'append'))

/** Does what `planTxn` let pass. The caller finishes the revision. */
export function* runPath(versions: VersionWriter, path: Path, stepKeys: number): Steps<TxnOutcome> {
  const responses: OperationOutcome[] = []
  for (const step of path.steps) {
    if (step.type === 'put') responses.push(runPut(versions, step))
    else if (step.type === 'append') responses.push(runAppend(versions, step))
    else if (step.type === 'txn') responses.push({ type: 'txn', outcome: yield* runPath(versions, step.path, stepKeys) })
    else if (step.type === 'delete') responses.push({ type: 'delete', ...(yield* deleteRange(versions, step, stepKeys)) })
    else responses.push({ type: 'range', ...(yield* runRange(versions, step.request, stepKeys)) })
  }
  return { succeeded: path.succeeded, responses }
}

function runAppend(versions: VersionWriter, step: AppendOperation): OperationOutcome {
  const { record, valueBytes } = versions.append(keyToString(step.key), step.value)
  return { type: 'put', record: withoutValue(record), valueBytes, previous: null }
}

function* runRange(versions: VersionWriter, request: RangeRequest, stepKeys: number): Steps<RangeResult> {
  if (request.revision !== 0) versions.flushHistory()
  const scan = new RangeScan(versions.reader, request, atRevision(request.revision))
  while (!scan.step(stepKeys)) yield
  yield
  return scan.result()
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
function* deleteRange(
  versions: VersionWriter,
  operation: DeleteOperation,
  stepKeys: number,
): Steps<{ readonly deleted: number; readonly previous: readonly KeyEntry[] }> {
  const previous: KeyEntry[] = []
  let deleted = 0
  for (const keys of pagesOf(versions.reader, boundsOf(operation), stepKeys)) {
    for (const key of keys) {
      const removed = versions.remove(key)
      if (!operation.previous || removed === undefined) continue
      previous.push({ key, ...withoutValue(removed.previous), value: decodeRecord(removed.stored).value })
    }
    deleted += keys.length
    yield
  }
  return { deleted, previous }
}

/**
 * Whether it looks at, or changes, more than so many keys, by its ranges in either branch. An estimate that is too high for what is not taken, and never much too low.
 */
export function concernsMoreThan(tables: TableReader, txn: Txn, most: number): boolean {
  return leftOf(tables, txn, most) < 0
}

/** What is left of so many keys. */
function leftOf(tables: TableReader, { compares, success, failure }: Txn, most: number): number {
  let left = most
  const take = (range: KeyRange): void => {
    if (left >= 0 && range.rangeEnd.length > 0) left -= tables.count('current', boundsOf(range), left + 1)
  }
  for (const compare of compares) take(compare)
  for (const operation of [...success, ...failure]) {
    if (operation.type === 'txn') left = leftOf(tables, operation.txn, left)
    else if (operation.type === 'delete') take(operation)
    else if (operation.type === 'range') {
      // How many keys of the past there are is not known before somebody has looked.
      if (operation.request.revision !== 0 && operation.request.rangeEnd.length > 0) left = -1
      take(operation.request)
    }
    if (left < 0) return left
  }
  return left
}

/** Whether any compare or operation of it is about a range. */
export const isRanged = ({ compares, success, failure }: Txn): boolean =>
  compares.some(({ rangeEnd }) => rangeEnd.length > 0) || success.some(hasRange) || failure.some(hasRange)

function hasRange(operation: TxnOperation): boolean {
  if (operation.type === 'txn') return isRanged(operation.txn)
  if (operation.type === 'range') return operation.request.rangeEnd.length > 0
  return operation.type === 'delete' && operation.rangeEnd.length > 0
}
