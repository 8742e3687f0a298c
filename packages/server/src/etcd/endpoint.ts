/** Calls of the API as what answers them sees them: messages in, messages out, whether they come over gRPC or as JSON over HTTP/1.1. */
import { BalsaError } from '@balsa/raft'
import type { Method, MethodTable, ServerCall, StreamingCall } from '../grpc/method.js'
import { GrpcCode, GrpcError } from '../grpc/status.js'
import type { MessageType, MethodType } from '@balsa/proto'

/** The client of one call. */
export interface Caller {
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
  readonly cancelled: GrpcError | null
  onCancelled(callback: (reason: GrpcError) => void): void
  /** Of the request; names are lower case. */
  header(name: string): string | undefined
}

/** Where the messages of a stream go. */
export interface Sink<Init> extends Caller {
  /** False: some of it waits for the client; go on after `writable`. */
  send(message: Init): boolean
  /** Resolves when nothing waits for the client any more. Rejects when it has gone. */
  writable(): Promise<void>
  readonly queuedBytes: number
}

export interface UnaryEndpoint<Request = object, Init = object> {
  readonly kind: 'unary'
  readonly method: MethodType
  readonly handle: (request: Request, caller: Caller) => Init | Promise<Init>
}

export interface ServerStreamEndpoint<Request = object, Init = object> {
  readonly kind: 'serverStreaming'
  readonly method: MethodType
  readonly handle: (request: Request, sink: Sink<Init>) => Promise<void>
}

export interface BidiEndpoint<Request = object, Init = object> {
  readonly kind: 'bidi'
  readonly method: MethodType
  readonly handle: (requests: AsyncIterable<Request>, sink: Sink<Init>) => Promise<void>
}

export type Endpoint = UnaryEndpoint | ServerStreamEndpoint | BidiEndpoint

interface TypedMethod<Request extends object, Init extends object> {
  readonly request: { decode(bytes: Uint8Array): Request }
  readonly response: { encode(message: Init): Uint8Array }
}

/** An endpoint whose messages are those of the method. */
export const unary = <Request extends object, Init extends object>(
  method: TypedMethod<Request, Init>,
  handle: (request: Request, caller: Caller) => Init | Promise<Init>,
): Endpoint => ({ kind: 'unary', method: method as unknown as MethodType, handle: handle as UnaryEndpoint['handle'] })

export const serverStream = <Request extends object, Init extends object>(
  method: TypedMethod<Request, Init>,
  handle: (request: Request, sink: Sink<Init>) => Promise<void>,
): Endpoint => ({ kind: 'serverStreaming', method: method as unknown as MethodType, handle: handle as ServerStreamEndpoint['handle'] })

export const bidi = <Request extends object, Init extends object>(
  method: TypedMethod<Request, Init>,
  handle: (requests: AsyncIterable<Request>, sink: Sink<Init>) => Promise<void>,
): Endpoint => ({ kind: 'bidi', method: method as unknown as MethodType, handle: handle as BidiEndpoint['handle'] })

function decode(type: MessageType, bytes: Uint8Array): object {
  try {
    return type.decode(bytes)
  } catch (error) {
    if (!(error instanceof BalsaError)) throw error
    throw new GrpcError(GrpcCode.INTERNAL, `grpc: error unmarshalling request: ${error.message}`)
  }
}

async function* decoded(type: MessageType, requests: AsyncIterable<Uint8Array>): AsyncGenerator<object, void, undefined> {
  for await (const bytes of requests) yield decode(type, bytes)
}

class GrpcCaller implements Caller {
  readonly #call: ServerCall

  constructor(call: ServerCall) {
    this.#call = call
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get cancelled(): GrpcError | null {
    return this.#call.cancelled
  }

  onCancelled(callback: (reason: GrpcError) => void): void {
    this.#call.onCancelled(callback)
  }

  header(name: string): string | undefined {
    return this.#call.metadata.get(name)
  }
}

class GrpcSink extends GrpcCaller implements Sink<object> {
  readonly #call: StreamingCall
  readonly #type: MessageType

  constructor(call: StreamingCall, type: MessageType) {
    super(call)
    this.#call = call
    this.#type = type
  }

  get queuedBytes(): number {
    return this.#call.queuedBytes
  }

  send(message: object): boolean {
    return this.#call.send(this.#type.encode(message))
  }

  writable(): Promise<void> {
    return this.#call.writable()
  }
}

/** The endpoint behind gRPC. */
export function grpcMethod(endpoint: Endpoint): Method {
  const { request, response } = endpoint.method
  switch (endpoint.kind) {
    case 'unary':
      return {
        kind: 'unaryMessage',
        handler: (bytes, call) => endpoint.handle(decode(request, bytes), new GrpcCaller(call)),
        encode: (message) => response.encode(message),
      }
    case 'serverStreaming':
      return {
        kind: 'serverStreaming',
        handler: (bytes, call) => endpoint.handle(decode(request, bytes), new GrpcSink(call, response)),
      }
    case 'bidi':
      return {
        kind: 'bidi',
        handler: (messages, call) => endpoint.handle(decoded(request, messages), new GrpcSink(call, response)),
      }
  }
}

export const grpcMethods = (endpoints: readonly Endpoint[]): MethodTable =>
  new Map(endpoints.map((endpoint) => [endpoint.method.path, grpcMethod(endpoint)]))
