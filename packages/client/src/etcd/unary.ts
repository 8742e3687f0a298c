import type { BalsaError } from '@balsa/raft'
import type { GrpcCallOptions } from '../grpc/grpc-call.js'
import type { GrpcChannel } from '../grpc/grpc-channel.js'
import { GrpcCode } from '@balsa/proto/grpc-code'
import { errorOfAnswer, errorOfStatus, isRetryable } from './errors.js'

/** A method of a service table of `@balsa/proto`. */
export interface RpcMethod<Request extends object, Response extends object> {
  readonly name: string
  readonly path: string
  readonly clientStreaming: boolean
  readonly request: { encode(message: Request): Uint8Array }
  readonly response: { decode(bytes: Uint8Array): Response }
}

export interface UnaryHandlers<Response> {
  onAnswer(answer: Response): void
  /** `retryAfterMs` null = it would fail again. */
  onError(error: BalsaError, retryAfterMs: number | null): void
}

export interface UnaryAttempt {
  readonly endpoint: string
  /** Nobody listens any more. True = it has not left and never will. */
  cancel(): boolean
  /** See ChannelCall. */
  silent(): number
}

/** Node.js may drop what nobody has read yet when a connection ends: then its loss is all that is known, and a read is asked again. */
const NO_MESSAGE = { code: GrpcCode.UNAVAILABLE, message: 'an answer without its message', unprocessed: false }

/** One message out, one back: one attempt. `changes`: its outcome can be unknown. At most one handler is called, once, never before this returns. */
export function attemptUnary<Request extends object, Response extends object>(
  channel: GrpcChannel,
  method: RpcMethod<Request, Response>,
  request: Request,
  changes: boolean,
  options: GrpcCallOptions,
  handlers: UnaryHandlers<Response>,
): UnaryAttempt {
  let answer: Uint8Array | null = null
  const fail = (error: BalsaError): void => handlers.onError(error, retryAfter(channel, sent.endpoint, error))
  const sent = channel.call(method.path, options, {
    onMessage: (message) => {
      answer ??= message
    },
    onEnd: (status) => {
      if (status.code !== GrpcCode.OK) return fail(errorOfStatus(status, sent.endpoint, changes))
      let decoded: Response
      try {
        if (answer === null) return fail(errorOfStatus(NO_MESSAGE, sent.endpoint, changes))
        decoded = method.response.decode(answer)
      } catch (error) {
        return fail(errorOfAnswer(error, sent.endpoint, changes))
      }
      handlers.onAnswer(decoded)
    },
  })
  sent.call.send(method.request.encode(request), true)
  return { endpoint: sent.endpoint, cancel: () => sent.call.cancel(), silent: () => sent.silent() }
}

/** Ms after which another attempt makes sense; null = never. */
export function retryAfter(channel: GrpcChannel, endpoint: string, error: BalsaError): number | null {
  if (channel.closed || !isRetryable(error)) return null
  return error.code === 'OVERLOADED' ? channel.later() : channel.failed(endpoint)
}
