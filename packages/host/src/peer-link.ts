import type { Socket } from 'node:net'
import {
  BalsaError,
  ByteWriter,
  commonVersion,
  decodePeerHandshake,
  encodeFrame,
  encodeHello,
  FrameDecoder,
  frameHead,
  type Lane,
  type MemberId,
  PEER_MAGIC,
  PEER_PROTOCOL,
  PeerFrame,
  type PeerWelcome,
  refusalError,
  type Timer,
  writeFrame,
} from '@balsa/raft'
import { type HostPort, parseAddress } from './address.js'
import { FRAME_OVERHEAD_BYTES, MessageQueue } from './message-queue.js'
import type { PeerContext } from './peer-context.js'

/** The acceptor says hardly anything: a welcome, a refusal with two short texts, pongs. */
const MAX_ANSWER_BYTES = 2048
/** Messages up to this size are copied into one buffer, because several cost more to send; larger ones leave as they are. */
const COPY_LIMIT_BYTES = 32 * 1024
const MAX_BATCH_BYTES = 256 * 1024
/** The buffer of a batch grows beyond this only with small messages that really come. */
const MAX_FIRST_BUFFER_BYTES = 32 * 1024
const PING_INTERVAL_MS = 1000
/** A connection that lived this long was a success: the next attempt after it comes soon. */
const STABLE_MS = 1000

/**
 * - `idle`: no connection wanted. `waiting`: for the end of the back-off.
 * - `connecting`: look-up, TCP, handshake. `open`: the peer has welcomed us.
 */
type LinkState = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed'

type Retry = 'soon' | 'late'

/** So many answers in a row that are no answers: whoever listens there is no member, and asking on does not make it one. */
const MALFORMED_BEFORE_LATE = 3

/** The way to one peer in one lane: a queue, and at most one connection that this side dialled. */
export class PeerLink {
  readonly #context: PeerContext
  readonly #peer: MemberId
  /** Where the peer may be, the most likely place first; one after the other is tried. */
  #addresses: readonly string[]
  #address: string
  readonly #lane: Lane
  readonly #onUp: (up: boolean) => void
  readonly #queue = new MessageQueue()
  #state: LinkState = 'idle'
  #socket: Socket | null = null
  #decoder: FrameDecoder | null = null
  /** Ends the attempt while connecting, begins the next one while waiting. */
  #timer: Timer | null = null
  #watch: Timer | null = null
  #attempt = 0
  #failures = 0
  #malformed = 0
  #openedAtMs = 0
  #pingedAtMs = Number.NEGATIVE_INFINITY
  #pingUnderWay = false
  #flushScheduled = false
  #retry: Retry = 'soon'

