/** What a transaction may say, and what of it can be refused without looking at any state. */
import { type ByteString, keyToString } from '../backend/byte-string.js'
import { MAX_KEY_BYTES, MAX_REQUEST_BYTES, MAX_TXN_DEPTH, MAX_TXN_OPERATIONS } from '../limits.js'
import { boundsOf, type Bounds, type KeyRange, type RangeRequest } from './range.js'

export const COMPARE_RESULTS = ['equal', 'greater', 'less', 'notEqual'] as const
export type CompareResult = (typeof COMPARE_RESULTS)[number]

/** Must hold for every key in the range. An absent key, or an empty range, has version, revisions and lease 0, and a value that equals nothing. */
export type Compare = KeyRange & { readonly result: CompareResult } & (
    | { readonly target: 'version' | 'createRevision' | 'modRevision'; readonly operand: number }
    | { readonly target: 'lease'; readonly operand: bigint }
    | { readonly target: 'value'; readonly operand: Uint8Array }
  )

export interface PutOperation {
  readonly type: 'put'
  readonly key: Uint8Array
  /** Null = the value that is there. */
  readonly value: Uint8Array | null
  /** 0n = none, which detaches the key; null = the lease that is there. */
  readonly lease: bigint | null
  /** Answers the pair as it was before. */
  readonly previous: boolean
}

