import { crc32, type HardState, asMemberId, asTerm } from '@balsa/raft'

/**
 * An independent reader of the log's format on disk (the layout stands in record.ts and segment.ts of the engine). Invariants read the
 * simulated disks through it, never the memory of a member.
 */
export interface LoggedEntry {
  readonly index: number
  readonly term: number
  readonly type: number
  readonly timeMs: number
  readonly payload: Uint8Array
}

export type WalRecord =
  | { readonly type: 'entry'; readonly entry: LoggedEntry }
  | { readonly type: 'hardState'; readonly hardState: HardState }
  | { readonly type: 'head'; readonly origin: number; readonly lastIndex: number; readonly lastTerm: number; readonly hardState: HardState }

export interface WalBatch {
  readonly offset: number
  readonly sizeBytes: number
  /** Position in the file where its header says that it stands. */
  readonly number: number
  readonly segment: number
  /** 1 data, 2 synced, 3 closed. */
  readonly kind: number
  readonly records: readonly WalRecord[]
}

export const SECTOR_BYTES = 512
const BATCH_HEADER_BYTES = 56
const BATCH_MAGIC = 0x424c4142
const SEGMENT_MAGIC = 0x574c4142
const TWO_32 = 0x1_0000_0000

const u64 = (view: DataView, at: number): number => view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true)

/** Number of the segment whose header these bytes are, or null. */
export function segmentOf(bytes: Uint8Array): number | null {
  if (bytes.length < 64) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(4, true) !== SEGMENT_MAGIC || view.getUint32(0, true) !== crc32(bytes.subarray(4, 64))) return null
  return u64(view, 32)
}

/** The whole valid batch at `at`, or null. */
export function readBatch(bytes: Uint8Array, at: number, fileOffset: number): WalBatch | null {
  if (at + BATCH_HEADER_BYTES > bytes.length) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(at + 4, true) !== BATCH_MAGIC) return null
  if (view.getUint32(at, true) !== crc32(bytes.subarray(at + 4, at + BATCH_HEADER_BYTES))) return null
  const kind = view.getUint32(at + 28, true)
  const bodyBytes = view.getUint32(at + 32, true)
  const bodyAt = at + BATCH_HEADER_BYTES
  if (view.getUint32(at + 24, true) !== fileOffset || bodyAt + bodyBytes > bytes.length) return null
  if (kind === 1 && view.getUint32(at + 48, true) !== crc32(bytes.subarray(bodyAt, bodyAt + bodyBytes))) return null
  return {
    offset: fileOffset,
    sizeBytes: Math.ceil((BATCH_HEADER_BYTES + bodyBytes) / SECTOR_BYTES) * SECTOR_BYTES,
    number: u64(view, at + 16),
    segment: u64(view, at + 8),
    kind,
    records: kind === 1 ? readRecords(bytes, view, bodyAt, bodyAt + bodyBytes) : [],
  }
}

function readRecords(bytes: Uint8Array, view: DataView, from: number, to: number): WalRecord[] {
  const records: WalRecord[] = []
  for (let at = from; at < to; ) {
    const length = view.getUint32(at + 4, true)
    const type = view.getUint8(at + 8)
    const body = at + 16
    if (type === 3) {
      const entry = {
        index: u64(view, body),
        term: u64(view, body + 8),
        timeMs: view.getFloat64(body + 16, true),
        type: view.getUint8(body + 24),
        payload: bytes.subarray(body + 25, body + length),
      }
      records.push({ type: 'entry', entry })
    } else if (type === 2) records.push({ type: 'hardState', hardState: hardStateAt(view, body) })
    else {
      const lastIndex = u64(view, body + 1)
      records.push({
        type: 'head',
        origin: view.getUint8(body),
        lastIndex,
        lastTerm: u64(view, body + 9),
        hardState: hardStateAt(view, body + 25),
      })
    }
    at = body + length
  }
  return records
}

function hardStateAt(view: DataView, at: number): HardState {
  const votedFor = u64(view, at + 8)
  return { term: asTerm(u64(view, at)), votedFor: votedFor === 0 ? null : asMemberId(votedFor) }
}
