/**
 * One snapshot as a file; the same bytes travel to other members. Little-endian; a u64 holds a safe integer.
 *
 *   header
 *     0  u32 crc            over bytes 4..end of the header
 *     4  u32 magic          "BALS", or "BALW" for a witness' snapshot: no chunks, and nothing that travels
 *     8  u32 version        of the format (1)
 *    12  u32 configuration  its length in bytes
 *    16  u64 clusterId
 *    24  u64 index          the paper's lastIncludedIndex
 *    32  u64 term           lastIncludedTerm
 *    40  f64 timeMs         cluster time of the last included entry
 *    48  configuration
 *   chunks of the state machine's bytes, numbered from 0
 *     0  u32 crc            over bytes 4..end of the chunk
 *     4  u32 length         of the data
 *     8  u32 number
 *    12  data
 *   footer (32 bytes, the end of the file)
 *     0  u32 crc            over bytes 4..31
 *     4  u32 0xffffffff     where a chunk has its length
 *     8  u32 chunks         how many
 *    12  u32 bodyCrc        over everything before the footer
 *    16  u64 stateBytes     of all chunks' data
 *    24  u64 fileBytes
 *
 * The checksum of SnapshotMeta is the CRC-32 of the whole file: of the footer, continued from bodyCrc. So it is known from header and
 * footer alone, and a damaged middle shows when the chunks are read.
 */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileHandle } from '../ports/file-system.js'
import { asIndex, asTerm, type SnapshotMeta } from '../types.js'
import { encodeConfiguration } from './configuration-codec.js'
import { configurationAt, getU64, setU64, viewOf } from './record.js'
import type { SnapshotDescription } from './storage.js'
import { syncOrFail } from './spare-pool.js'

const MAGIC = 0x534c4142
const WITNESS_MAGIC = 0x574c4142
const FORMAT_VERSION = 1
const HEADER_FIXED_BYTES = 48
const CHUNK_HEADER_BYTES = 12
const FOOTER_BYTES = 32
const FOOTER_LENGTH_MARK = 0xffff_ffff
/** A chunk that is larger is split: a reader holds one chunk in memory. */
const MAX_CHUNK_BYTES = 1024 * 1024
/** Bytes between two syncs while writing: no sync of the log has to wait for a large one. */
export const SYNC_EVERY_BYTES = 4 * 1024 * 1024
const READ_BYTES = 256 * 1024

const HINT = 'Do not delete anything. Restore the file, or remove this member from the cluster and let it join again as new.'

export class SnapshotFileWriter {
  readonly #handle: FileHandle
  readonly #crc32: Crc32
  readonly #description: SnapshotDescription
  readonly #stateless: boolean
  #position = 0
  #synced = 0
  #crc = 0
  #chunks = 0
  #stateBytes = 0

  /** `stateless`: a witness' snapshot. */
  constructor(handle: FileHandle, crc32: Crc32, clusterId: number, description: SnapshotDescription, stateless = false) {
    this.#handle = handle
    this.#crc32 = crc32
    this.#description = description
    this.#stateless = stateless
    const configuration = encodeConfiguration(description.configuration)
    const header = new Uint8Array(HEADER_FIXED_BYTES + configuration.length)
    const view = viewOf(header)
    view.setUint32(4, stateless ? WITNESS_MAGIC : MAGIC, true)
    view.setUint32(8, FORMAT_VERSION, true)
    view.setUint32(12, configuration.length, true)
    setU64(view, 16, clusterId)
    setU64(view, 24, description.index)
    setU64(view, 32, description.term)
    view.setFloat64(40, description.timeMs, true)
    header.set(configuration, HEADER_FIXED_BYTES)
    view.setUint32(0, crc32(header.subarray(4)), true)
    this.#write(header)
  }

