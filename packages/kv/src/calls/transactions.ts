/** Transactions between the words of users and those of the model; and the transactions that writes with conditions become. */
import { BalsaError } from '@balsa/raft'
import { keyFromString } from '../backend/byte-string.js'
import {
  type Condition,
  type DeleteOptions,
  type DeleteResult,
  type Fence,
  KeyValue,
  type Operation,
  type OperationResult,
  type PutOptions,
  type PutResult,
  type Selection,
  type Transaction,
  type TransactionOutcome,
  type TransactionResult,
} from '../key-value-store.js'
import { MAX_TXN_ANSWER_BYTES } from '../limits.js'
import type { OperationOutcome, TxnOutcome } from '../mvcc/execute-txn.js'
import { PLAIN_RANGE } from '../mvcc/range.js'
import type { KeyEntry } from '../mvcc/record.js'
import { type Compare, type CompareResult, type PutOperation, type Txn, type TxnOperation } from '../mvcc/txn.js'
import type { ClientQueryAnswer } from '../protocol/queries.js'
import type { CommandResult, KeyMetadata } from '../result.js'
import { refusalError } from './refusal.js'
import { invalid, isSingle, toBytes, toKey, toKeyRange, toLease, toNumber, toRangeRequest } from './selection.js'

const OPERATORS: ReadonlyMap<string, CompareResult> = new Map([
  ['=', 'equal'],
  ['!=', 'notEqual'],
  ['<', 'less'],
  ['>', 'greater'],
])
const EMPTY = new Uint8Array(0)

/** As the model has it; throws INVALID (refused) for what is none, without asking anybody. */
export const toTxn = ({ compare = [], success = [], failure = [] }: Transaction): Txn => ({
  compares: listed('compare', compare).map(toCompare),
  success: listed('success', success).map(toOperation),
  failure: listed('failure', failure).map(toOperation),
})

function listed<Item>(name: string, list: readonly Item[]): readonly Item[] {
  const given: unknown = list
  if (!Array.isArray(given)) throw invalid(`${name} is a list`)
  if (!given.every((item) => typeof item === 'object' && item !== null)) throw invalid(`${name} is a list of objects`)
  return list
}

function toCompare(condition: Condition): Compare {
  const result = OPERATORS.get(condition.is ?? '=')
  if (result === undefined) throw invalid(`a condition compares with one of ${[...OPERATORS.keys()].join(' ')}`)
  const range = toKeyRange(condition.key)
  if ('value' in condition) return { ...range, result, target: 'value', operand: toBytes(condition.value, 'value to compare') }
  if ('lease' in condition) return { ...range, result, target: 'lease', operand: toLease(condition.lease) }
  for (const target of ['version', 'createRevision', 'modRevision'] as const) {
    const operand: unknown = (condition as { readonly [target]?: unknown })[target]
    if (operand !== undefined) return { ...range, result, target, operand: toNumber(operand as number, target) }
  }
  throw invalid('a condition names a version, createRevision, modRevision, lease or value')
}

function toOperation(operation: Operation): TxnOperation {
  switch (operation.type) {
    case 'range':
      return { type: 'range', request: toRangeRequest(operation.key, operation, true) }
    case 'put':
      return {
        type: 'put',
        key: toKey(operation.key),
        value: isKept(operation.value) ? null : toBytes(operation.value, 'value'),
        lease: operation.lease === 'keep' ? null : toLease(operation.lease ?? 0n),
        previous: operation.previous ?? false,
      }
    case 'append':
      return { type: 'append', key: toKey(operation.key), value: toBytes(operation.value, 'value') }
    case 'delete':
      return { type: 'delete', ...toKeyRange(operation.key), previous: operation.previous ?? false }
    case 'transaction':
      return { type: 'txn', txn: toTxn(operation) }
    default:
      throw invalid(
        `an operation is a range, put, append, delete or transaction, not ${JSON.stringify((operation as { type?: unknown }).type)}`,
      )
  }
}

const isKept = (value: (Operation & { readonly type: 'put' })['value']): value is { readonly keep: true } =>
  typeof value === 'object' && value !== null && 'keep' in value

