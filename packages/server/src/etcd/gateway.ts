/**
 * The API as JSON over HTTP/1.1, as etcd's gateway has it: POST with the request message as the body; streams answer with one line for each message,
 * `{"result": ...}`, and the last one may be `{"error": ...}`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BalsaError } from '@balsa/raft'
import { GrpcCode, GrpcError } from '../grpc/status.js'
import { fromJsonText, toJson } from '@balsa/proto'
import type { MessageType } from '@balsa/proto'
import type { BidiEndpoint, Caller, Endpoint, ServerStreamEndpoint, Sink, UnaryEndpoint } from './endpoint.js'
import { statusOfError } from './errors.js'
import { JsonSplitter } from './json-stream.js'

/** Of a request: base64 makes the two MiB of gRPC longer. */
const MAX_BODY_BYTES = 3 * 1024 * 1024

const HTTP_STATUS: Readonly<Partial<Record<GrpcCode, number>>> = {
  [GrpcCode.CANCELLED]: 499,
  [GrpcCode.INVALID_ARGUMENT]: 400,
  [GrpcCode.DEADLINE_EXCEEDED]: 504,
  [GrpcCode.NOT_FOUND]: 404,
  [GrpcCode.ALREADY_EXISTS]: 409,
  [GrpcCode.PERMISSION_DENIED]: 403,
  [GrpcCode.RESOURCE_EXHAUSTED]: 429,
  [GrpcCode.FAILED_PRECONDITION]: 400,
  [GrpcCode.ABORTED]: 409,
  [GrpcCode.OUT_OF_RANGE]: 400,
  [GrpcCode.UNIMPLEMENTED]: 501,
  [GrpcCode.UNAVAILABLE]: 503,
  [GrpcCode.UNAUTHENTICATED]: 401,
}

const httpStatus = (code: GrpcCode): number => HTTP_STATUS[code] ?? 500

/** For browsers, when the operator allows the page that asks. */
const CORS = {
  'Access-Control-Allow-Methods': 'POST, GET, OPTIONS',
  'Access-Control-Allow-Headers': 'accept, content-type, authorization',
  Vary: 'Origin',
} as const

/** Clients read `error` or `message`. */
const errorJson = ({ code, message, trailers }: GrpcError): object => ({
  error: message,
  code,
  message,
  details: [],
  ...(trailers.length === 0 ? {} : { trailers: Object.fromEntries(trailers) }),
})

export class Gateway {
  readonly #endpoints = new Map<string, Endpoint>()
  /** Streams and calls under way. */
  inFlight = 0

  readonly #origins: ReadonlySet<string>

  /** `origins`: of web pages that browsers may let in, such as `http://localhost:8080`; `*` = all. Without them no page of another place gets in. */
  constructor(endpoints: readonly Endpoint[], origins: readonly string[] = []) {
    this.#origins = new Set(origins)
    for (const endpoint of endpoints) for (const path of endpoint.method.http) this.#endpoints.set(path, endpoint)
  }

  /** True = the path is the gateway's, and the request will be answered. */
  handle(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const asked = path.replace(/^\/v3(?:alpha|beta)\//, '/v3/')
    if (!asked.startsWith('/v3/') && !asked.startsWith('/balsa/v1/')) return false
    const endpoint = this.#endpoints.get(asked)
    const { origin } = request.headers
    if (origin !== undefined && this.#allows(origin)) {
      response.setHeader('Access-Control-Allow-Origin', origin)
      for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value)
    }
    if (origin !== undefined && !this.#allows(origin) && !isSameHost(origin, request.headers.host)) {
      fail(response, new GrpcError(GrpcCode.PERMISSION_DENIED, `etcdserver: pages of ${origin} are not let in (--cors)`))
    } else if (request.method === 'OPTIONS') {
      response.writeHead(200, { 'Content-Length': 0 }).end()
    } else if (endpoint === undefined) fail(response, new GrpcError(GrpcCode.NOT_FOUND, 'Not Found'))
    else if (request.method !== 'POST') fail(response, new GrpcError(GrpcCode.UNIMPLEMENTED, 'Method Not Allowed'), 405)
    else void this.#serve(endpoint, request, response)
    return true
  }

  #allows(origin: string): boolean {
    return this.#origins.has(origin) || this.#origins.has('*')
  }

  async #serve(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.inFlight += 1
    const caller = new HttpCaller(request, response)
    try {
      if (endpoint.kind === 'unary') await answer(endpoint, await wholeBody(request), caller, response)
      else await stream(endpoint, request, caller, response)
    } catch (error) {
      fail(response, statusOfRequest(error))
    } finally {
      this.inFlight -= 1
    }
  }
}