  constructor(context: PeerContext, peer: MemberId, addresses: readonly string[], lane: Lane, onUp: (up: boolean) => void) {
    this.#context = context
    this.#peer = peer
    this.#addresses = addresses
    this.#address = addresses[0] ?? ''
    this.#lane = lane
    this.#onUp = onUp
    // Snapshots are rare: their connection is made when the first chunk waits.
    if (this.#eager) this.#dial()
  }

  /** Goes on with the connection that it has if that leads to one of these places, and dials again if not. */
  setAddresses(addresses: readonly string[]): void {
    this.#addresses = addresses
    if (this.#state === 'closed' || (addresses.includes(this.#address) && this.#state === 'open')) return
    if (addresses[0] === this.#address && this.#state !== 'waiting') return
    const wasOpen = this.#state === 'open'
    const wasIdle = this.#state === 'idle'
    this.#release()
    this.#failures = 0
    this.#malformed = 0
    this.#state = 'idle'
    if (wasOpen) this.#onUp(false)
    if (!wasIdle || this.#queue.length > 0) this.#dial()
  }

  get #eager(): boolean {
    return this.#lane !== 'snapshot'
  }

  send(message: Uint8Array): void {
    if (this.#state === 'closed' || !this.#makeRoom(message)) {
      this.#context.statistics.dropped += 1
      return
    }
    this.#queue.push(message)
    if (this.#state === 'idle') this.#dial()
    else if (this.#state === 'open') this.#scheduleFlush()
  }

  /** The peer has just shown that it lives: no reason to wait any longer. */
  wake(): void {
    if (this.#state === 'waiting' && this.#retry === 'soon') this.#endWaiting()
  }

  close(): void {
    const wasOpen = this.#state === 'open'
    this.#state = 'closed'
    this.#release()
    if (wasOpen) this.#onUp(false)
  }

  /** Votes and heart-beats age quickly, so the newest are kept; appends behind a lost one would be refused, so the oldest are. */
  #makeRoom(message: Uint8Array): boolean {
    const { maxFrameBytes, maxQueuedBytes } = this.#context.limits
    const size = message.length + FRAME_OVERHEAD_BYTES
    if (size > maxFrameBytes) return false
    const unsent = this.#socket?.writableLength ?? 0
    const fits = () => this.#queue.length === 0 || this.#queue.bytes + unsent + size <= maxQueuedBytes
    if (this.#lane !== 'control') return fits()
    while (!fits()) {
      this.#queue.shift()
      this.#context.statistics.dropped += 1
    }
    return true
  }

  #dial(): void {
    this.#state = 'connecting'
    this.#attempt += 1
    const attempt = this.#attempt
    this.#address = this.#addresses[this.#failures % this.#addresses.length] ?? ''
    const { clock, limits, resolver } = this.#context
    this.#timer = clock.setTimer(limits.handshakeTimeoutMs, () => this.#fail(`no handshake within ${limits.handshakeTimeoutMs} ms`, 'soon'))
    let target: HostPort
    try {
      target = parseAddress(this.#address)
    } catch (error) {
      // Addresses come from the replicated log: a bad one must hurt its own member only. Never from inside send or setPeers.
      clock.defer(() => attempt === this.#attempt && this.#fail(reasonOf(error), 'late'))
      return
    }
    resolver.resolve(target.host, (result) => {
      if (attempt !== this.#attempt || this.#state !== 'connecting') return
      if ('failure' in result) return this.#fail(result.failure, 'soon')
      const host = result.addresses[Math.floor(this.#failures / this.#addresses.length) % result.addresses.length]
      if (host === undefined) return this.#fail(`the name ${target.host} has no address`, 'soon')
      this.#connect(host, target)
    })
  }

  #connect(host: string, { host: name, port }: HostPort): void {
    const { crc32, sockets } = this.#context
    const socket = sockets.connect({ host, port, name, peer: this.#peer }, () => this.#socket === socket && this.#sayHello(socket))
    this.#socket = socket
    this.#decoder = new FrameDecoder({ crc32, maxBodyBytes: MAX_ANSWER_BYTES, magic: PEER_MAGIC })
    this.#context.track(socket)
    let reason = 'closed by the other side'
    socket.on('error', (error) => (reason = error.message))
    socket.on('close', () => this.#socket === socket && this.#fail(reason, 'soon'))
    socket.on('data', (data: Uint8Array) => this.#socket === socket && this.#receive(data))
    socket.on('drain', () => this.#socket === socket && this.#onDrain())
  }

  #sayHello(socket: Socket): void {
    const { crc32, identity } = this.#context
    const hello = {
      ...identity,
      expectedPeer: this.#peer,
      lane: this.#lane,
      protocol: PEER_PROTOCOL,
      clientAddress: this.#context.clientAddress(),
      incarnation: this.#context.incarnation,
      peerAddress: this.#context.peerAddress(),
    }
    socket.cork()
    socket.write(PEER_MAGIC)
    socket.write(encodeFrame(encodeHello(hello), crc32))
    socket.uncork()
  }

  #receive(data: Uint8Array): void {
    const decoder = this.#decoder
    if (decoder === null) return
    try {
      decoder.push(data)
      for (let body = decoder.next(); body !== null; body = decoder.next()) {
        if (this.#state === 'open') this.#receivePong(body)
        else this.#receiveAnswer(body)
        // The frame may have ended this connection.
        if (this.#decoder !== decoder) return
      }
    } catch (error) {
      if (!(error instanceof BalsaError)) throw error
      this.#malformed += 1
      const late = error.code === 'VERSION_MISMATCH' || this.#malformed >= MALFORMED_BEFORE_LATE
      this.#context.report({ type: 'malformed', direction: 'outgoing', peer: this.#peer, remote: this.#address, error })
      this.#fail(error.message, late ? 'late' : 'soon')
    }
  }

  #receiveAnswer(body: Uint8Array): void {
    const frame = decodePeerHandshake(body)
    if (frame.type === 'hello') throw new BalsaError('MALFORMED', 'malformed handshake: a hello in answer to a hello')
    if (frame.type === 'refusal') return this.#refused('peer', refusalError(frame.refusal, this.#peer))
    const problem = this.#problemOf(frame.welcome)
    if (problem !== null) return this.#refused('us', problem)
    const { incarnation } = frame.welcome
    const known = this.#context.memory.meet(this.#peer, incarnation)
    if (typeof known === 'number') return this.#judge(incarnation, known)
    const attempt = this.#attempt
    const settled = (next: () => void): void => {
      if (attempt === this.#attempt && this.#state === 'connecting') next()
    }
    known.then(
      (first) => settled(() => this.#judge(incarnation, first)),
      (error: unknown) => settled(() => this.#fail(reasonOf(error), 'soon')),
    )
  }

  #judge(incarnation: number, known: number): void {
    if (incarnation === known) return this.#open()
    const text = `member ${this.#peer} at ${this.#address} has data directory ${incarnation.toString(16)}, it was met with ${known.toString(16)}`
    const hint = 'Its disk was replaced: replace the member too, with balsactl member replace.'
    this.#refused('us', new BalsaError('DISK_REPLACED', text, { hint }))
  }

  #problemOf(welcome: PeerWelcome): BalsaError | null {
    const { clusterId } = this.#context.identity
    if (welcome.clusterId !== clusterId) {
      return new BalsaError(
        'CLUSTER_MISMATCH',
        `${this.#address} belongs to cluster ${welcome.clusterId}, this node to cluster ${clusterId}`,
      )
    }
    if (welcome.memberId !== this.#peer) {
      return new BalsaError(
        'IDENTITY_MISMATCH',
        `member ${welcome.memberId} answers at ${this.#address}, expected was member ${this.#peer}`,
      )
    }
    if (commonVersion(PEER_PROTOCOL, { min: welcome.protocol, max: welcome.protocol }) === null) {
      return new BalsaError(
        'VERSION_MISMATCH',
        `member ${this.#peer} wants protocol ${welcome.protocol}, this node speaks ${PEER_PROTOCOL.min} to ${PEER_PROTOCOL.max}`,
      )
    }
    return null
  }

  #refused(by: 'us' | 'peer', error: BalsaError): void {
    this.#context.report({ type: 'refused', by, direction: 'outgoing', peer: this.#peer, remote: this.#address, error })
    // Unknown there, or no room: that may pass by itself. The rest needs a person.
    const passing = error.code === 'UNAVAILABLE' || error.code === 'OVERLOADED'
    this.#fail(error.message, passing ? 'soon' : 'late')
  }

  #open(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#state = 'open'
    this.#malformed = 0
    this.#openedAtMs = this.#context.clock.now()
    this.#onUp(true)
    this.#flush()
  }

  /** Ends this attempt or connection and plans the next one. What was queued is lost: it would be stale by then. */
  #fail(reason: string, retry: Retry): void {
    if (this.#state === 'closed') return
    const { clock, limits, random, statistics } = this.#context
    const wasOpen = this.#state === 'open'
    if (wasOpen && clock.now() - this.#openedAtMs >= STABLE_MS) this.#failures = 0
    this.#release()
    const backoffMs =
      retry === 'late' ? limits.refusedBackoffMs : Math.min(limits.maxBackoffMs, limits.minBackoffMs * 2 ** Math.min(this.#failures, 30))
    // Jitter, so that members that lost the same peer do not come back in the same moment.
    const retryInMs = backoffMs * (0.5 + random.next() / 2)
    this.#failures += 1
    this.#retry = retry
    this.#state = 'waiting'
    statistics.dropped += this.#queue.clear()
    this.#timer = clock.setTimer(retryInMs, () => this.#endWaiting())
    this.#context.report({ type: 'disconnected', peer: this.#peer, lane: this.#lane, remote: this.#address, reason, retryInMs })
    if (wasOpen) this.#onUp(false)
  }

  #endWaiting(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#state = 'idle'
    if (this.#eager || this.#queue.length > 0) this.#dial()
  }

  #release(): void {
    this.#attempt += 1
    this.#timer?.cancel()
    this.#watch?.cancel()
    this.#timer = null
    this.#watch = null
    this.#pingUnderWay = false
    this.#pingedAtMs = Number.NEGATIVE_INFINITY
    this.#decoder = null
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }

  /** All messages of one turn leave in one write: the flush runs when the code that sends has come to its end. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    queueMicrotask(() => {
      this.#flushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const socket = this.#socket
    if (socket === null || this.#state !== 'open') return
    // While the network is slower than we are, messages wait in the queue, where its limit holds.
    while (this.#queue.length > 0 && !socket.writableNeedDrain && !socket.destroyed) this.#writeBatch(socket)
    if (socket.writableNeedDrain && this.#watch === null) this.#watchForLife()
  }

  #writeBatch(socket: Socket): void {
    const { crc32, statistics } = this.#context
    const writer = new ByteWriter(Math.min(this.#queue.bytes, MAX_FIRST_BUFFER_BYTES) + FRAME_OVERHEAD_BYTES)
    const pieces: Uint8Array[] = []
    let bytes = 0
    while (bytes < MAX_BATCH_BYTES) {
      const message = this.#queue.shift()
      if (message === undefined) break
      bytes += message.length + FRAME_OVERHEAD_BYTES
      statistics.sent += 1
      if (message.length <= COPY_LIMIT_BYTES) {
        writeFrame(writer, PeerFrame.message, message, crc32)
      } else {
        if (writer.length > 0) pieces.push(writer.detach())
        pieces.push(frameHead(PeerFrame.message, message, crc32), message)
      }
    }
    if (this.#pingIsDue()) writeFrame(writer, PeerFrame.ping, NOTHING, crc32)
    if (writer.length > 0) pieces.push(writer.detach())
    statistics.sentBytes += bytes
    statistics.writes += 1
    if (pieces.length > 1) socket.cork()
    for (const piece of pieces) socket.write(piece)
    if (pieces.length > 1) socket.uncork()
  }

  #pingIsDue(): boolean {
    const nowMs = this.#context.clock.now()
    if (this.#pingUnderWay || nowMs - this.#pingedAtMs < PING_INTERVAL_MS) return false
    this.#pingUnderWay = true
    this.#pingedAtMs = nowMs
    this.#watchForLife()
    return true
  }

  #receivePong(body: Uint8Array): void {
    if (body.length !== 1 || body[0] !== PeerFrame.pong)
      throw new BalsaError('MALFORMED', `malformed frame: type ${body[0]} from the accepting side`)
    this.#pingUnderWay = false
    this.#watchForLife()
  }

  #onDrain(): void {
    this.#watchForLife()
    this.#flush()
  }

  /** Anything that moved proves life; from now on the peer has the whole time again, if there is something to wait for. */
  #watchForLife(): void {
    const { clock, limits } = this.#context
    this.#watch?.cancel()
    this.#watch = null
    if (!this.#pingUnderWay && this.#socket?.writableNeedDrain !== true) return
    const watch = clock.setTimer(limits.livenessTimeoutMs, () => {
      // When it was this process that stood still, the answer has arrived long ago and only waits to be read.
      clock.defer(() => this.#watch === watch && this.#fail(`no sign of life for ${limits.livenessTimeoutMs} ms`, 'soon'))
    })
    this.#watch = watch
  }
}

const NOTHING = new Uint8Array(0)

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
