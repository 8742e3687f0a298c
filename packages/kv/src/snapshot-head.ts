import { ByteReader } from '@balsa/raft'
import { decodeCounters } from './mvcc/counters.js'
import { SNAPSHOT_FORMAT } from './snapshot-codec.js'

/** What a snapshot of the state machine says of itself at its beginning. */
export interface SnapshotHead {
  readonly appliedIndex: number
  /** Cluster time. */
  readonly timeMs: number
  readonly revision: number
  readonly keys: number
  /** Of keys and values. */
  readonly dataBytes: number
}

/** As many bytes are enough for `readSnapshotHead`, in any case. */
export const SNAPSHOT_HEAD_BYTES = 64 * 1024
const HEADER_KIND = 1

/** Of the first bytes of a snapshot. MALFORMED (refused): it is none, or of another format. */
export function readSnapshotHead(bytes: Uint8Array): SnapshotHead {
  const outer = new ByteReader(bytes, 'snapshot')
  const lengthBytes = outer.raw('length', 4)
  const length = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, 4).getUint32(0, true)
  if (length > outer.remaining) outer.fail('length', 'longer than a header is')
  const reader = new ByteReader(outer.raw('header', length), 'snapshot header')
  if (reader.u8('kind') !== HEADER_KIND) reader.fail('kind', 'no header')
  const format = reader.u8('format')
  if (format !== SNAPSHOT_FORMAT) reader.fail('format', `${format} is not known here, only ${SNAPSHOT_FORMAT}`)
  const appliedIndex = reader.varint('appliedIndex')
  reader.raw('state hash', 8)
  const timeMs = reader.varint('timeMs')
  reader.varint('sweptMs')
  const { revision, keys, dataBytes } = decodeCounters(reader.bytes('counters'))
  return { appliedIndex, timeMs, revision, keys, dataBytes }
}