/** An entry as the user gets it: with bytes of its own. */
export const toKeyValue = (entry: KeyEntry, revision: number, ageMs: number | null = 0): KeyValue =>
  new KeyValue(keyFromString(entry.key), entry.value.slice(), entry, revision, ageMs)

const unfitting = (type: string): BalsaError => new BalsaError('OUTCOME_UNKNOWN', `the answer, ${type}, does not fit the question`)

type TxnResult = CommandResult & { readonly type: 'txn' }

/** The answer of a transaction. A repetition may find that it was too long to be kept. */
function wholeTxn(result: CommandResult): TxnResult & { readonly responses: readonly OperationOutcome[] } {
  if (result.type !== 'txn') throw unfitting(result.type)
  if (result.responses !== null) return { ...result, responses: result.responses }
  throw new BalsaError(
    'OUTCOME_UNKNOWN',
    `the transaction was done (${result.succeeded ? 'success' : 'failure'}), by revision ${result.revision}, but its answer was lost and too long to be kept`,
    { hint: 'Read the keys; ask for less in transactions whose answers matter.' },
  )
}

/** `keys` are those of the operations that were done: answers do not repeat them. */
export function toTransactionResult(result: CommandResult, txn: Txn): TransactionResult {
  const whole = wholeTxn(result)
  return { revision: whole.revision, ...toOutcome(whole, txn, whole.revision) }
}

/** The same of a transaction that went around the log. Throws what it was refused with. */
export function toReadResult(answer: ClientQueryAnswer, txn: Txn): TransactionResult {
  if (answer.type !== 'txn') throw new BalsaError('INVALID', `a transaction was answered with ${answer.type}`)
  const { revision, refusal, outcome } = answer
  if (refusal === 'TOO_LARGE')
    throw new BalsaError('TOO_LARGE', `the answer of a transaction is limited to ${MAX_TXN_ANSWER_BYTES} bytes`, {
      hint: 'Set limits, or read the ranges one by one at the same revision.',
    })
  if (outcome === null) throw refusalError(refusal ?? 'INVALID')
  return { revision, ...toOutcome(outcome, txn, revision) }
}

function toOutcome(outcome: TxnOutcome, txn: Txn, revision: number): TransactionOutcome {
  const done = outcome.succeeded ? txn.success : txn.failure
  if (done.length !== outcome.responses.length) throw unfitting(`${outcome.responses.length} answers`)
  return {
    succeeded: outcome.succeeded,
    results: outcome.responses.map((response, at) => toOperationResult(response, done[at], revision)),
  }
}

function toOperationResult(response: OperationOutcome, operation: TxnOperation | undefined, revision: number): OperationResult {
  switch (response.type) {
    case 'range':
      return {
        type: 'range',
        entries: response.entries.map((entry) => toKeyValue(entry, revision)),
        more: response.more,
        count: response.count ?? response.entries.length,
      }
    case 'put': {
      if (operation === undefined || !('key' in operation)) throw unfitting(response.type)
      const { previous, record, valueBytes } = response
      const before = previous === null ? null : new KeyValue(operation.key, previous.value.slice(), previous, revision)
      return { type: 'put', ...record, valueBytes, previous: before }
    }
    case 'delete':
      return { type: 'delete', count: response.deleted, entries: response.previous.map((entry) => toKeyValue(entry, revision)) }
    case 'txn': {
      if (operation?.type !== 'txn') throw unfitting(response.type)
      return { type: 'transaction', ...toOutcome(response.outcome, operation.txn, revision) }
    }
  }
}

const metadataRange = (key: Uint8Array): TxnOperation => ({
  type: 'range',
  request: { ...PLAIN_RANGE, key, rangeEnd: EMPTY, keysOnly: true },
})

const fenceCompare = ({ key, createRevision }: Fence): Compare => ({
  key: toKey(key),
  rangeEnd: EMPTY,
  result: 'equal',
  target: 'createRevision',
  operand: toNumber(createRevision, 'createRevision of the fence', 1),
})

export interface Guards {
  readonly fence?: Fence
  readonly ifAbsent?: boolean
  readonly ifModRevision?: number
}

export const isGuarded = ({ fence, ifAbsent, ifModRevision }: Guards): boolean =>
  fence !== undefined || ifAbsent === true || ifModRevision !== undefined