  #write(bytes: Uint8Array): void {
    this.#handle.write(this.#position, bytes)
    this.#position += bytes.length
    this.#crc = this.#crc32(bytes, this.#crc)
  }

  async append(data: Uint8Array): Promise<void> {
    for (let from = 0; from < data.length; from += MAX_CHUNK_BYTES) this.#appendChunk(data.subarray(from, from + MAX_CHUNK_BYTES))
    if (this.#position - this.#synced < SYNC_EVERY_BYTES) return
    await syncOrFail(this.#handle)
    this.#synced = this.#position
  }

  #appendChunk(data: Uint8Array): void {
    const chunk = new Uint8Array(CHUNK_HEADER_BYTES + data.length)
    const view = viewOf(chunk)
    view.setUint32(4, data.length, true)
    view.setUint32(8, this.#chunks, true)
    chunk.set(data, CHUNK_HEADER_BYTES)
    view.setUint32(0, this.#crc32(chunk.subarray(4)), true)
    this.#write(chunk)
    this.#chunks += 1
    this.#stateBytes += data.length
  }

  /** Writes the footer and makes the file's bytes durable (not its name). */
  async finish(): Promise<SnapshotMeta> {
    const footer = new Uint8Array(FOOTER_BYTES)
    const view = viewOf(footer)
    view.setUint32(4, FOOTER_LENGTH_MARK, true)
    view.setUint32(8, this.#chunks, true)
    view.setUint32(12, this.#crc, true)
    setU64(view, 16, this.#stateBytes)
    setU64(view, 24, this.#position + FOOTER_BYTES)
    view.setUint32(0, this.#crc32(footer.subarray(4)), true)
    this.#write(footer)
    await syncOrFail(this.#handle)
    const { index, term, timeMs, configuration } = this.#description
    const bytes = this.#stateless ? NO_BYTES : { sizeBytes: this.#position, checksum: this.#crc }
    return { index, term, timeMs, configuration, ...bytes }
  }
}

/** What a witness' snapshot says of itself: two of them are the same whoever wrote them. */
const NO_BYTES = { sizeBytes: 0, checksum: 0 } as const

interface Footer {
  readonly chunks: number
  readonly bodyCrc: number
  readonly stateBytes: number
}

/**
 * What header and footer say. Throws CORRUPT (fatal) with file and offset, IDENTITY_MISMATCH (fatal) for another cluster's file.
 */
export async function readSnapshotMeta(handle: FileHandle, crc32: Crc32, clusterId: number): Promise<SnapshotMeta> {
  const size = await handle.size()
  const header = await readHeader(handle, crc32, size)
  const view = viewOf(header)
  const cluster = getU64(view, 16)
  if (cluster !== clusterId) {
    throw new BalsaError('IDENTITY_MISMATCH', `${handle.path} belongs to cluster ${cluster}, this is cluster ${clusterId}`, {
      hint: 'Use the data directory of this member, or an empty one for a new member.',
    })
  }
  const { footer, bytes } = await readFooter(handle, crc32, size)
  const index = getU64(view, 24)
  const term = getU64(view, 32)
  if (!(index > 0) || !(term >= 0)) return corrupt(handle.path, 24, 'an impossible index or term')
  return {
    index: asIndex(index),
    term: asTerm(term),
    timeMs: view.getFloat64(40, true),
    configuration: configurationAt(header.subarray(HEADER_FIXED_BYTES), `${handle.path} (byte ${HEADER_FIXED_BYTES})`),
    ...(view.getUint32(4, true) === WITNESS_MAGIC ? NO_BYTES : { sizeBytes: size, checksum: crc32(bytes, footer.bodyCrc) }),
  }
}

async function readHeader(handle: FileHandle, crc32: Crc32, size: number): Promise<Uint8Array> {
  if (size < HEADER_FIXED_BYTES + FOOTER_BYTES) return corrupt(handle.path, 0, `${size} bytes are too few for a snapshot`)
  const fixed = await handle.read(0, HEADER_FIXED_BYTES)
  const view = viewOf(fixed)
  const magic = view.getUint32(4, true)
  if (magic !== MAGIC && magic !== WITNESS_MAGIC) return corrupt(handle.path, 4, 'not a snapshot')
  const length = HEADER_FIXED_BYTES + view.getUint32(12, true)
  if (length + FOOTER_BYTES > size) return corrupt(handle.path, 12, 'the header is longer than the file')
  const header = await handle.read(0, length)
  if (viewOf(header).getUint32(0, true) !== crc32(header.subarray(4))) return corrupt(handle.path, 0, 'the header is damaged')
  const version = view.getUint32(8, true)
  if (version !== FORMAT_VERSION) {
    throw new BalsaError('CORRUPT', `${handle.path}: snapshot format ${version}, this version reads ${FORMAT_VERSION} (byte 8)`, {
      hint: 'The snapshot was written by another version of Balsa: start that version.',
    })
  }
  return header
}

async function readFooter(
  handle: FileHandle,
  crc32: Crc32,
  size: number,
): Promise<{ readonly footer: Footer; readonly bytes: Uint8Array }> {
  const at = size - FOOTER_BYTES
  const bytes = await handle.read(at, FOOTER_BYTES)
  const view = viewOf(bytes)
  const valid =
    bytes.length === FOOTER_BYTES && view.getUint32(0, true) === crc32(bytes.subarray(4)) && view.getUint32(4, true) === FOOTER_LENGTH_MARK
  if (!valid || getU64(view, 24) !== size) return corrupt(handle.path, at, 'the footer is damaged or the file was cut')
  return { footer: { chunks: view.getUint32(8, true), bodyCrc: view.getUint32(12, true), stateBytes: getU64(view, 16) }, bytes }
}

/** The state machine's bytes, each chunk verified before it is given out. Throws CORRUPT (fatal) with file and offset. */
export async function* readSnapshotState(handle: FileHandle, crc32: Crc32): AsyncGenerator<Uint8Array, void, undefined> {
  const size = await handle.size()
  const header = await readHeader(handle, crc32, size)
  const { footer } = await readFooter(handle, crc32, size)
  const end = size - FOOTER_BYTES
  let position = header.length
  let crc = crc32(header)
  let stateBytes = 0
  let number = 0
  for (; position < end; number++) {
    const head = await handle.read(position, CHUNK_HEADER_BYTES)
    const length = head.length === CHUNK_HEADER_BYTES ? viewOf(head).getUint32(4, true) : MAX_CHUNK_BYTES + 1
    if (length > MAX_CHUNK_BYTES || position + CHUNK_HEADER_BYTES + length > end)
      return corrupt(handle.path, position, 'a chunk has an impossible length')
    const chunk = await handle.read(position, CHUNK_HEADER_BYTES + length)
    const view = viewOf(chunk)
    if (view.getUint32(0, true) !== crc32(chunk.subarray(4)) || view.getUint32(8, true) !== number) {
      return corrupt(handle.path, position, `chunk ${number} is damaged`)
    }
    crc = crc32(chunk, crc)
    stateBytes += length
    position += chunk.length
    yield chunk.subarray(CHUNK_HEADER_BYTES)
  }
  if (number !== footer.chunks || stateBytes !== footer.stateBytes || crc !== footer.bodyCrc)
    return corrupt(handle.path, end, 'the footer does not agree with the chunks')
}

/** CRC-32 of the first `length` bytes of a file. */
export async function fileChecksum(handle: FileHandle, length: number, crc32: Crc32): Promise<number> {
  let crc = 0
  for await (const piece of piecesOf(handle, length)) crc = crc32(piece, crc)
  return crc
}

/** The first `length` bytes of a file, one piece after the other. Throws CORRUPT (fatal) when there are fewer. */
export async function* piecesOf(handle: FileHandle, length: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let position = 0; position < length; ) {
    const piece = await handle.read(position, Math.min(READ_BYTES, length - position))
    if (piece.length === 0) return corrupt(handle.path, position, 'the file is shorter than it was')
    yield piece
    position += piece.length
  }
}

function corrupt(path: string, at: number, what: string): never {
  throw new BalsaError('CORRUPT', `${path}: ${what} (byte ${at})`, { hint: HINT })
}
