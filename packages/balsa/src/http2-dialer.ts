import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { HeaderFields, Http2Dialer, Http2Session, Http2SessionHandlers, Http2Stream, Http2StreamHandlers } from '@balsa/client'

/** Bytes that a server may send on one stream before they are read: what a slow reader of a watch costs. */
const STREAM_WINDOW_BYTES = 256 * 1024
const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024
const SESSION_MEMORY_MIB = 256

/** For `https://` endpoints, in PEM. */
export interface TlsOptions {
  /** Certificates that servers are checked against. Default: those that Node.js knows. */
  readonly ca?: string | Uint8Array
  /** Certificate and key of this client, for servers that want one. */
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
}

/** HTTP/2 of Node.js for clients. It is somebody else's, complete, and fast enough for one that talks to few servers. */
export class NodeHttp2Dialer implements Http2Dialer {
  readonly #tls: TlsOptions

  constructor(tls: TlsOptions = {}) {
    this.#tls = tls
  }

  dial(endpoint: string, handlers: Http2SessionHandlers): Http2Session {
    const text = /^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`
    if (URL.canParse(text)) return new NodeSession(new URL(text), this.#tls, handlers)
    setImmediate(() => handlers.onClose(`${endpoint} is not an address`))
    return { open: (_fields, stream) => deadStream(stream, 'no connection'), ping: () => undefined, close: () => undefined }
  }
}

class NodeSession implements Http2Session {
  readonly #session: ClientHttp2Session
  /** What the server said when it left: streams above this one were not looked at. */
  #lastStreamId = Number.POSITIVE_INFINITY
  #leavingCode: number = constants.NGHTTP2_NO_ERROR
  /** Why the session ended, if it was an error. */
  #failure: string | null = null

  constructor(url: URL, { ca, cert, key }: TlsOptions, handlers: Http2SessionHandlers) {
    const plain = url.protocol === 'http:'
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    this.#session = connectHttp2(url, {
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxSessionMemory: SESSION_MEMORY_MIB,
      ...(ca === undefined ? {} : { ca: bytesOf(ca) }),
      ...(cert === undefined ? {} : { cert: bytesOf(cert) }),
      ...(key === undefined ? {} : { key: bytesOf(key) }),
      ...(plain ? { createConnection: () => connectTcp({ host, port: Number(url.port || 80), noDelay: true }) } : {}),
    })
    this.#session.on('error', (error: Error) => this.#failed(error))
    this.#session.once('connect', () => {
      this.#session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
      handlers.onOpen()
    })
    this.#session.on('goaway', (code: number, lastStreamId: number) => {
      this.#leavingCode = code
      this.#lastStreamId = lastStreamId
      handlers.onGoAway()
    })
    this.#session.once('close', () => handlers.onClose(this.#failure ?? `the connection to ${url.host} was closed`))
  }

  /** What comes later follows from the first. OpenSSL's messages name places in its source; its reasons are for people. */
  #failed(error: Error & { readonly reason?: string }): void {
    this.#failure ??= error.reason ?? error.message
  }

  open(fields: HeaderFields, handlers: Http2StreamHandlers): Http2Stream {
    try {
      const opened = this.#session.request({ ...fields })
      // Node.js tells the streams alone, as long as there are any.
      opened.on('error', (error: Error) => {
        if (this.#session.destroyed) this.#failed(error)
      })
      return new NodeStream(opened, handlers, (stream) => this.#isUnprocessed(stream))
    } catch (error) {
      return deadStream(handlers, this.#failure ?? (error instanceof Error ? error.message : String(error)))
    }
  }

  /** A refused stream, or one that never left. The code of a session that ends as a whole says nothing of its streams. */
  #isUnprocessed({ id, rstCode }: ClientHttp2Stream): boolean {
    if (id === undefined || id > this.#lastStreamId) return true
    return rstCode === constants.NGHTTP2_REFUSED_STREAM && this.#leavingCode !== constants.NGHTTP2_REFUSED_STREAM
  }

  ping(onAnswer: () => void): void {
    if (this.#session.destroyed) return
    this.#session.ping((error) => {
      if (error === null) onAnswer()
    })
  }

  close(): void {
    this.#session.destroy()
  }
}

class NodeStream implements Http2Stream {
  readonly #stream: ClientHttp2Stream
  #cancelled = false

  constructor(stream: ClientHttp2Stream, handlers: Http2StreamHandlers, isUnprocessed: (stream: ClientHttp2Stream) => boolean) {
    this.#stream = stream
    let reason = 'the stream ended without a status'
    stream.on('response', (headers) => {
      if (!this.#cancelled) handlers.onHeaders(flat(headers))
    })
    stream.on('data', (bytes: Buffer) => {
      if (!this.#cancelled) handlers.onData(bytes)
    })
    let trailers: HeaderFields | null = null
    // Node.js tells them ahead of data that nobody has read yet, and drops such data when the connection ends: a status would then stand behind half an answer.
    stream.on('trailers', (headers: IncomingHttpHeaders) => {
      trailers = flat(headers)
    })
    stream.on('end', () => {
      if (trailers !== null && !this.#cancelled) handlers.onTrailers(trailers)
      // The server has said everything, whatever else the client might have said.
      stream.end()
    })
    stream.on('error', (error) => {
      reason = error.message
    })
    stream.once('close', () => {
      if (this.#cancelled) return
      handlers.onClose(reason, isUnprocessed(stream))
    })
  }

  write(bytes: Uint8Array, last: boolean): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) return
    if (last) this.#stream.end(bytes)
    else this.#stream.write(bytes)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  cancel(): void {
    this.#cancelled = true
    // What has arrived must be read away, or the stream stays.
    this.#stream.resume()
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }
}

function deadStream(handlers: Http2StreamHandlers, reason: string): Http2Stream {
  let cancelled = false
  setImmediate(() => {
    if (!cancelled) handlers.onClose(reason, true)
  })
  return {
    write: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    cancel: () => {
      cancelled = true
    },
  }
}

const bytesOf = (pem: string | Uint8Array): Buffer => Buffer.from(pem)

function flat(headers: IncomingHttpHeaders): HeaderFields {
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) fields[name] = Array.isArray(value) ? value.join(', ') : `${value}`
  return fields
}
