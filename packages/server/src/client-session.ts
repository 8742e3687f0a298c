import type { Socket } from 'node:net'
import {
  CLIENT_PROTOCOL,
  type DecodedRequest,
  decodeRequest,
  requestIdOf,
  type ServerResponse,
  type WatchService,
  WatchStreams,
  type Welcome,
  wireError,
  writeResponse,
} from '@balsa/kv'
import { BalsaError, ByteWriter, CLIENT_MAGIC, type Clock, commonVersion, type Crc32, FrameDecoder } from '@balsa/raft'
import type { ClientLimits } from './client-limits.js'
import type { CutReason, MemberMetrics, Outcome, RequestKind } from './metrics/member-metrics.js'

/** A request as the member answers it: everything but the handshake. */
export type MemberRequest = Exclude<DecodedRequest, { readonly type: 'hello' | WatchFrame }>
type WatchFrame = 'watch' | 'credit' | 'cancel'
export type MemberAnswer = Exclude<ServerResponse, { readonly type: 'welcome' | 'events' }>

export interface MemberWatches extends WatchService {
  /** Without a leader for long, the state of this member goes on getting older, and nobody who watches it would notice. */
  hasLeader(): boolean
}

/** The member behind the port. */
export interface RequestHandler {
  readonly watching: MemberWatches
  greeting(): Pick<Welcome, 'clusterId' | 'memberId' | 'leaderAddress'>
  /** Calls `answer` exactly once, now or later; every request ends by its deadline. */
  handle(request: MemberRequest, answer: (answer: MemberAnswer) => void): void
}

/** What the sessions of one port share. */
export interface SessionHost {
  readonly clock: Clock
  readonly crc32: Crc32
  readonly limits: ClientLimits
  readonly metrics: MemberMetrics
  readonly handler: RequestHandler
  /** Requests without an answer, on all connections. */
  inFlight: number
  /** Bytes of partial frames, on all connections. */
  partialBytes: number
  /** No new requests are taken. */
  readonly draining: boolean
  /** The session has something to send at the end of this turn. */
  needsFlush(session: ClientSession): void
  cut(session: ClientSession, reason: CutReason, detail: string): void
}

/** A hello is a few bytes: until it came, nobody may make the server hold more. */
const MAX_HELLO_BYTES = 256
/** Above this a buffer is given away with its content instead of being kept for the next answers. */
const KEPT_BUFFER_BYTES = 64 * 1024

export function requestKind(request: MemberRequest): RequestKind {
  if (request.type === 'get') return request.consistency === 'stale' ? 'getStale' : 'get'
  if (request.type === 'status' || request.type === 'admin') return request.type
  if (request.type === 'query') return request.query.type
  const { type } = request.parsed
  return type === 'openSession' || type === 'closeSession' || type === 'keepAlive' ? 'session' : 'write'
}

const outcomeOf = (answer: MemberAnswer): Outcome => {
  if (answer.type === 'error') return answer.error.family
  return answer.type === 'result' && answer.result.type === 'refused' ? 'refused' : 'ok'
}

/** One connection that speaks the Balsa client protocol: frames in, requests to the member, answers out in one write per turn. */
export class ClientSession {
  readonly socket: Socket
  readonly #host: SessionHost
  readonly #decoder: FrameDecoder
  readonly #writer = new ByteWriter(1024)
  readonly #openedMs: number
  readonly #streams: WatchStreams
  #welcomed = false
  #closed = false
  #ending = false
  #inFlight = 0
  #partialBytes = 0
  #partialSinceMs: number | null = null
  #lastRequestMs: number
  /** Since when answers wait without any progress, and how much waited then. */
  #stuckSinceMs: number | null = null
  #stuckBytes = 0
  /** True while answers are collected and their write is scheduled. */
  flushScheduled = false