export interface AppendOperation {
  readonly type: 'append'
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export interface DeleteOperation extends KeyRange {
  readonly type: 'delete'
  readonly previous: boolean
}

export type TxnOperation =
  | { readonly type: 'range'; readonly request: RangeRequest }
  | PutOperation
  | AppendOperation
  | DeleteOperation
  | { readonly type: 'txn'; readonly txn: Txn }

/** When all compares hold, `success` is done, else `failure`: in order, at one revision, wholly or not at all. */
export interface Txn {
  readonly compares: readonly Compare[]
  readonly success: readonly TxnOperation[]
  readonly failure: readonly TxnOperation[]
}

export interface Refusal {
  readonly code: 'INVALID' | 'TOO_LARGE' | 'TOO_MANY_OPERATIONS' | 'DUPLICATE_KEY'
  readonly message: string
}

/** Whether anything in it could change the store, on either branch. */
export const canWrite = (txn: Txn): boolean =>
  [...txn.success, ...txn.failure].some((operation) => (operation.type === 'txn' ? canWrite(operation.txn) : operation.type !== 'range'))

/** Why the transaction is refused whatever the state is, or null. */
export function txnRefusal(txn: Txn): Refusal | null {
  const bytes = txnBytes(txn)
  if (bytes > MAX_REQUEST_BYTES)
    return { code: 'TOO_LARGE', message: `the transaction has ${bytes} bytes, the limit is ${MAX_REQUEST_BYTES}` }
  return shapeRefusal(txn, MAX_TXN_OPERATIONS, 1) ?? duplicateRefusal(txn)
}

export function keyRefusal(key: Uint8Array): Refusal | null {
  if (key.length === 0) return { code: 'INVALID', message: 'the key is empty' }
  if (key.length > MAX_KEY_BYTES) return { code: 'TOO_LARGE', message: `the key has ${key.length} bytes, the limit is ${MAX_KEY_BYTES}` }
  return null
}

const rangeRefusal = ({ key, rangeEnd }: KeyRange): Refusal | null =>
  keyRefusal(key) ?? (rangeEnd.length > MAX_KEY_BYTES ? { code: 'TOO_LARGE', message: 'the end of the range is too long' } : null)

/** A nested transaction gets what the largest list of its parent has left of the limit, as in etcd. */
function shapeRefusal(txn: Txn, allowed: number, depth: number): Refusal | null {
  if (depth > MAX_TXN_DEPTH) return { code: 'INVALID', message: `transactions are nested deeper than ${MAX_TXN_DEPTH}` }
  const largest = Math.max(txn.compares.length, txn.success.length, txn.failure.length)
  if (largest > allowed)
    return { code: 'TOO_MANY_OPERATIONS', message: `${largest} operations in a transaction, ${allowed} are allowed here` }
  for (const compare of txn.compares) {
    const refusal = rangeRefusal(compare)
    if (refusal !== null) return refusal
  }
  for (const operation of [...txn.success, ...txn.failure]) {
    const refusal = operation.type === 'txn' ? shapeRefusal(operation.txn, allowed - largest, depth + 1) : operationRefusal(operation)
    if (refusal !== null) return refusal
  }
  return null
}

function operationRefusal(operation: Exclude<TxnOperation, { readonly type: 'txn' }>): Refusal | null {
  if (operation.type === 'range') return rangeRefusal(operation.request)
  if (operation.type === 'delete') return rangeRefusal(operation)
  return keyRefusal(operation.key)
}

/** What each compare and operation takes beside its bytes, at most. */
const OPERATION_BYTES = 64

/** Bytes of keys, bounds and values, and what goes with them. */
export function txnBytes(txn: Txn): number {
  let bytes = OPERATION_BYTES * (txn.compares.length + txn.success.length + txn.failure.length)
  for (const { key, rangeEnd, operand } of txn.compares)
    bytes += key.length + rangeEnd.length + (operand instanceof Uint8Array ? operand.length : 0)
  for (const operation of [...txn.success, ...txn.failure]) {
    if (operation.type === 'txn') bytes += txnBytes(operation.txn)
    else if (operation.type === 'range') bytes += operation.request.key.length + operation.request.rangeEnd.length
    else bytes += operation.key.length + (operation.type === 'delete' ? operation.rangeEnd.length : (operation.value?.length ?? 0))
  }
  return bytes
}

interface Touched {
  readonly puts: ReadonlySet<ByteString>
  readonly deletes: readonly Bounds[]
}

/** No path may put a key twice, or put a key that it deletes. The branches of one transaction exclude each other. */
function duplicateRefusal(txn: Txn): Refusal | null {
  for (const branch of [txn.success, txn.failure]) if (touchedBy(branch) === null) return duplicate
  return null
}

const duplicate: Refusal = { code: 'DUPLICATE_KEY', message: 'a key is written twice in one transaction' }

/** What some path through these operations writes; null = one path writes a key twice. */
function touchedBy(operations: readonly TxnOperation[]): Touched | null {
  const puts = new Set<ByteString>()
  const deletes: Bounds[] = []
  const nested: (readonly [Touched, Touched])[] = []
  for (const operation of operations) {
    if (operation.type === 'delete') deletes.push(boundsOf(operation))
    else if (operation.type === 'put' || operation.type === 'append') {
      const key = keyToString(operation.key)
      if (puts.has(key)) return null
      puts.add(key)
    } else if (operation.type === 'txn') {
      const success = touchedBy(operation.txn.success)
      const failure = touchedBy(operation.txn.failure)
      if (success === null || failure === null) return null
      nested.push([success, failure])
    }
  }
  let all: Touched = { puts, deletes }
  if (overlaps(all, all)) return null
  for (const [success, failure] of nested) {
    if (clash(all, success) || clash(all, failure)) return null
    all = {
      puts: new Set([...all.puts, ...success.puts, ...failure.puts]),
      deletes: [...all.deletes, ...success.deletes, ...failure.deletes],
    }
  }
  return all
}

function clash(a: Touched, b: Touched): boolean {
  for (const key of b.puts) if (a.puts.has(key)) return true
  return overlaps(a, b) || overlaps(b, a)
}

/** Whether one of `a` deletes what the other puts. */
function overlaps(a: Touched, b: Touched): boolean {
  return a.deletes.some(({ from, to }) => {
    for (const key of b.puts) if (key >= from && (to === null || key < to)) return true
    return false
  })
}
