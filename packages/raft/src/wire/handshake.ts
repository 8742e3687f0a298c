/**
 * How a connection between members begins. Both sides send {@link PEER_MAGIC} and then frames; the first frame is the
 * dialler's hello, answered by a welcome or by a refusal that says why with both values, after which the connection ends.
 * A connection carries messages in one direction only: from the dialler to the acceptor, of one lane.
 */
import { BalsaError, type ErrorCode } from '../errors.js'
import type { Lane } from '../ports/transport.js'
import { asMemberId, type MemberId } from '../types.js'
import { ByteReader, ByteWriter } from './bytes.js'

const magic = (letters: string, version: number) =>
  Uint8Array.from([...letters].map((letter) => letter.charCodeAt(0)).concat(version >> 8, version & 0xff))

export const PEER_MAGIC: Uint8Array = magic('BALSAP', 1)
export const CLIENT_MAGIC: Uint8Array = magic('BALSAC', 1)

/** Versions of the messages that this build can speak. The highest one that both sides know is used. */
export const PEER_PROTOCOL: VersionRange = { min: 1, max: 1 }

export interface VersionRange {
  readonly min: number
  readonly max: number
}

/**
 * First byte of a frame's body on the peer port. A ping goes with messages and is answered by a pong, so that the dialler notices a
 * dead way long before TCP does; both are the type byte alone.
 */
export const PeerFrame = { hello: 1, welcome: 2, refusal: 3, message: 4, ping: 5, pong: 6 } as const

export interface PeerHello {
  readonly clusterId: number
  readonly memberId: MemberId
  /** Whom the dialler believes to have reached. */
  readonly expectedPeer: MemberId
  readonly lane: Lane
  readonly protocol: VersionRange
  /** Where clients reach the dialler, so that its peers can send them there; empty when it serves none. */
  readonly clientAddress: string
  /** Which data directory speaks: drawn when it was made. Another one under the same id has lost what the first promised. */
  readonly incarnation: number
  /** Where the dialler wants to be reached by its peers: it may have moved since the log was told. */
  readonly peerAddress: string
}

export interface PeerWelcome {
  readonly clusterId: number
  readonly memberId: MemberId
  /** The version to speak from now on. */
  readonly protocol: number
  /** Which data directory answers; see {@link PeerHello}. */
  readonly incarnation: number
}

/** Numbers are part of the protocol. */
const REFUSAL_CODES = {
  CLUSTER_MISMATCH: 1,
  IDENTITY_MISMATCH: 2,
  VERSION_MISMATCH: 3,
  UNAVAILABLE: 4,
  MALFORMED: 5,
  OVERLOADED: 6,
  MEMBER_REMOVED: 7,
  DISK_REPLACED: 8,
} as const satisfies Partial<Record<ErrorCode, number>>

/**
 * - `CLUSTER_MISMATCH`: another cluster. `IDENTITY_MISMATCH`: not the expected member, or the same member on both sides.
 * - `VERSION_MISMATCH`: no common version. `UNAVAILABLE`: the acceptor has no room for a member that it does not know.
 * - `MEMBER_REMOVED`: the cluster has removed the dialler for ever. `DISK_REPLACED`: the acceptor has met it with another data directory.
 */
export type RefusalCode = keyof typeof REFUSAL_CODES

export interface PeerRefusal {
  readonly code: RefusalCode
  /** What the refusing side is or wants, for people. */
  readonly ours: string
  /** What the refused side said, for people. */
  readonly theirs: string
}

export type PeerHandshakeFrame =
  | { readonly type: 'hello'; readonly hello: PeerHello }
  | { readonly type: 'welcome'; readonly welcome: PeerWelcome }
  | { readonly type: 'refusal'; readonly refusal: PeerRefusal }

/** Position = number on the wire: only ever append. */
const LANE_NUMBERS: readonly Lane[] = ['control', 'append', 'snapshot']
const MAX_REFUSAL_TEXT = 200
/** A host name has at most 253 characters. */
const MAX_ADDRESS_TEXT = 262
const REFUSALS = new Map<number, RefusalCode>(Object.entries(REFUSAL_CODES).map(([code, number]) => [number, code as RefusalCode]))

/** Highest version of both ranges, or null when they have none in common. */
export function commonVersion(ours: VersionRange, theirs: VersionRange): number | null {
  const highest = Math.min(ours.max, theirs.max)
  return highest >= Math.max(ours.min, theirs.min) ? highest : null
}

