import type { Socket } from 'node:net'
import {
  BalsaError,
  commonVersion,
  decodePeerHandshake,
  encodeFrame,
  encodeRefusal,
  encodeWelcome,
  FRAME_HEADER_BYTES,
  FrameDecoder,
  type Lane,
  type MemberId,
  PEER_MAGIC,
  PEER_PROTOCOL,
  PeerFrame,
  type PeerHello,
  type PeerRefusal,
  type RefusalCode,
  type Timer,
} from '@balsa/raft'
import type { PeerContext } from './peer-context.js'

/** A stranger may make us keep this much. */
const MAX_HELLO_BYTES = 1024
/** A refusal is sent and then this long waited for the other side to read it. */
const LINGER_MS = 1000
/** Pongs are a few bytes each: whoever leaves this many unread does not want them. */
const MAX_UNREAD_BYTES = 64 * 1024

export interface AcceptorHandlers {
  /** Whether this member may talk to us. */
  isKnown(peer: MemberId): boolean
  /** The hello was good. Called before any of its messages. */
  onAccepted(connection: PeerAcceptor, hello: PeerHello): void
  onMessage(from: MemberId, message: Uint8Array): void
  /** Called once, however it ended. */
  onClosed(connection: PeerAcceptor): void
}

/** One connection that somebody else dialled: a handshake, then messages from there to here. */
export class PeerAcceptor {
  readonly #context: PeerContext
  readonly #socket: Socket
  readonly #handlers: AcceptorHandlers
  readonly #remote: string
  readonly #decoder: FrameDecoder
  #timer: Timer | null
  #peer: MemberId | null = null
  #lane: Lane | null = null
  #ended = false

  constructor(context: PeerContext, socket: Socket, handlers: AcceptorHandlers) {
    this.#context = context
    this.#socket = socket
    this.#handlers = handlers
    this.#remote = `${socket.remoteAddress}:${socket.remotePort}`
    this.#decoder = new FrameDecoder({ crc32: context.crc32, maxBodyBytes: MAX_HELLO_BYTES, magic: PEER_MAGIC })
    const { handshakeTimeoutMs } = context.limits
    this.#timer = context.clock.setTimer(handshakeTimeoutMs, () => this.#onSilence(handshakeTimeoutMs))
    socket.on('data', (data: Uint8Array) => this.#receive(data))
    // The reason matters only to the side that dials again; 'close' follows.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#onClose())
  }

  /** Null until the handshake. */
  get peer(): MemberId | null {
    return this.#peer
  }

  get lane(): Lane | null {
    return this.#lane
  }

  destroy(): void {
    this.#ended = true
    this.#socket.destroy()
  }

  #onSilence(afterMs: number): void {
    this.#timer = null
    this.#context.report({ type: 'rejected', remote: this.#remote, reason: `no handshake within ${afterMs} ms` })
    this.destroy()
  }

