import { BalsaError, type Random, type Timer } from '@balsa/raft'
import { encodeCommand } from '../command.js'
import { CLIENT_NONCE_BYTES } from '../limits.js'
import type { CallOptions } from '../key-value-store.js'
import type { CommandResult } from '../result.js'
import type { StoreAnswer } from './backend.js'
import { Call, type CallEnvironment, type CallOwner } from './call.js'
import { ClientSession } from './client-session.js'

export interface SessionKeeperHandlers {
  onOpen(): void
  /** No session can be opened: for good, not only now. */
  onFailed(error: BalsaError): void
}

/** Keep-alives leave when no write was answered for a third of the ttl, so that two may be lost. */
const KEEP_ALIVE_FRACTION = 3
const CLOSE_DEADLINE_MS = 1000

/** Opens a session when one is needed, keeps it alive and closes it. */
export class SessionKeeper {
  readonly #environment: CallEnvironment
  readonly #random: Random
  readonly #ttlMs: number
  readonly #handlers: SessionKeeperHandlers
  readonly #running = new Set<Call>()
  #session: ClientSession | null = null
  #opening: Call | null = null
  #keepAliveTimer: Timer | null = null

  constructor(environment: CallEnvironment, random: Random, ttlMs: number, handlers: SessionKeeperHandlers) {
    this.#environment = environment
    this.#random = random
    this.#ttlMs = ttlMs
    this.#handlers = handlers
  }

  /** The open session, or null: then one is being opened. */
  need(): ClientSession | null {
    if (this.#session !== null) return this.#session
    if (this.#opening === null) this.#open()
    return null
  }

  /** Nobody waits for a session any more. */
  needNone(): void {
    this.#opening?.stop()
  }

  /** Why no session is open yet. */
  get lastError(): BalsaError | null {
    return this.#opening?.lastError ?? null
  }

  expired(session: ClientSession): void {
    session.alive = false
    if (this.#session !== session) return
    this.#session = null
    this.#keepAliveTimer?.cancel()
  }

  /** Closes the open session as well as it can within a second. */
  async close(): Promise<void> {
    this.#keepAliveTimer?.cancel()
    const session = this.#session
    this.#session = null
    for (const call of [...this.#running]) call.stop()
    if (session === null) return
    try {
      await new Promise<void>((resolve) => {
        const command = encodeCommand({ type: 'closeSession', session: session.id })
        this.#call(
          command,
          { deadlineMs: CLOSE_DEADLINE_MS },
          () => resolve(),
          () => resolve(),
        )
      })
    } finally {
      for (const call of [...this.#running]) call.stop()
    }
  }

  #open(): void {
    // The same for all attempts: the cluster answers a repetition with the same session.
    const clientNonce = new Uint8Array(CLIENT_NONCE_BYTES)
    for (let at = 0; at < clientNonce.length; at++) clientNonce[at] = Math.floor(this.#random.next() * 256)
    const command = encodeCommand({ type: 'openSession', ttlMs: this.#ttlMs, clientNonce })
    this.#opening = this.#call(
      command,
      { deadlineMs: Number.POSITIVE_INFINITY },
      (result) => this.#opened(result),
      (error) => {
        this.#opening = null
        this.#handlers.onFailed(error)
      },
    )
  }

  #opened(result: CommandResult): void {
    this.#opening = null
    if (result.type !== 'sessionOpened') {
      this.#handlers.onFailed(new BalsaError('MALFORMED', `openSession was answered with ${result.type}`))
      return
    }
    const session = new ClientSession(result.session, result.ttlMs)
    this.#session = session
    this.#armKeepAlive(session)
    this.#handlers.onOpen()
  }

  #armKeepAlive(session: ClientSession): void {
    this.#keepAliveTimer = this.#environment.clock.setTimer(session.ttlMs / KEEP_ALIVE_FRACTION, () => {
      if (this.#session !== session) return
      if (!session.used) this.#keepAlive(session)
      session.used = false
      this.#armKeepAlive(session)
    })
  }

  #keepAlive(session: ClientSession): void {
    const command = encodeCommand({ type: 'keepAlive', session: session.id })
    this.#call(
      command,
      { deadlineMs: session.ttlMs / KEEP_ALIVE_FRACTION },
      () => undefined,
      (error) => {
        if (error.code === 'SESSION_EXPIRED') this.expired(session)
        // Any other failure: the next keep-alive or write tries again, and an expiry is answered as such.
      },
    )
  }

  #call(command: Uint8Array, options: CallOptions, resolve: (result: CommandResult) => void, reject: (error: BalsaError) => void): Call {
    const owner: CallOwner = { finished: (call) => this.#running.delete(call), blockedBy: () => null, sessionExpired: () => undefined }
    const resolveResult = (answer: StoreAnswer): void => {
      if (answer.type === 'result') resolve(answer.result)
      else reject(new BalsaError('MALFORMED', `a command was answered with ${answer.type}`))
    }
    // Repeating a session's command changes nothing, so its outcome is never unknown.
    const call: Call = new Call(this.#environment, owner, false, options, resolveResult, reject)
    this.#running.add(call)
    call.begin({ type: 'write', command })
    return call
  }
}
