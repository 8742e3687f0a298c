export * from './backend/backend.js'
export { type ByteString, bytesEqual, keyFromString, keyToString } from './backend/byte-string.js'
export { MemoryBackend } from './backend/memory-backend.js'
export { demandEntry, ReaderSnapshot, ReadThrough } from './backend/read-through.js'
export { behindPrefix } from './mvcc/table-keys.js'
export { OrderedMap, type OrderedMapEntry, type OrderedMapReader } from './backend/ordered-map.js'
export type { Attempt, AttemptHandlers, StoreAnswer, StoreBackend, StoreRequest, WatchAttempt, WatchHandlers } from './calls/backend.js'
export { refusalError } from './calls/refusal.js'
export { SessionStore, type SessionStoreOptions } from './calls/session-store.js'
export { toTxn } from './calls/transactions.js'
export { clientAnswer, inSlices, outcomeBytes } from './client-answers.js'
export * from './command.js'
export * from './coordination/index.js'
export * from './embedded-store.js'
export type { HashMark } from './hash-marks.js'
export * from './key-value-store.js'
export * from './kv-queries.js'
export * from './kv-state-machine.js'
export * from './limits.js'
export { type AlarmKind, type RaisedAlarm, saysFull } from './mvcc/alarms.js'
export type { OperationOutcome, TxnOutcome } from './mvcc/execute-txn.js'
export { behindKey, behindLease } from './mvcc/lease-pages.js'
export {
  boundsOf,
  type KeyRange,
  PLAIN_RANGE,
  type RangeRequest,
  type RangeResult,
  SORT_TARGETS,
  type SortTarget,
} from './mvcc/range.js'
export type { KeyEntry, KeyRecord } from './mvcc/record.js'
export {
  type AppendOperation,
  canWrite,
  type Compare,
  COMPARE_RESULTS,
  type CompareResult,
  type DeleteOperation,
  type PutOperation,
  type Refusal,
  type Txn,
  type TxnOperation,
  txnBytes,
  txnRefusal,
} from './mvcc/txn.js'
export * from './protocol/index.js'
export * from './result.js'
export { readSnapshotHead, SNAPSHOT_HEAD_BYTES, type SnapshotHead } from './snapshot-head.js'
export { type WatchConnection, type WatchService, WatchStreams } from './serving/watch-streams.js'
export * from './upkeep.js'
export * from './watch/index.js'