/** `operation` when what the guards demand holds; else what is there instead is answered. In front of it: the key as it was. */
export function guardedTxn(key: Uint8Array | null, guards: Guards, operation: TxnOperation): Txn {
  const { fence, ifAbsent = false, ifModRevision } = guards
  const compares = fence === undefined ? [] : [fenceCompare(fence)]
  const expected = ifModRevision === undefined ? null : toNumber(ifModRevision, 'ifModRevision')
  const plain = { rangeEnd: EMPTY, result: 'equal', target: 'modRevision' } as const
  if (ifAbsent && key !== null) compares.push({ ...plain, key, operand: 0 })
  if (expected !== null && key !== null) compares.push({ ...plain, key, operand: expected })
  const before = key === null ? [] : [metadataRange(key)]
  const fenceNow = fence === undefined ? [] : [metadataRange(toKey(fence.key))]
  return { compares, success: [...before, operation], failure: [...before, ...fenceNow] }
}

export function putOperation(key: Uint8Array, value: Uint8Array, options: PutOptions): PutOperation {
  const { lease, keepLease = false, previous = false } = options
  if (lease !== undefined && keepLease) throw invalid('a put has a lease or keeps the present one, not both')
  return { type: 'put', key, value, lease: keepLease ? null : toLease(lease ?? 0n), previous }
}

interface Guarded {
  readonly revision: number
  /** The key before the write. */
  readonly before: KeyMetadata | null
  readonly outcome: OperationOutcome
}

/** What a guarded write came to. Throws FENCED or COMPARE_FAILED (refused). */
export function guardedResult(result: CommandResult, { fence }: Guards, hasKey: boolean): Guarded {
  const { succeeded, responses, revision } = wholeTxn(result)
  const before = hasKey ? metadataIn(responses[0]) : null
  if (!succeeded) {
    const holder = fence === undefined ? null : metadataIn(responses.at(-1))
    if (fence !== undefined && holder?.createRevision !== fence.createRevision) throw fenced(holder)
    const now = before === null ? 'the key is absent' : `its revision is ${before.modRevision}`
    throw new BalsaError('COMPARE_FAILED', `the key is not as the write demands: ${now}`)
  }
  const outcome = responses.at(-1)
  if (outcome === undefined) throw unfitting('no answer')
  return { revision, before, outcome }
}

const fenced = (holder: KeyMetadata | null): BalsaError =>
  new BalsaError('FENCED', holder === null ? 'the lock is free: nobody holds it any more' : 'somebody else holds the lock', {
    hint: 'Stop what the lock protects; take the lock again before going on.',
  })

function metadataIn(outcome: OperationOutcome | undefined): KeyMetadata | null {
  if (outcome?.type !== 'range') throw unfitting(outcome?.type ?? 'nothing')
  const [entry] = outcome.entries
  if (entry === undefined) return null
  return { createRevision: entry.createRevision, modRevision: entry.modRevision, version: entry.version }
}

export function guardedPut({ revision, before, outcome }: Guarded, key: Uint8Array): PutResult & { readonly valueBytes: number } {
  if (outcome.type !== 'put') throw unfitting(outcome.type)
  const { record, previous, valueBytes } = outcome
  return {
    revision: record.modRevision,
    createRevision: record.createRevision,
    modRevision: record.modRevision,
    version: record.version,
    previous: previous === null ? before : new KeyValue(key, previous.value.slice(), previous, revision),
    valueBytes,
  }
}

export function guardedDelete({ revision, before, outcome }: Guarded): DeleteResult {
  if (outcome.type !== 'delete') throw unfitting(outcome.type)
  const entries = outcome.previous.map((entry) => toKeyValue(entry, revision))
  return { deleted: outcome.deleted > 0, count: outcome.deleted, revision, previous: before, entries }
}

/** Whether one command without a transaction does it. */
export const isPlainDelete = (selection: Selection, { fence, previous }: DeleteOptions): boolean =>
  isSingle(selection) && fence === undefined && previous !== true

export const isPlainPut = (options: PutOptions): boolean =>
  !isGuarded(options) && options.lease === undefined && options.keepLease !== true && options.previous !== true
