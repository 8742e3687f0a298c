/** Transactions, puts and deletions: etcd's messages into commands of the store, and their outcomes back. */
import {
  type Compare as ModelCompare,
  COMPARE_RESULTS,
  type DeleteOperation,
  MAX_TXN_OPERATIONS,
  type OperationOutcome,
  type PutOperation,
  type Txn,
  type TxnOperation,
  type TxnOutcome,
  type WriteCommand,
} from '@balsa/kv'
import {
  type Compare,
  Compare_CompareTarget,
  type DeleteRangeRequest,
  type DeleteRangeResponseInit,
  type PutRequest,
  type PutResponseInit,
  type RangeRequest,
  type RequestOp,
  type ResponseOpInit,
  type TxnRequest,
  type TxnResponseInit,
  type ResponseHeaderInit,
} from '@balsa/proto/etcdserverpb'
import { etcdError, statusOfCode } from './errors.js'
import { pairOf, pairOfEntry, rangeResponse, rangeToModel } from './range.js'

/** Throws `key is not provided`, `value is provided`, `lease is provided`. */
export function putToModel({ key, value, lease, prevKv, ignoreValue, ignoreLease }: PutRequest): PutOperation {
  if (key.length === 0) throw etcdError('emptyKey')
  if (ignoreValue && value.length > 0) throw etcdError('valueProvided')
  if (ignoreLease && lease !== 0n) throw etcdError('leaseProvided')
  return { type: 'put', key, value: ignoreValue ? null : value, lease: ignoreLease ? null : lease, previous: prevKv }
}

export function deleteToModel({ key, rangeEnd, prevKv }: DeleteRangeRequest): DeleteOperation {
  if (key.length === 0) throw etcdError('emptyKey')
  return { type: 'delete', key, rangeEnd, previous: prevKv }
}

/** The shortest command that does it: a put that asks for nothing else is a plain one. */
export function putCommand(operation: PutOperation): WriteCommand {
  const { key, value, lease, previous } = operation
  if (value !== null && lease === 0n && !previous) return { type: 'put', stamp: null, key, value }
  return single(operation)
}

/** One operation as a transaction without conditions. */
export const single = (operation: TxnOperation): WriteCommand => ({
  type: 'txn',
  stamp: null,
  txn: { compares: [], success: [operation], failure: [] },
})

/** Throws what etcd's shape checks throw: they look at both branches, and at nothing but the request. */
export function txnToModel(request: TxnRequest, allowed: number = MAX_TXN_OPERATIONS): Txn {
  const { compare, success, failure } = request
  const largest = Math.max(compare.length, success.length, failure.length)
  if (largest > allowed) throw etcdError('tooManyOperations')
  const left = allowed - largest
  return {
    compares: compare.map(compareToModel),
    success: success.map((operation) => operationToModel(operation, left)),
    failure: failure.map((operation) => operationToModel(operation, left)),
  }
}

/** Every range of a transaction without writes asks for the state of this member as it is. One without any range does not. */
export const isSerializable = (request: TxnRequest): boolean => {
  const ranges = rangesOf(request)
  return ranges.length > 0 && ranges.every(({ serializable }) => serializable)
}

const rangesOf = ({ success, failure }: TxnRequest): readonly RangeRequest[] =>
  [...success, ...failure].flatMap(({ request }) => {
    if (request?.case === 'requestRange') return [request.value]
    return request?.case === 'requestTxn' ? rangesOf(request.value) : []
  })

function operationToModel({ request }: RequestOp, left: number): TxnOperation {
  switch (request?.case) {
    case 'requestRange':
      return { type: 'range', request: rangeToModel(request.value) }
    case 'requestPut':
      return putToModel(request.value)
    case 'requestDeleteRange':
      return deleteToModel(request.value)
    case 'requestTxn':
      return { type: 'txn', txn: txnToModel(request.value, left) }
    case undefined:
      throw etcdError('keyNotFound')
  }
}

