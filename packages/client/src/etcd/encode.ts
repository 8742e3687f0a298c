/** The data model's requests as messages of etcd. Both name ranges alike. */
import {
  type Compare as ModelCompare,
  COMPARE_RESULTS,
  type RangeRequest as ModelRange,
  SORT_TARGETS,
  type Txn,
  type TxnOperation,
} from '@balsa/kv'
import {
  Compare_CompareTarget,
  type CompareInit,
  RangeRequest_SortOrder,
  type RangeRequestInit,
  type RequestOpInit,
  type TxnRequestInit,
} from '@balsa/proto/etcdserverpb'
import { BalsaError } from '@balsa/raft'

const TARGETS = {
  version: Compare_CompareTarget.VERSION,
  createRevision: Compare_CompareTarget.CREATE,
  modRevision: Compare_CompareTarget.MOD,
  value: Compare_CompareTarget.VALUE,
  lease: Compare_CompareTarget.LEASE,
} as const

export function encodeRange(range: ModelRange, serializable: boolean): RangeRequestInit {
  const { key, rangeEnd, limit, revision, sortTarget, descending, keysOnly, countOnly } = range
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = range
  const natural = sortTarget === 'key' && !descending
  return {
    key,
    rangeEnd,
    limit,
    revision,
    sortOrder: natural ? RangeRequest_SortOrder.NONE : descending ? RangeRequest_SortOrder.DESCEND : RangeRequest_SortOrder.ASCEND,
    sortTarget: SORT_TARGETS.indexOf(sortTarget),
    serializable,
    keysOnly,
    countOnly,
    minModRevision,
    maxModRevision,
    minCreateRevision,
    maxCreateRevision,
  }
}

export const encodeTxn = ({ compares, success, failure }: Txn): TxnRequestInit => ({
  compare: compares.map(encodeCompare),
  success: success.map(encodeOperation),
  failure: failure.map(encodeOperation),
})

function encodeCompare(compare: ModelCompare): CompareInit {
  const { key, rangeEnd, result, target, operand } = compare
  return {
    key,
    rangeEnd,
    result: COMPARE_RESULTS.indexOf(result),
    target: TARGETS[target],
    targetUnion: { case: target, value: operand } as NonNullable<CompareInit['targetUnion']>,
  }
}

/** A put always asks for the pair before it: without that its create revision and version are not known. */
function encodeOperation(operation: TxnOperation): RequestOpInit {
  switch (operation.type) {
    case 'range':
      return { request: { case: 'requestRange', value: encodeRange(operation.request, false) } }
    case 'put': {
      const { key, value, lease } = operation
      const kept = { ignoreValue: value === null, ignoreLease: lease === null }
      return { request: { case: 'requestPut', value: { key, value: value ?? undefined, lease: lease ?? 0n, prevKv: true, ...kept } } }
    }
    case 'delete': {
      const { key, rangeEnd, previous } = operation
      return { request: { case: 'requestDeleteRange', value: { key, rangeEnd, prevKv: previous } } }
    }
    case 'txn':
      return { request: { case: 'requestTxn', value: encodeTxn(operation.txn) } }
    case 'append':
      throw new BalsaError('UNSUPPORTED', 'etcd has no append')
  }
}
