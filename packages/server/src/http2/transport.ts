import type { Socket } from 'node:net'
import type { Clock, Timer } from '@balsa/raft'
import type { Http2Connection } from './connection.js'

export interface TransportLimits {
  /** Responses that wait for the client above which its requests are no longer read. */
  readonly pauseAboveBytes: number
  /** A client that takes nothing for so long, although output waits, is cut. */
  readonly slowReaderTimeoutMs: number
  /** How long a client may take to take over the last words. */
  readonly lingerMs: number
}

export interface TransportEvents {
  /** There is something to send at the end of this turn. */
  needsFlush(transport: Http2Transport): void
  /** The socket is closed. Called once. */
  closed(transport: Http2Transport): void
}

/** Joins a connection to its socket (net or tls): one write per turn, a full socket stops the streams, a client that does not read is not read either. */
export class Http2Transport {
  readonly connection: Http2Connection
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #limits: TransportLimits
  readonly #events: TransportEvents
  #flushScheduled = false
  #blocked = false
  /** Since when the socket has taken nothing, and what it held then. */
  #stuckSinceMs: number | null = null
  #stuckBytes = 0
  #ended = false
  #linger: Timer | null = null

  constructor(socket: Socket, connection: Http2Connection, clock: Clock, limits: TransportLimits, events: TransportEvents) {
    this.#socket = socket
    this.connection = connection
    this.#clock = clock
    this.#limits = limits
    this.#events = events
    socket.on('data', (chunk: Buffer) => this.receive(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('end', () => this.#peerEnded())
    // What happens to a connection is no reason to end the process; the close event follows.
    socket.on('error', () => {})
    socket.once('close', () => this.#closed())
  }

  receive(chunk: Buffer): void {
    this.connection.receive(chunk, this.#clock.now())
    this.#afterInput()
  }

  tick(nowMs: number): void {
    this.connection.tick(nowMs)
    this.#afterInput()
    this.#checkProgress(nowMs)
  }

  /** Asks for a write at the end of this turn, because something was put into the connection from outside. */
  touch(): void {
    if (this.#flushScheduled || (this.connection.output.length === 0 && !this.connection.ended)) return
    this.#flushScheduled = true
    this.#events.needsFlush(this)
  }

  flush(): void {
    this.#flushScheduled = false
    const { connection } = this
    const socket = this.#socket
    if (!this.#blocked && connection.output.length > 0) {
      const free = socket.write(connection.output.view())
      // Everything went to the kernel at once: nobody holds the memory any more.
      if (socket.writableLength === 0) connection.output.rewind()
      else connection.output.giveAway()
      if (!free) this.#block()
      else if (connection.hasMore) this.#clock.defer(() => this.#continue())
    }
    if (connection.ended) this.#end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #afterInput(): void {
    const { connection } = this
    this.touch()
    if (this.#blocked && !this.#socket.isPaused() && connection.queuedBytes + this.#socket.writableLength > this.#limits.pauseAboveBytes)
      this.#socket.pause()
  }

  #continue(): void {
    this.connection.pump()
    this.touch()
  }

  #block(): void {
    this.#blocked = true
    this.connection.setBlocked(true)
  }

  #drained(): void {
    this.#blocked = false
    this.#stuckSinceMs = null
    this.connection.setBlocked(false)
    if (this.#socket.isPaused()) this.#socket.resume()
    this.touch()
  }

  #checkProgress(nowMs: number): void {
    const { writableLength } = this.#socket
    if (writableLength === 0) this.#stuckSinceMs = null
    else if (this.#stuckSinceMs === null || writableLength !== this.#stuckBytes) {
      this.#stuckSinceMs = nowMs
      this.#stuckBytes = writableLength
    } else if (nowMs - this.#stuckSinceMs >= this.#limits.slowReaderTimeoutMs) this.#socket.destroy()
  }

  /** The client closed its side: HTTP/2 has no half-closed connections. */
  #peerEnded(): void {
    this.connection.lost()
    this.touch()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#socket.end()
    // Read on and thrown away: unread input would make the kernel drop the last words.
    this.#socket.resume()
    this.#linger = this.#clock.setTimer(this.#limits.lingerMs, () => this.#socket.destroy())
  }

  #closed(): void {
    this.#linger?.cancel()
    this.connection.lost()
    this.#events.closed(this)
  }
}