/** Body of a hello frame, type byte included. */
export function encodeHello(hello: PeerHello): Uint8Array {
  const writer = new ByteWriter()
  writer.u8(PeerFrame.hello)
  writer.varint(hello.clusterId)
  writer.varint(hello.memberId)
  writer.varint(hello.expectedPeer)
  writer.u8(LANE_NUMBERS.indexOf(hello.lane))
  writer.u16(hello.protocol.min)
  writer.u16(hello.protocol.max)
  writer.string(hello.clientAddress.slice(0, MAX_ADDRESS_TEXT))
  writer.varint(hello.incarnation)
  writer.string(hello.peerAddress.slice(0, MAX_ADDRESS_TEXT))
  return writer.take()
}

export function encodeWelcome(welcome: PeerWelcome): Uint8Array {
  const writer = new ByteWriter()
  writer.u8(PeerFrame.welcome)
  writer.varint(welcome.clusterId)
  writer.varint(welcome.memberId)
  writer.u16(welcome.protocol)
  writer.varint(welcome.incarnation)
  return writer.take()
}

export function encodeRefusal(refusal: PeerRefusal): Uint8Array {
  const writer = new ByteWriter()
  writer.u8(PeerFrame.refusal)
  writer.u8(REFUSAL_CODES[refusal.code])
  writer.string(refusal.ours.slice(0, MAX_REFUSAL_TEXT))
  writer.string(refusal.theirs.slice(0, MAX_REFUSAL_TEXT))
  return writer.take()
}

/** Throws MALFORMED (refused) for everything that is not exactly one handshake frame. */
export function decodePeerHandshake(body: Uint8Array): PeerHandshakeFrame {
  const reader = new ByteReader(body, 'handshake')
  const type = reader.u8('frame type')
  switch (type) {
    case PeerFrame.hello:
      return { type: 'hello', hello: readHello(reader) }
    case PeerFrame.welcome: {
      const welcome = {
        clusterId: readId(reader, 'clusterId'),
        memberId: asMemberId(readId(reader, 'memberId')),
        protocol: reader.u16('protocol'),
        incarnation: readId(reader, 'incarnation'),
      }
      reader.end()
      return { type: 'welcome', welcome }
    }
    case PeerFrame.refusal:
      return { type: 'refusal', refusal: readRefusal(reader) }
    default:
      return reader.fail('frame type', `${type} cannot begin a connection`)
  }
}

/** The error that a refusal means to the side that got it. */
export function refusalError(refusal: PeerRefusal, peer: MemberId): BalsaError {
  return new BalsaError(refusal.code, `member ${peer} refused the connection: it has ${refusal.ours}, this node said ${refusal.theirs}`)
}

function readHello(reader: ByteReader): PeerHello {
  const clusterId = readId(reader, 'clusterId')
  const memberId = asMemberId(readId(reader, 'memberId'))
  const expectedPeer = asMemberId(readId(reader, 'expectedPeer'))
  const lane = LANE_NUMBERS[reader.u8('lane')]
  if (lane === undefined) reader.fail('lane', 'unknown')
  const protocol = { min: reader.u16('protocol.min'), max: reader.u16('protocol.max') }
  if (protocol.min > protocol.max) reader.fail('protocol', `${protocol.min} to ${protocol.max} is no range`)
  const clientAddress = reader.string('clientAddress')
  const incarnation = readId(reader, 'incarnation')
  const peerAddress = reader.string('peerAddress')
  // A newer version may say more behind this; what it adds must not be needed to refuse or to accept.
  if (protocol.max <= PEER_PROTOCOL.max) reader.end()
  return { clusterId, memberId, expectedPeer, lane, protocol, clientAddress, incarnation, peerAddress }
}

function readRefusal(reader: ByteReader): PeerRefusal {
  const number = reader.u8('code')
  const code = REFUSALS.get(number)
  if (code === undefined) reader.fail('code', `${number} is unknown`)
  const refusal = { code, ours: reader.string('ours'), theirs: reader.string('theirs') }
  reader.end()
  return refusal
}

function readId(reader: ByteReader, field: string): number {
  const id = reader.varint(field)
  if (id === 0) reader.fail(field, '0 is nobody')
  return id
}
