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
const NOTHING = new Uint8Array(0)
/** Pongs are a few bytes each: whoever leaves this many unread does not want them. */
const MAX_UNREAD_BYTES = 64 * 1024

export interface AcceptorHandlers {
  /** Why this member may not talk to us, or null. */
  refusalOf(hello: PeerHello): PeerRefusal | null
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
  /** The hello was read, and it is not known yet whether it is good. */
  #judging = false

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
      this.#decode()
    } catch (error) {
      if (!(error instanceof BalsaError) || (error.code !== 'MALFORMED' && error.code !== 'VERSION_MISMATCH')) throw error
      this.#onViolation(error)
    }
  }

  #decode(): void {
    let pings = 0
    while (!this.#ended && !this.#judging) {
      const body = this.#decoder.next()
      if (body === null) break
      if (this.#peer === null) this.#receiveHello(body)
      else if (body[0] === PeerFrame.message) this.#receiveMessage(this.#peer, body)
      else if (body[0] === PeerFrame.ping && body.length === 1) pings += 1
      else throw new BalsaError('MALFORMED', `malformed frame: type ${body[0]} after the handshake`)
    }
    if (pings > 0 && !this.#ended) this.#sendPong()
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
    const known = this.#context.memory.meet(hello.memberId, hello.incarnation)
    if (typeof known === 'number') return this.#judge(hello, known)
    // The first meeting must be durable before anything relies on it; until then the other side has nothing to say.
    this.#judging = true
    this.#socket.pause()
    const resume = (next: () => void): void => {
      this.#judging = false
      if (this.#ended) return
      next()
      this.#socket.resume()
      this.#receive(NOTHING)
    }
    known.then(
      (incarnation) => resume(() => this.#judge(hello, incarnation)),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        resume(() => this.#refuse({ code: 'UNAVAILABLE', ours: `no memory for a new member (${reason})`, theirs: 'hello' }, hello.memberId))
      },
    )
  }

  #judge(hello: PeerHello, known: number): void {
    if (known !== hello.incarnation) {
      const text = (incarnation: number): string => `data directory ${incarnation.toString(16)}`
      const ours = `met member ${hello.memberId} with ${text(known)}`
      return this.#refuse({ code: 'DISK_REPLACED', ours, theirs: text(hello.incarnation) }, hello.memberId)
    }
    const protocol = commonVersion(PEER_PROTOCOL, hello.protocol) ?? PEER_PROTOCOL.min
    this.#timer?.cancel()
    this.#timer = null
    this.#peer = hello.memberId
    this.#lane = hello.lane
    this.#decoder.maxBodyBytes = this.#context.limits.maxFrameBytes - FRAME_HEADER_BYTES
    this.#answer(encodeWelcome({ ...this.#context.identity, protocol, incarnation: this.#context.incarnation }))
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
    return this.#handlers.refusalOf(hello)
  }

  #refuse(refusal: PeerRefusal, peer: MemberId | null): void {
    this.#ended = true
    this.#timer?.cancel()
    const error = new BalsaError(
      refusal.code,
      `refused ${this.#remote}: this node has ${refusal.ours}, the other side said ${refusal.theirs}`,
    )
    this.#context.report({ type: 'refused', by: 'us', direction: 'incoming', peer, remote: this.#remote, error })
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