function compareToModel({ key, rangeEnd, result: number, target, targetUnion }: Compare): ModelCompare {
  if (key.length === 0) throw etcdError('emptyKey')
  const result = COMPARE_RESULTS[number]
  if (result === undefined) throw statusOfCode('INVALID', `unknown comparison ${number}`)
  const range = { key, rangeEnd, result }
  const numeric = (name: 'version' | 'createRevision' | 'modRevision'): ModelCompare => ({
    ...range,
    target: name,
    operand: targetUnion?.case === name ? targetUnion.value : 0,
  })
  switch (target) {
    case Compare_CompareTarget.VERSION:
      return numeric('version')
    case Compare_CompareTarget.CREATE:
      return numeric('createRevision')
    case Compare_CompareTarget.MOD:
      return numeric('modRevision')
    case Compare_CompareTarget.VALUE:
      return { ...range, target: 'value', operand: targetUnion?.case === 'value' ? targetUnion.value : new Uint8Array(0) }
    case Compare_CompareTarget.LEASE:
      return { ...range, target: 'lease', operand: targetUnion?.case === 'lease' ? targetUnion.value : 0n }
    default:
      throw statusOfCode('INVALID', `unknown target of a comparison ${target}`)
  }
}

/** Where the store is while the answers of a transaction are gone through, in the order of its operations. */
interface Place {
  revision: number
  /** Where it is from the first change on. */
  readonly changed: number
}

/** `txn` is the request, because an outcome does not repeat its keys. */
export function txnResponse(outcome: TxnOutcome, txn: Txn, header: ResponseHeaderInit): TxnResponseInit {
  const changed = header.revision ?? 0
  return branchResponse(outcome, txn, header, { revision: outcome.responses.some(hasChanged) ? changed - 1 : changed, changed })
}

function branchResponse(outcome: TxnOutcome, txn: Txn, header: ResponseHeaderInit, place: Place): TxnResponseInit {
  const branch = outcome.succeeded ? txn.success : txn.failure
  const responses = outcome.responses.map((response, at) => operationResponse(response, branch[at], place))
  return { header, succeeded: outcome.succeeded, responses }
}

function hasChanged(outcome: OperationOutcome): boolean {
  if (outcome.type === 'txn') return outcome.outcome.responses.some(hasChanged)
  return outcome.type === 'put' || (outcome.type === 'delete' && outcome.deleted > 0)
}

/** Inner answers have a header with the revision alone, up to the first change the one before; that of a nested transaction is empty. */
function operationResponse(outcome: OperationOutcome, operation: TxnOperation | undefined, place: Place): ResponseOpInit {
  if (outcome.type === 'txn') {
    const branches = operation?.type === 'txn' ? operation.txn : { compares: [], success: [], failure: [] }
    return { response: { case: 'responseTxn', value: branchResponse(outcome.outcome, branches, {}, place) } }
  }
  if (hasChanged(outcome)) place.revision = place.changed
  const header = { revision: place.revision }
  switch (outcome.type) {
    case 'range':
      return { response: { case: 'responseRange', value: { header, ...rangeResponse(outcome) } } }
    case 'put':
      return { response: { case: 'responsePut', value: { header, ...putResponse(outcome, operation) } } }
    case 'delete':
      return { response: { case: 'responseDeleteRange', value: { header, ...deleteResponse(outcome) } } }
  }
}

export function putResponse(outcome: OperationOutcome, operation: TxnOperation | undefined): PutResponseInit {
  if (outcome.type !== 'put' || outcome.previous === null || operation?.type !== 'put') return {}
  return { prevKv: pairOf(operation.key, outcome.previous) }
}

export function deleteResponse(outcome: OperationOutcome): DeleteRangeResponseInit {
  if (outcome.type !== 'delete') return {}
  return { deleted: outcome.deleted, prevKvs: outcome.previous.map(pairOfEntry) }
}
