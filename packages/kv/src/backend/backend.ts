/**
 * Where the replicated data lives: a handful of ordered tables of byte strings.
 *
 * The contract, for whoever implements it on a disk:
 *
 * - **Keys** are {@link ByteString}s of 1 to MAX_TABLE_KEY_BYTES bytes, ordered as memcmp orders their bytes. An implementation whose engine takes
 *   shorter keys only (LMDB: 1978 bytes) has to keep the longer ones itself, in their place of the order: for example all long keys that share their
 *   first L bytes in one bucket under these L bytes and a zero byte, which sorts behind every stored key that is a prefix of them and before everything
 *   else. Long keys are rare and may be slow.
 * - **Values** are 0 to MAX_TABLE_VALUE_BYTES bytes. A batch takes bytes over: the caller never changes them after `put`. Bytes that are read belong to
 *   the backend: nobody changes them, and they keep their content for as long as somebody holds them (so an engine that hands out views of its
 *   pages must copy).
 * - **Reads are synchronous** and see everything that finished batches wrote, and inside a batch also what that batch has written so far. Nothing
 *   iterates with an open cursor: a page is a finished list, so there is nothing that writes could invalidate.
 * - **One batch at a time**, synchronous, not nested, and as large as the caller likes. Everything in it becomes visible together and durable together,
 *   with its applied index. When `run` throws, nothing of the batch may ever become durable, and the backend is broken: each later call
 *   throws STATE_MACHINE_FAILED (fatal). (The state machine checks before it writes, so a throw is a bug or a dead disk.)
 * - **An open batch** (`begin`) takes as many turns of the event loop as its owner likes. Until it is committed only its owner sees anything of it: reads, snapshots, what becomes durable, what is
 *   shared go on with the state before. It becomes visible at once, and durable as one. One that is never committed leaves no trace.
 * - **Durability lags.** A batch need not wait for the disk. Batches become durable in their order; `durableIndex` is the applied index that a start
 *   after a loss of power would find. Whoever cuts a log cuts below it. `flush` brings it up to the present.
 * - **Snapshots** see one moment for as long as they are open, while batches go on. Closing is required; an open one may hold space.
 * - **Replacing** builds a whole new content beside the present one. `commit` swaps atomically and durably: after a crash there is wholly the old or wholly the
 *   new content, with the applied index that belongs to it. Snapshots that are open keep seeing the old one.
 * - A failing disk throws (or rejects with) a fatal BalsaError: IO_ERROR, DISK_FULL, CORRUPT. After close everything throws STOPPED (refused).
 *
 * {@link backendConformance} of `@balsa/kv/conformance` checks all that.
 */
import type { IncomingState, SharedState } from '@balsa/raft'
import type { ByteString } from './byte-string.js'

/** Tables that the store uses. A backend provides exactly these; an empty one is as good as a missing one. */
export const TABLES = [
  'current',
  'history',
  'past',
  'chains',
  'leases',
  'leaseKeys',
  'leaseDeadlines',
  'sessions',
  'answers',
  'meta',
] as const
export type Table = (typeof TABLES)[number]

/** Longest key of a table: the longest key of the store, with every byte escaped, and a revision behind it. */
export const MAX_TABLE_KEY_BYTES = 20 * 1024
/** Longest value of a table: the longest value of the store, and room for what is known about it. */
export const MAX_TABLE_VALUE_BYTES: number = 1536 * 1024 + 32 * 1024

export interface TableEntry {
  readonly key: ByteString
  readonly value: Uint8Array
}

/** Half-open: `from` <= key < `to`. From >= to is empty, no error. */
export interface TableRange {
  /** '' = from the first key. */
  readonly from: ByteString
  /** Null = through the last key. */
  readonly to: ByteString | null
  /** Highest key first. */
  readonly reverse?: boolean
}

export interface TableReader {
  get(table: Table, key: ByteString): Uint8Array | undefined
  /**
   * The first entries of the range, at most `limit` (at least 1). A next page begins behind the last key: `from` = key + '\0', or in reverse
   * `to` = key. Fewer than `limit` means that there are no more.
   */
  page(table: Table, range: TableRange, limit: number): readonly TableEntry[]
  /** As `page`, without reading values. */
  keys(table: Table, range: TableRange, limit: number): readonly ByteString[]
  /** How many keys the range holds, but no more than `limit`: the work is bounded by it. */
  count(table: Table, range: TableRange, limit: number): number
}

export interface WriteBatch extends TableReader {
  put(table: Table, key: ByteString, value: Uint8Array): void
  /** False when there was no such key. */
  delete(table: Table, key: ByteString): boolean
}

/** A batch over several turns of the event loop. */
export interface OpenBatch extends WriteBatch {
  /** Makes all of it visible, with its applied index. Nothing may be written to it afterwards. */
  commit: () => void
}

/** One moment of the whole backend. */
export interface BackendSnapshot extends TableReader {
  readonly appliedIndex: number
  /** May be called again. Afterwards every read throws INVARIANT (fatal). */
  close(): void
}

/** A new content under construction. */
export interface BackendReplacement {
  /** Within a table, in ascending order of the keys; tables in any order. */
  put(table: Table, key: ByteString, value: Uint8Array): void
  /** Resolves when what was put so far does not weigh on memory: to be awaited now and then. */
  ready(): Promise<void>
  /** Swaps. Resolves when the new content is durable (in memory: at once) and visible. Not during a batch. */
  commit(appliedIndex: number): Promise<void>
  /** Throws the new content away. May be called again, and after commit (then without effect). */
  abort(): Promise<void>
}

/** The whole content as it is, on its way from one backend to another of the same kind. See `StateTransfer` of `@balsa/raft`. */
export interface BackendTransfer {
  /** As it is durable now or a little later, for as long as it is open, while batches go on. */
  share(): Promise<SharedState>
  /** A place beside the present content. One at a time: an earlier one that is not finished is given up. */
  receive(appliedIndex: number): Promise<IncomingState>
  /**
   * Takes over what was received and finished with this applied index, also before the last restart: atomically and durably, as the commit of a replacement. False when there is nothing like that.
   */
  adopt(appliedIndex: number): Promise<boolean>
}

export interface Backend extends TableReader {
  /** False = nothing survives the process, and durableIndex stays 0. */
  readonly persistent: boolean
  /** Log index of the newest batch; 0 when there was none. */
  readonly appliedIndex: number
  /** Applied index that would be found after a loss of power now. Never above appliedIndex. */
  readonly durableIndex: number
  /** Runs one batch; answers what `run` answers. `appliedIndex` never goes down; it may stay, for upkeep that no log entry asked for. */
  write<Result>(appliedIndex: number, run: (batch: WriteBatch) => Result): Result
  /** Begins a batch over several turns. Until it is committed there is no other one, and no replacement is. */
  begin(appliedIndex: number): OpenBatch
  /**
   * Null when another batch may follow at once. Otherwise resolves when what waits for the disk has become bearable: to be awaited before the next batch. Reads never wait.
   */
  ready(): Promise<void> | null
  /** From now on nothing above this index becomes durable, until another limit is given. Without one there is none. */
  limitDurability(index: number): void
  snapshot(): BackendSnapshot
  /** Resolves when everything written before the call is durable. In memory: at once. */
  flush(): Promise<void>
  /** One at a time. */
  replace(): BackendReplacement
  /** Absent: the content travels entry by entry. */
  readonly transfer?: BackendTransfer
  /** Bytes that the content takes where it lives: file size, or an estimate of memory. For limits and metrics. */
  readonly usedBytes: number
  /** Flushes and closes. May be called again. */
  close(): Promise<void>
}
