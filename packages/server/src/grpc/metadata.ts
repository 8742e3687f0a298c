import type { FlatFields } from '../http2/hpack/decoder.js'

/** Fields that belong to the protocol: a handler neither sees nor sets them. */
const RESERVED = /^(?::|grpc-|content-type$|te$)/
const NAME = /^[0-9a-z_.-]+$/
const TEXT = /^[\x20-\x7e]*$/

/** What a client sent with its call, beside the message. Names are lower case. */
export class RequestMetadata {
  readonly #fields: FlatFields

  constructor(fields: FlatFields) {
    this.#fields = fields
  }

  /** First value of the field; undefined when it is absent. Characters are bytes. */
  get(name: string): string | undefined {
    const fields = this.#fields
    for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1]
    return undefined
  }

  getAll(name: string): readonly string[] {
    return this.#fields.filter((_, at) => at % 2 === 1 && this.#fields[at - 1] === name)
  }

  /** Of a field whose name ends in `-bin`: the bytes of its first value, which several values may share with commas. */
  getBytes(name: string): Uint8Array | undefined {
    const value = this.get(name)?.split(',', 1)[0]
    return value === undefined ? undefined : Buffer.from(value, 'base64')
  }

  /** Without the fields of the protocol itself. */
  entries(): readonly (readonly [string, string])[] {
    const entries: [string, string][] = []
    for (let at = 0; at < this.#fields.length; at += 2) {
      const name = this.#fields[at] as string
      if (!RESERVED.test(name)) entries.push([name, this.#fields[at + 1] as string])
    }
    return entries
  }
}

export type MetadataEntry = readonly [name: string, value: string | Uint8Array]

/**
 * Metadata of a response as header fields. Bytes go with a name that ends in `-bin`, in base64 without padding; text is printable ASCII.
 * Throws TypeError: a name or value that the protocol does not allow.
 */
export function responseFields(entries: readonly MetadataEntry[]): FlatFields {
  const fields: string[] = []
  for (const [name, value] of entries) {
    const binary = name.endsWith('-bin')
    if (!NAME.test(name) || RESERVED.test(name)) throw new TypeError(`metadata: bad name ${name}`)
    if (binary !== (typeof value !== 'string'))
      throw new TypeError(`metadata ${name}: bytes belong to names that end in -bin, text to others`)
    const text = typeof value === 'string' ? value.replace(/^ +| +$/g, '') : Buffer.from(value).toString('base64').replace(/=+$/, '')
    if (!TEXT.test(text)) throw new TypeError(`metadata ${name}: not printable ASCII`)
    fields.push(name, text)
  }
  return fields
}