const isSameHost = (origin: string, host: string | undefined): boolean => host !== undefined && origin === `http://${host}`

async function answer(endpoint: UnaryEndpoint, body: string, caller: Caller, response: ServerResponse): Promise<void> {
  const message = await endpoint.handle(fromJsonText(endpoint.method.request, body), caller)
  const text = JSON.stringify(jsonOf(endpoint.method.response, message))
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text)
}

async function stream(
  endpoint: ServerStreamEndpoint | BidiEndpoint,
  request: IncomingMessage,
  caller: HttpCaller,
  response: ServerResponse,
): Promise<void> {
  const sink = new JsonSink(caller, response, endpoint.method.response)
  if (endpoint.kind === 'serverStreaming') await endpoint.handle(fromJsonText(endpoint.method.request, await wholeBody(request)), sink)
  else await endpoint.handle(messagesOf(endpoint.method.request, request), sink)
  sink.end()
}

/** Fields that an answer leaves out have their defaults. */
const jsonOf = (type: MessageType, init: object): object => toJson(type, type.decode(type.encode(init)))

async function wholeBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function* messagesOf(type: MessageType, request: IncomingMessage): AsyncGenerator<object, void, undefined> {
  const splitter = new JsonSplitter()
  const decoder = new TextDecoder()
  for await (const chunk of request as AsyncIterable<Buffer>) {
    for (const text of splitter.push(decoder.decode(chunk, { stream: true }))) yield fromJsonText(type, text)
    if (splitter.waiting > MAX_BODY_BYTES) throw tooLarge()
  }
  const rest = splitter.rest()
  if (rest !== '') yield fromJsonText(type, rest)
}

const tooLarge = (): GrpcError =>
  new GrpcError(GrpcCode.RESOURCE_EXHAUSTED, `grpc: received message larger than max (${MAX_BODY_BYTES} as JSON)`)

function statusOfRequest(error: unknown): GrpcError {
  if (error instanceof BalsaError && error.code === 'MALFORMED') return new GrpcError(GrpcCode.INVALID_ARGUMENT, error.message)
  return statusOfError(error)
}

/** An error after the first line is a line. */
function fail(response: ServerResponse, error: GrpcError, status = httpStatus(error.code)): void {
  if (response.destroyed) return
  if (response.headersSent) {
    response.end(`${JSON.stringify({ error: errorJson(error) })}\n`)
    return
  }
  const text = JSON.stringify(errorJson(error))
  // The body may not have been read to its end: the connection is of no use any more.
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), Connection: 'close' })
    .end(text)
}

class HttpCaller implements Caller {
  cancelled: GrpcError | null = null
  readonly #abort = new AbortController()
  #listeners: ((reason: GrpcError) => void)[] = []

  readonly #request: IncomingMessage

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    response.once('close', () => {
      if (!response.writableFinished) this.#cancel()
    })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  onCancelled(callback: (reason: GrpcError) => void): void {
    if (this.cancelled === null) this.#listeners.push(callback)
    else callback(this.cancelled)
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name] ?? this.#request.headers[`grpc-metadata-${name}`]
    return typeof value === 'string' ? value : value?.[0]
  }

  #cancel(): void {
    const reason = new GrpcError(GrpcCode.CANCELLED, 'context canceled')
    this.cancelled = reason
    this.#abort.abort(reason)
    for (const listener of this.#listeners.splice(0)) listener(reason)
  }
}

class JsonSink implements Sink<object> {
  readonly #caller: HttpCaller
  readonly #response: ServerResponse
  readonly #type: MessageType

  constructor(caller: HttpCaller, response: ServerResponse, type: MessageType) {
    this.#caller = caller
    this.#response = response
    this.#type = type
  }

  get signal(): AbortSignal {
    return this.#caller.signal
  }

  get cancelled(): GrpcError | null {
    return this.#caller.cancelled
  }

  get queuedBytes(): number {
    return this.#response.writableLength
  }

  onCancelled(callback: (reason: GrpcError) => void): void {
    this.#caller.onCancelled(callback)
  }

  header(name: string): string | undefined {
    return this.#caller.header(name)
  }

  send(message: object): boolean {
    if (this.cancelled !== null) return true
    this.#begin()
    return this.#response.write(`${JSON.stringify({ result: jsonOf(this.#type, message) })}\n`)
  }

  writable(): Promise<void> {
    if (this.cancelled !== null) return Promise.reject(this.cancelled)
    if (!this.#response.writableNeedDrain) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#response.once('drain', resolve)
      this.#caller.onCancelled(reject)
    })
  }

  end(): void {
    this.#begin()
    this.#response.end()
  }

  #begin(): void {
    if (!this.#response.headersSent) this.#response.writeHead(200, { 'Content-Type': 'application/json' })
  }
}