  #onClose(): void {
    this.#ended = true
    this.#timer?.cancel()
    this.#timer = null
    this.#handlers.onClosed(this)
  }

  #receive(data: Uint8Array): void {
    if (this.#ended) return
    try {
      this.#decoder.push(data)
      let pings = 0
      for (let body = this.#decoder.next(); body !== null && !this.#ended; body = this.#decoder.next()) {
        if (this.#peer === null) this.#receiveHello(body)
        else if (body[0] === PeerFrame.message) this.#receiveMessage(this.#peer, body)
        else if (body[0] === PeerFrame.ping && body.length === 1) pings += 1
        else throw new BalsaError('MALFORMED', `malformed frame: type ${body[0]} after the handshake`)
        if (this.#ended) return
      }
      if (pings > 0) this.#sendPong()
    } catch (error) {
      if (!(error instanceof BalsaError) || (error.code !== 'MALFORMED' && error.code !== 'VERSION_MISMATCH')) throw error
      this.#onViolation(error)
    }
  }

  #onViolation(error: BalsaError): void {
    if (error.code === 'VERSION_MISMATCH') {
      this.#refuse({ code: 'VERSION_MISMATCH', ours: `framing version ${PEER_MAGIC[6]}.${PEER_MAGIC[7]}`, theirs: 'another one' }, null)
      return
    }
    // Who does not speak the protocol gets no answer: it may be a scanner, and would not understand.
    this.#context.report({ type: 'malformed', direction: 'incoming', peer: this.#peer, remote: this.#remote, error })
    this.destroy()
  }

  #receiveMessage(peer: MemberId, body: Uint8Array): void {
    const { statistics } = this.#context
    statistics.received += 1
    statistics.receivedBytes += body.length + FRAME_HEADER_BYTES
    this.#handlers.onMessage(peer, body.subarray(1))
  }

  #receiveHello(body: Uint8Array): void {
    const frame = decodePeerHandshake(body)
    if (frame.type !== 'hello') throw new BalsaError('MALFORMED', `malformed handshake: a ${frame.type} before the hello`)
    const { hello } = frame
    const refusal = this.#refusalOf(hello)
    if (refusal !== null) return this.#refuse(refusal, hello.memberId)
    const protocol = commonVersion(PEER_PROTOCOL, hello.protocol) ?? PEER_PROTOCOL.min
    this.#timer?.cancel()
    this.#timer = null
    this.#peer = hello.memberId
    this.#lane = hello.lane
    this.#decoder.maxBodyBytes = this.#context.limits.maxFrameBytes - FRAME_HEADER_BYTES
    this.#answer(encodeWelcome({ ...this.#context.identity, protocol }))
    this.#handlers.onAccepted(this, hello)
  }

  #refusalOf(hello: PeerHello): PeerRefusal | null {
    const { clusterId, memberId } = this.#context.identity
    const refusal = (code: RefusalCode, ours: string, theirs: string): PeerRefusal => ({ code, ours, theirs })
    if (hello.clusterId !== clusterId) return refusal('CLUSTER_MISMATCH', `cluster ${clusterId}`, `cluster ${hello.clusterId}`)
    if (commonVersion(PEER_PROTOCOL, hello.protocol) === null) {
      const { min, max } = hello.protocol
      return refusal('VERSION_MISMATCH', `protocol ${PEER_PROTOCOL.min} to ${PEER_PROTOCOL.max}`, `protocol ${min} to ${max}`)
    }
    if (hello.memberId === memberId) return refusal('IDENTITY_MISMATCH', `member id ${memberId} itself`, `member ${hello.memberId}`)
    if (hello.expectedPeer !== memberId)
      return refusal('IDENTITY_MISMATCH', `member id ${memberId}`, `expected member ${hello.expectedPeer}`)
    if (!this.#handlers.isKnown(hello.memberId)) return refusal('UNAVAILABLE', 'no such member', `member ${hello.memberId}`)
    return null
  }

  #refuse(refusal: PeerRefusal, peer: MemberId | null): void {
    this.#ended = true
    this.#timer?.cancel()
    const error = new BalsaError(
      refusal.code,
      `refused ${this.#remote}: this node has ${refusal.ours}, the other side said ${refusal.theirs}`,
    )
    this.#context.report({ type: 'refused', direction: 'incoming', peer, remote: this.#remote, error })
    this.#answer(encodeRefusal(refusal))
    this.#socket.end()
    this.#timer = this.#context.clock.setTimer(LINGER_MS, () => this.destroy())
  }

  #answer(body: Uint8Array): void {
    const { crc32 } = this.#context
    this.#socket.cork()
    this.#socket.write(PEER_MAGIC)
    this.#socket.write(encodeFrame(body, crc32))
    this.#socket.uncork()
  }

  #sendPong(): void {
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) throw new BalsaError('MALFORMED', 'the answers to its pings are not read')
    this.#socket.write(encodeFrame(Uint8Array.of(PeerFrame.pong), this.#context.crc32))
  }
}
