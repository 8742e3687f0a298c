import type { MetadataEntry, RequestMetadata } from './metadata.js'
import type { GrpcError } from './status.js'

/** A call as its handler sees it. */
export interface ServerCall {
  /** `/package.Service/Method`. */
  readonly path: string
  readonly metadata: RequestMetadata
  /** Address of the client, as the transport knows it. */
  readonly remoteAddress: string
  /** When the client stops waiting, by the server's clock, ms; null when it did not say. */
  readonly deadlineMs: number | null
  /** Why nobody waits for the answer any more (CANCELLED or DEADLINE_EXCEEDED); null while somebody does. */
  readonly cancelled: GrpcError | null
  /** Aborted when the call is cancelled or its deadline passes. */
  readonly signal: AbortSignal
  /** Called once when the call is cancelled or its deadline passes, never after its end; at once when that has happened already. */
  onCancelled(callback: (reason: GrpcError) => void): void
  /** Sends the response headers now, with these fields. Once, before any message. Throws TypeError on bad fields. */
  sendMetadata(entries: readonly MetadataEntry[]): void
  /** Fields that go with the status at the end. Throws TypeError on bad fields. */
  setTrailers(entries: readonly MetadataEntry[]): void
}

/** A call whose response is a stream. */
export interface StreamingCall extends ServerCall {
  /**
   * Sends a message, which must not be changed afterwards. False: some of it waits for the client; go on after `writable`. A handler that goes on regardless is
   * stopped at the server's limit: the call ends with RESOURCE_EXHAUSTED. Without effect after the end or a cancellation.
   */
  send(message: Uint8Array): boolean
  /** Resolves when nothing waits for the client any more. Rejects with `cancelled`. */
  writable(): Promise<void>
  /** What waits for the client, bytes. */
  readonly queuedBytes: number
}

/** As a unary method, whose answer becomes bytes in the step that sends it: one promise less for each call. */
export interface UnaryMessageMethod {
  readonly kind: 'unaryMessage'
  readonly handler: (request: Uint8Array, call: ServerCall) => object | Promise<object>
  readonly encode: (message: object) => Uint8Array
}

/**
 * What answers a method: bytes in, bytes out. Throw, or reject with, GrpcError for any status but OK; whatever else is thrown becomes UNKNOWN.
 * Request messages are views into what was received: keeping one keeps up to 64 KiB alive.
 *
 * A streaming handler ends the call by settling. Requests are iterated by one reader; reading slowly slows the client down.
 */
export type Method =
  | { readonly kind: 'unary'; readonly handler: (request: Uint8Array, call: ServerCall) => Uint8Array | Promise<Uint8Array> }
  | UnaryMessageMethod
  | { readonly kind: 'serverStreaming'; readonly handler: (request: Uint8Array, call: StreamingCall) => Promise<void> }
  | { readonly kind: 'clientStreaming'; readonly handler: (requests: AsyncIterable<Uint8Array>, call: ServerCall) => Promise<Uint8Array> }
  | { readonly kind: 'bidi'; readonly handler: (requests: AsyncIterable<Uint8Array>, call: StreamingCall) => Promise<void> }

/** Path (`/package.Service/Method`) -> what answers it. */
export type MethodTable = ReadonlyMap<string, Method>
