/** Messages of etcd as results of the data model. */
import {
  keyToString,
  type KeyEntry,
  type KeyMetadata,
  type KeyRecord,
  type OperationOutcome,
  type Txn,
  type TxnOperation,
  type TxnOutcome,
} from '@balsa/kv'
import type { RangeResponse, ResponseHeader, ResponseOp, TxnResponse } from '@balsa/proto/etcdserverpb'
import type { KeyValue } from '@balsa/proto/mvccpb'
import { BalsaError } from '@balsa/raft'

/** Every answer has one. */
export function revisionOf({ header }: { readonly header: ResponseHeader | null }): number {
  if (header === null) throw unfitting('it has no header')
  return header.revision
}

export const unfitting = (why: string): BalsaError => new BalsaError('OUTCOME_UNKNOWN', `the answer does not fit the question: ${why}`)

export const recordOf = ({ createRevision, modRevision, version, lease, value }: KeyValue): KeyRecord => ({
  createRevision,
  modRevision,
  version,
  lease,
  value,
})

export const entryOf = (pair: KeyValue): KeyEntry => ({ key: keyToString(pair.key), ...recordOf(pair) })

export const metadataOf = ({ createRevision, modRevision, version }: KeyMetadata): KeyMetadata => ({ createRevision, modRevision, version })

/** What a put made of the key, told from the pair before it. */
export const metadataAfterPut = (revision: number, before: KeyMetadata | null): KeyMetadata => ({
  createRevision: before?.createRevision ?? revision,
  modRevision: revision,
  version: (before?.version ?? 0) + 1,
})

export const rangeResult = ({ kvs, more, count }: RangeResponse): Extract<OperationOutcome, { readonly type: 'range' }> => ({
  type: 'range',
  entries: kvs.map(entryOf),
  more,
  count,
})

/** `txn` is what was asked for: answers do not repeat it. */
export function txnOutcome(response: TxnResponse, txn: Txn, revision: number): TxnOutcome {
  const done = response.succeeded ? txn.success : txn.failure
  if (done.length !== response.responses.length) throw unfitting(`${response.responses.length} results`)
  return {
    succeeded: response.succeeded,
    responses: done.map((operation, at) => operationOutcome(operation, response.responses[at], revision)),
  }
}

function operationOutcome(operation: TxnOperation, done: ResponseOp | undefined, revision: number): OperationOutcome {
  const response = done?.response ?? null
  if (operation.type === 'range' && response?.case === 'responseRange') return rangeResult(response.value)
  if (operation.type === 'put' && response?.case === 'responsePut') {
    const { prevKv } = response.value
    const lease = operation.lease ?? prevKv?.lease ?? 0n
    return {
      type: 'put',
      record: { ...metadataAfterPut(revision, prevKv), lease },
      valueBytes: (operation.value ?? prevKv?.value ?? '').length,
      previous: operation.previous && prevKv !== null ? recordOf(prevKv) : null,
    }
  }
  if (operation.type === 'delete' && response?.case === 'responseDeleteRange') {
    const { deleted, prevKvs } = response.value
    return { type: 'delete', deleted, previous: prevKvs.map(entryOf) }
  }
  if (operation.type === 'txn' && response?.case === 'responseTxn') {
    return { type: 'txn', outcome: txnOutcome(response.value, operation.txn, revision) }
  }
  throw unfitting(`${response?.case ?? 'nothing'} for a ${operation.type}`)
}