  constructor(socket: Socket, host: SessionHost, openedMs: number) {
    this.socket = socket
    this.#host = host
    this.#openedMs = openedMs
    this.#lastRequestMs = openedMs
    this.#decoder = new FrameDecoder({ crc32: host.crc32, maxBodyBytes: MAX_HELLO_BYTES, magic: CLIENT_MAGIC })
    const connection = {
      send: (response: ServerResponse) => this.#send(response),
      writable: () => !this.#closed && this.#queuedBytes < host.limits.pauseAboveBytes,
      now: () => host.clock.now(),
    }
    this.#streams = new WatchStreams(host.handler.watching, connection, host.limits.maxWatchesPerConnection)
    // Leaves with the first answer.
    this.#writer.raw(CLIENT_MAGIC)
    socket.on('data', (data: Uint8Array) => this.receive(data))
    socket.on('drain', () => this.#resume())
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#gone())
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get watches(): number {
    return this.#streams.size
  }

  /** Their clients go on elsewhere. */
  endWatches(error: BalsaError): void {
    this.#streams.end(error)
  }

  receive(data: Uint8Array): void {
    if (this.#closed) return
    this.#host.metrics.clientBytesReceived.increment({}, data.length)
    try {
      this.#decoder.push(data)
      for (let body = this.#decoder.next(); body !== null && !this.#closed; body = this.#decoder.next()) this.#frame(body)
    } catch (error) {
      this.#protocolError(error, 0)
    }
    if (!this.#closed) this.#countPartial(data.length)
  }

  #countPartial(arrived: number): void {
    const { limits, clock } = this.#host
    const bytes = this.#decoder.bufferedBytes
    this.#host.partialBytes += bytes - this.#partialBytes
    // Bytes that only add to a frame do not begin its time anew.
    if (bytes === 0) this.#partialSinceMs = null
    else if (this.#partialSinceMs === null || bytes <= arrived) this.#partialSinceMs = clock.now()
    this.#partialBytes = bytes
    if (this.#host.partialBytes > limits.maxPartialBytes)
      this.#host.cut(this, 'memory', 'partial frames of all connections take too much memory')
  }

  #frame(body: Uint8Array): void {
    let request: DecodedRequest
    try {
      request = decodeRequest(body)
    } catch (error) {
      this.#undecodable(error, body)
      return
    }
    if (request.type === 'hello') this.#hello(request.protocol)
    else if (!this.#welcomed) throw new BalsaError('MALFORMED', 'the first frame must be a hello')
    else if (request.type === 'watch') this.#watch(request)
    else if (request.type === 'credit') this.#streams.credit(request.id, request.bytes)
    else if (request.type === 'cancel') this.#streams.cancel(request.id)
    else this.#request(request)
  }

  #undecodable(error: unknown, body: Uint8Array): void {
    const known = error instanceof BalsaError && this.#welcomed
    // A command of a newer version is not broken: the connection can go on.
    if (known && error.code === 'VERSION_MISMATCH') this.#send({ type: 'error', id: requestIdOf(body), error: wireError(error) })
    else this.#protocolError(error, this.#welcomed ? requestIdOf(body) : 0)
  }

  #hello(theirs: { readonly min: number; readonly max: number }): void {
    if (this.#welcomed) throw new BalsaError('MALFORMED', 'a second hello')
    const protocol = commonVersion(CLIENT_PROTOCOL, theirs)
    if (protocol === null) {
      const text = `this member speaks versions ${CLIENT_PROTOCOL.min} to ${CLIENT_PROTOCOL.max} of the client protocol, the client ${theirs.min} to ${theirs.max}`
      this.#protocolError(new BalsaError('VERSION_MISMATCH', text), 0)
      return
    }
    this.#welcomed = true
    const { maxFrameBytes, maxInFlightPerConnection } = this.#host.limits
    this.#decoder.maxBodyBytes = maxFrameBytes
    const welcome: Welcome = { ...this.#host.handler.greeting(), protocol, maxFrameBytes, maxInFlight: maxInFlightPerConnection }
    this.#send({ type: 'welcome', welcome })
  }

  #watch({ id, watch, credit }: DecodedRequest & { readonly type: 'watch' }): void {
    const { draining, clock } = this.#host
    this.#lastRequestMs = clock.now()
    if (this.#streams.has(id)) throw new BalsaError('MALFORMED', `watch ${id} is under way already`)
    if (!draining) return this.#streams.open(id, watch, credit)
    const error = wireError(new BalsaError('STOPPED', 'this member is stopping', { hint: 'Ask another member.' }))
    this.#send({ type: 'error', id, error })
  }

  #request(request: MemberRequest): void {
    const host = this.#host
    const kind = requestKind(request)
    const startMs = host.clock.now()
    this.#lastRequestMs = startMs
    this.#inFlight++
    host.inFlight++
    let answered = false
    const answer = (response: MemberAnswer): void => {
      if (answered) return
      answered = true
      this.#inFlight--
      host.inFlight--
      host.metrics.requests.increment({ type: kind, outcome: outcomeOf(response) })
      host.metrics.requestDuration.observe((host.clock.now() - startMs) / 1000)
      if (this.#closed) return
      this.#send(this.#bounded(response))
      if (this.#ending && this.#inFlight === 0) this.end()
    }
    const refusal = this.#refusal()
    if (refusal === null) host.handler.handle(request, answer)
    else answer({ type: 'error', id: request.id, error: wireError(refusal) })
  }

  #refusal(): BalsaError | null {
    const { limits, inFlight, draining } = this.#host
    if (draining) return new BalsaError('STOPPED', 'this member is stopping', { hint: 'Ask another member.' })
    if (this.#inFlight > limits.maxInFlightPerConnection) {
      return new BalsaError('OVERLOADED', `more than ${limits.maxInFlightPerConnection} requests wait on this connection`)
    }
    if (inFlight > limits.maxInFlight) return new BalsaError('OVERLOADED', `more than ${limits.maxInFlight} requests wait at this member`)
    return null
  }

  /** A value that a slow reader would make the server keep is refused instead; answers to writes are small and never held back. */
  #bounded(response: MemberAnswer): MemberAnswer {
    if ((response.type !== 'value' && response.type !== 'answer') || this.#queuedBytes <= this.#host.limits.maxQueuedBytes) return response
    const error = new BalsaError('OVERLOADED', 'answers wait for this connection to read them', {
      hint: 'Read answers while sending requests.',
    })
    return { type: 'error', id: response.id, error: wireError(error) }
  }

  get #queuedBytes(): number {
    return this.socket.writableLength + this.#writer.length
  }

  #send(response: ServerResponse): void {
    writeResponse(this.#writer, response, this.#host.crc32)
    if (this.flushScheduled) return
    this.flushScheduled = true
    this.#host.needsFlush(this)
  }

  /** Everything that was answered in this turn, in one write. */
  flush(): void {
    this.flushScheduled = false
    if (this.#closed || this.#writer.length === 0) return
    const bytes = this.#writer.length > KEPT_BUFFER_BYTES ? this.#writer.detach() : this.#writer.take()
    this.#host.metrics.clientBytesSent.increment({}, bytes.length)
    this.socket.write(bytes)
    if (this.socket.writableLength > this.#host.limits.pauseAboveBytes) this.socket.pause()
    else this.#streams.resume()
  }

  #resume(): void {
    this.#stuckSinceMs = null
    if (this.#closed) return
    if (this.socket.isPaused()) this.socket.resume()
    this.#streams.resume()
  }

  /** Says what was wrong, then ends the connection: nothing that follows can be trusted. */
  #protocolError(error: unknown, id: number): void {
    if (!(error instanceof BalsaError) || error.family !== 'refused') throw error
    this.#send({ type: 'error', id, error: wireError(error) })
    this.flush()
    this.#host.cut(this, error.code === 'VERSION_MISMATCH' ? 'version' : 'malformed', error.message)
  }

  /** Cuts the connection when it is over one of its times. */
  sweep(nowMs: number): void {
    if (this.#closed) return
    const { limits } = this.#host
    const cut = (reason: CutReason, detail: string): void => this.#host.cut(this, reason, detail)
    if (!this.#welcomed && nowMs - this.#openedMs >= limits.handshakeTimeoutMs) return cut('handshakeTimeout', 'no handshake in time')
    if (this.#partialSinceMs !== null && nowMs - this.#partialSinceMs >= limits.frameTimeoutMs && !this.socket.isPaused()) {
      return cut('frameTimeout', 'a frame did not become whole in time')
    }
    if (this.#isStuck(nowMs)) return cut('slowReader', `${this.socket.writableLength} bytes of answers were not read in time`)
    this.#streams.progress()
    if (this.#inFlight + this.#streams.size === 0 && nowMs - this.#lastRequestMs >= limits.idleTimeoutMs)
      cut('idle', 'no request for a long time')
  }

  #isStuck(nowMs: number): boolean {
    const waiting = this.socket.writableLength
    if (waiting === 0 || this.#stuckSinceMs === null || waiting < this.#stuckBytes) {
      this.#stuckSinceMs = waiting === 0 ? null : nowMs
      this.#stuckBytes = waiting
      return false
    }
    this.#stuckBytes = waiting
    return nowMs - this.#stuckSinceMs >= this.#host.limits.slowReaderTimeoutMs
  }

  /** The other side sends nothing more; what it asked for is still answered. */
  #ended(): void {
    this.#ending = true
    if (this.#inFlight === 0) this.end()
  }

  /** Sends what is left and closes. */
  end(): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    this.socket.end()
    this.socket.destroySoon()
  }

  destroy(): void {
    this.#closed = true
    this.socket.destroy()
  }

  #gone(): void {
    this.#closed = true
    this.#streams.close()
    this.#host.partialBytes -= this.#partialBytes
    this.#partialBytes = 0
  }
}
