import { BalsaError, type Clock } from '@balsa/raft'
import type { GrpcCall } from '../grpc/grpc-call.js'
import { GrpcChannel, type GrpcChannelOptions } from '../grpc/grpc-channel.js'
import { GrpcCode } from '@balsa/proto/grpc-code'
import type { HeaderFields } from '../grpc/http2.js'
import { errorOfAnswer, errorOfStatus } from './errors.js'
import { UnaryCall } from './unary-call.js'
import type { RpcMethod } from './unary.js'

export interface EtcdClientOptions extends GrpcChannelOptions {
  /** Most ms that a call takes, retries included. Default 10,000. */
  readonly deadlineMs?: number
}

export interface EtcdCallOptions {
  /** Ends the call: ABORTED (refused) when it has certainly no effect, else OUTCOME_UNKNOWN (unknown). */
  readonly signal?: AbortSignal
  readonly deadlineMs?: number
  /**
   * The request may be done twice without harm: then it is tried again, also elsewhere, when its outcome is not known. Others are tried again only when they have
   * certainly had no effect, and reads always.
   */
  readonly repeatable?: boolean
  readonly metadata?: HeaderFields
}

export interface EtcdStreamOptions {
  readonly signal?: AbortSignal
  readonly metadata?: HeaderFields
}

const DEFAULT_DEADLINE_MS = 10_000
/** Messages that may wait for whoever iterates; then the server is not read any more. */
const MAX_WAITING_MESSAGES = 4

const READS: ReadonlySet<string> = new Set([
  'Range',
  'MemberList',
  'Status',
  'Hash',
  'HashKV',
  'LeaseTimeToLive',
  'LeaseLeases',
  'LeaseKeepAlive',
  'AuthStatus',
  'Check',
])

/**
 * Calls of etcd's own interface, message by message as `@balsa/proto` has them, to a cluster of etcd or of Balsa. Moves to another endpoint when one fails. Errors are
 * BalsaErrors; see {@link EtcdCallOptions} for what is repeated.
 */
export class EtcdClient implements AsyncDisposable {
  readonly channel: GrpcChannel
  readonly #clock: Clock
  readonly #deadlineMs: number
  readonly #waiting = new Set<{ stop(): void }>()

  private constructor(channel: GrpcChannel, clock: Clock, deadlineMs: number) {
    this.channel = channel
    this.#clock = clock
    this.#deadlineMs = deadlineMs
  }

  /** Connects when it is first asked for something. INVALID (refused) without an endpoint. */
  static open(options: EtcdClientOptions): EtcdClient {
    return EtcdClient.over(new GrpcChannel(options), options)
  }

  /** The same over a channel that somebody else uses, too. */
  static over(
    channel: GrpcChannel,
    { clock, deadlineMs = DEFAULT_DEADLINE_MS }: Pick<EtcdClientOptions, 'clock' | 'deadlineMs'>,
  ): EtcdClient {
    return new EtcdClient(channel, clock, deadlineMs)
  }

  /** One message out, one back, such as `call(KVService.methods.Put, { key, value })`. */
  call<Request extends object, Response extends object>(
    method: RpcMethod<Request, Response>,
    request: Request,
    options: EtcdCallOptions = {},
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (this.channel.closed) throw new BalsaError('STOPPED', 'the client is closed')
      const { signal, metadata, deadlineMs = this.#deadlineMs } = options
      const rule = READS.has(method.name) ? 'read' : options.repeatable === true ? 'repeatable' : 'once'
      const onFinished = (finished: { stop(): void }): void => void this.#waiting.delete(finished)
      const given = { rule, deadlineMs, signal, onFinished, ...(metadata === undefined ? {} : { metadata }) } as const
      const call = new UnaryCall(this.channel, this.#clock, method, request, given, { resolve, reject })
      this.#waiting.add(call)
      call.begin()
    })
  }

  /**
   * One message out, many back, such as a snapshot, or a watch that is created by its first request. Not resumed: a broken stream rejects with UNAVAILABLE, and the
   * caller knows what came last. Whoever iterates slowly is sent no more than he takes.
   */
  stream<Request extends object, Response extends object>(
    method: RpcMethod<Request, Response>,
    request: Request,
    options: EtcdStreamOptions = {},
  ): AsyncIterable<Response> {
    return { [Symbol.asyncIterator]: () => this.#iterate(method, request, options) }
  }

  async *#iterate<Request extends object, Response extends object>(
    method: RpcMethod<Request, Response>,
    request: Request,
    { signal, metadata }: EtcdStreamOptions,
  ): AsyncGenerator<Response, void, undefined> {
    const waiting: Uint8Array[] = []
    let ended: { readonly error: BalsaError | null } | null = null
    let wake = (): void => undefined
    const end = (error: BalsaError | null): void => {
      ended ??= { error }
      wake()
    }
    /** What waits is not wanted any more. */
    const giveUp = (error: BalsaError): void => {
      waiting.length = 0
      end(error)
    }
    const onAbort = (): void => giveUp(new BalsaError('ABORTED', 'the stream was aborted', { cause: signal?.reason }))
    const waiter = { stop: (): void => giveUp(new BalsaError('STOPPED', 'the client was closed')) }
    const sent = this.channel.call(method.path, metadata === undefined ? {} : { metadata }, {
      onMessage: (message) => {
        waiting.push(message)
        if (waiting.length >= MAX_WAITING_MESSAGES) call.pause()
        wake()
      },
      onEnd: (status) => {
        if (status.code === GrpcCode.OK) return end(null)
        const error = errorOfStatus(status, sent.endpoint, false)
        if (error.code === 'UNAVAILABLE' || error.code === 'NO_LEADER') this.channel.failed(sent.endpoint)
        end(error)
      },
    })
    const call: GrpcCall = sent.call
    call.send(method.request.encode(request), !method.clientStreaming)
    signal?.addEventListener('abort', onAbort)
    this.#waiting.add(waiter)
    try {
      if (signal?.aborted === true) onAbort()
      for (;;) {
        const message = waiting.shift()
        if (message !== undefined) {
          if (waiting.length === 0) call.resume()
          yield decoded(method, message, sent.endpoint)
          continue
        }
        const outcome = ended as { readonly error: BalsaError | null } | null
        if (outcome?.error === null) return
        if (outcome !== null) throw outcome.error
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#waiting.delete(waiter)
      call.cancel()
    }
  }

  /** Ends waiting calls and streams (STOPPED or OUTCOME_UNKNOWN). May be called again. */
  async close(): Promise<void> {
    for (const waiter of [...this.#waiting]) waiter.stop()
    this.channel.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function decoded<Response extends object>(method: RpcMethod<object, Response>, message: Uint8Array, endpoint: string): Response {
  try {
    return method.response.decode(message)
  } catch (error) {
    throw errorOfAnswer(error, endpoint, false)
  }
}
