import { ServerConnection } from '@balsa/client'
import type { AdminAnswer, AdminRequest, CommandResult, StoreAnswer } from '@balsa/kv'
import { BalsaError, type Clock, type Crc32, type Dialer, type Timer } from '@balsa/raft'

export interface LeaderLinkOptions {
  readonly dialer: Dialer
  readonly clock: Clock
  readonly crc32: Crc32
  /** Members of another cluster are never written to. */
  readonly clusterId: number
}

export interface WriteOptions {
  /** Absolute, on the scale of the clock. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal
}

const CONNECT_TIMEOUT_MS = 2000
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024

interface Link {
  readonly connection: ServerConnection
  /** Writes without an answer. */
  waiting: number
}

/** How a member that does not lead hands writes to the one that does: as its client. */
export class LeaderLink {
  readonly #options: LeaderLinkOptions
  /** To whoever led last. */
  #current: Link | null = null
  /** Also those to earlier leaders that have not answered everything. */
  readonly #links = new Set<Link>()
  #closed = false

  constructor(options: LeaderLinkOptions) {
    this.#options = options
  }

  /**
   * One attempt to have the member at `address` execute an encoded command. Refused: what that member refuses (NOT_LEADER and so on), UNAVAILABLE,
   * CLUSTER_MISMATCH, DEADLINE, ABORTED, STOPPED. Unknown: OUTCOME_UNKNOWN, LEADERSHIP_LOST.
   */
  write(address: string, command: Uint8Array, options: WriteOptions): Promise<CommandResult> {
    return this.#ask(address, { type: 'write', command }, options, (answer) => (answer.type === 'result' ? answer.result : null))
  }

  /** The same for what an operator asks. */
  admin(address: string, admin: AdminRequest, options: WriteOptions): Promise<AdminAnswer> {
    return this.#ask(address, { type: 'admin', admin }, options, (answer) => (answer.type === 'admin' ? answer.admin : null))
  }

  #ask<Result>(
    address: string,
    request: { readonly type: 'write'; readonly command: Uint8Array } | { readonly type: 'admin'; readonly admin: AdminRequest },
    { deadlineMs, signal }: WriteOptions,
    resultOf: (answer: StoreAnswer) => Result | null,
  ): Promise<Result> {
    if (this.#closed) return Promise.reject(new BalsaError('STOPPED', 'this member is stopping'))
    const { clock } = this.#options
    const link = this.#to(address)
    link.waiting += 1
    return new Promise((resolve, reject) => {
      let timer: Timer | null = null
      const end = (): void => {
        timer?.cancel()
        signal?.removeEventListener('abort', abort)
        link.waiting -= 1
        this.#closeUnused(link)
      }
      const sent = link.connection.request(request, {
        onAnswer: (answer) => {
          end()
          const result = resultOf(answer)
          if (result !== null) resolve(result)
          else reject(new BalsaError('OUTCOME_UNKNOWN', `the leader answered a ${request.type} with ${answer.type}`))
        },
        onError: (error) => {
          end()
          reject(error)
        },
      })
      const giveUp = (code: 'DEADLINE' | 'ABORTED', why: string, cause?: unknown): void => {
        const unsent = sent.cancel()
        end()
        const text = unsent ? `${why} before the write left` : `${why} before the leader answered`
        reject(new BalsaError(unsent ? code : 'OUTCOME_UNKNOWN', text, { cause }))
      }
      const abort = (): void => giveUp('ABORTED', 'the call was aborted', signal?.reason)
      timer = clock.setTimer(deadlineMs - clock.now(), () => giveUp('DEADLINE', 'the time was over'))
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  close(): void {
    this.#closed = true
    for (const { connection } of [...this.#links]) connection.close('this member is stopping')
  }

  #to(address: string): Link {
    const before = this.#current
    if (before?.connection.endpoint === address && before.connection.usable) return before
    const { dialer, clock, crc32, clusterId } = this.#options
    const connection = new ServerConnection({
      endpoint: address,
      dialer,
      clock,
      crc32,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      maxBufferedBytes: MAX_BUFFERED_BYTES,
      onWelcome: (welcome) => {
        if (welcome.clusterId !== clusterId) throw new BalsaError('CLUSTER_MISMATCH', `${address} belongs to cluster ${welcome.clusterId}`)
      },
      onClosed: () => {
        this.#links.delete(link)
        if (this.#current === link) this.#current = null
      },
    })
    const link: Link = { connection, waiting: 0 }
    this.#links.add(link)
    this.#current = link
    if (before !== null) this.#closeUnused(before)
    return link
  }

  #closeUnused(link: Link): void {
    if (link !== this.#current && link.waiting === 0) link.connection.close('another member leads')
  }
}
