import type { FlatFields } from './hpack/decoder.js'

/** A decoded header block: of a request, or its trailers. One object may stand for many requests with the same block: nobody changes it. */
export class HeaderBlock {
  /** Null: larger than allowed, and not kept. */
  readonly fields: FlatFields | null
  /** Why RFC 9113 8.2 and 8.3 call it malformed; null when they do not. */
  readonly malformed: string | null
  /** Pseudo fields; '' when absent. */
  readonly method: string
  readonly scheme: string
  readonly path: string
  readonly authority: string
  /** Bytes; -1 when the field is absent. */
  readonly contentLength: number
  readonly #pseudoFields: number
  /** What a user of the connection derives from the block, kept as long as the block is remembered. */
  derived: unknown = null

  constructor(fields: FlatFields | null) {
    const scan = new Scan()
    if (fields !== null) for (let at = 0; at < fields.length; at += 2) scan.field(fields[at] as string, fields[at + 1] as string)
    this.fields = fields
    this.method = scan.pseudo.get(':method') ?? ''
    this.scheme = scan.pseudo.get(':scheme') ?? ''
    this.path = scan.pseudo.get(':path') ?? ''
    this.authority = scan.pseudo.get(':authority') ?? ''
    this.contentLength = scan.contentLength
    this.#pseudoFields = scan.pseudo.size
    this.malformed = scan.malformed
  }

  /** Why this is no request (RFC 9113 8.3.1); null when it is one. */
  requestFault(): string | null {
    if (this.malformed !== null || this.fields === null) return this.malformed
    if (this.method === '') return 'no :method'
    if (this.method === 'CONNECT') return this.scheme !== '' || this.path !== '' ? 'CONNECT with :scheme or :path' : null
    if (this.scheme === '') return 'no :scheme'
    return this.path.startsWith('/') || (this.path === '*' && this.method === 'OPTIONS') ? null : 'bad :path'
  }

  /** Why these are no trailers (RFC 9113 8.1); null when they are. */
  trailerFault(): string | null {
    return this.malformed ?? (this.#pseudoFields > 0 ? 'pseudo field in trailers' : null)
  }
}

/** What a client may say about its request before the first other field (RFC 9113 8.3.1). */
const REQUEST_PSEUDO = new Set([':method', ':scheme', ':path', ':authority'])
/** RFC 9113 8.2.2: they belong to HTTP/1.1. */
const CONNECTION_SPECIFIC = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/

class Scan {
  readonly pseudo = new Map<string, string>()
  contentLength = -1
  malformed: string | null = null
  #regular = false

  field(name: string, value: string): void {
    if (BAD_VALUE.test(value)) this.malformed = 'bad character in a field value'
    if (name.startsWith(':')) return this.#pseudoField(name, value)
    this.#regular = true
    if (!NAME.test(name)) this.malformed = 'bad character in a field name'
    else if (CONNECTION_SPECIFIC.has(name)) this.malformed = 'connection-specific field'
    else if (name === 'te' && value !== 'trailers') this.malformed = 'te other than trailers'
    else if (name === 'content-length') this.#length(value)
  }

  #pseudoField(name: string, value: string): void {
    if (!REQUEST_PSEUDO.has(name)) this.malformed = 'unknown pseudo field'
    else if (this.#regular) this.malformed = 'pseudo field behind others'
    else if (this.pseudo.has(name)) this.malformed = 'pseudo field twice'
    this.pseudo.set(name, value)
  }

  #length(value: string): void {
    const length = /^\d{1,15}$/.test(value) ? Number(value) : -1
    if (length === -1 || (this.contentLength !== -1 && this.contentLength !== length)) this.malformed = 'bad content-length'
    this.contentLength = length
  }
}
