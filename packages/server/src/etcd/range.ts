/** Ranges and keys: etcd's messages into the data model and back. */
import {
  type ByteString,
  type KeyEntry,
  type KeyRecord,
  type RangeAnswer,
  type RangeRequest as ModelRange,
  type RangeResult,
  SORT_TARGETS,
} from '@balsa/kv'
import { RangeRequest_SortOrder, type RangeRequest, type RangeResponseInit } from '@balsa/proto/etcdserverpb'
import type { KeyValueInit } from '@balsa/proto/mvccpb'
import { etcdError, statusOfCode } from './errors.js'

/** Throws `key is not provided`, `invalid sort option`. */
export function rangeToModel(request: RangeRequest): ModelRange {
  const { key, rangeEnd, limit, revision, sortOrder, countOnly } = request
  if (key.length === 0) throw etcdError('emptyKey')
  const sortTarget = SORT_TARGETS[request.sortTarget]
  if (sortTarget === undefined || sortOrder < 0 || sortOrder > RangeRequest_SortOrder.DESCEND) throw etcdError('invalidSort')
  return {
    key,
    rangeEnd,
    limit: Math.max(0, limit),
    revision: Math.max(0, revision),
    sortTarget,
    descending: sortOrder === RangeRequest_SortOrder.DESCEND,
    keysOnly: request.keysOnly,
    countOnly,
    counted: true,
    minModRevision: Math.max(0, request.minModRevision),
    maxModRevision: Math.max(0, request.maxModRevision),
    minCreateRevision: Math.max(0, request.minCreateRevision),
    maxCreateRevision: Math.max(0, request.maxCreateRevision),
  }
}

/** Shares no memory with the pool of Node: answers may wait for slow readers. */
export const keyBytes = (key: ByteString): Uint8Array => {
  const { length } = key
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = key.charCodeAt(at)
  return bytes
}

export const pairOf = (key: Uint8Array, record: KeyRecord): KeyValueInit => ({
  key,
  createRevision: record.createRevision,
  modRevision: record.modRevision,
  version: record.version,
  value: record.value,
  lease: record.lease,
})

export const pairOfEntry = (entry: KeyEntry): KeyValueInit => pairOf(keyBytes(entry.key), entry)

/** Without the header. */
export const rangeResponse = ({ entries, more, count }: RangeResult): RangeResponseInit => ({
  kvs: entries.map(pairOfEntry),
  more,
  count: count ?? entries.length,
})

/** What the range found. Throws `compacted` and `future revision`. */
export function resultOf({ refusal, result }: RangeAnswer): RangeResult {
  if (result === null) throw statusOfCode(refusal ?? 'COMPACTED', 'the revision cannot be read')
  return result
}
