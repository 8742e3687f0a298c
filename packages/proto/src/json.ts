/**
 * Messages as JSON, the way etcd's gateway writes them (protobuf's JSON mapping with the names of the .proto files): fields with their default left out,
 * 64-bit numbers as decimal strings, bytes as base64, enums by name. Reading takes more: names in lowerCamelCase, 64-bit numbers as numbers (exactly,
 * whatever their size), enums by number, base64 without padding or with the URL alphabet, null for absent; it ignores what it does not know.
 */
import { BalsaError } from '@balsa/raft'
import { fromBase64, toBase64 } from './base64.js'
import type { FieldType, MessageType } from './runtime/message-type.js'
import { MAX_DEPTH } from './runtime/reader.js'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue }

type Values = Readonly<Record<string, unknown>>
type OneofValue = { readonly case: string; readonly value: unknown } | null

export const toJsonText = <Message extends object>(type: MessageType<Message>, message: Message): string =>
  JSON.stringify(toJson(type, message))

export function toJson<Message extends object>(type: MessageType<Message>, message: Message): { readonly [name: string]: JsonValue } {
  const values = message as Values
  const json: Record<string, JsonValue> = {}
  for (const field of type.fields) {
    if (field.oneof !== undefined) {
      const oneof = values[field.oneof] as OneofValue
      if (oneof?.case === field.property) json[field.name] = valueToJson(field, oneof.value)
      continue
    }
    const value = values[field.property]
    if (field.repeated === true) {
      const list = value as readonly unknown[]
      if (list.length > 0) json[field.name] = list.map((item) => valueToJson(field, item))
    } else if (!isDefault(field, value)) json[field.name] = valueToJson(field, value)
  }
  return json
}

function isDefault(field: FieldType, value: unknown): boolean {
  if (field.optional === true || field.kind === 'message') return value === null
  if (field.kind === 'bytes') return (value as Uint8Array).length === 0
  return value === 0 || value === 0n || value === false || value === ''
}

function valueToJson(field: FieldType, value: unknown): JsonValue {
  switch (field.kind) {
    case 'int64':
    case 'uint64':
      return String(value)
    case 'bytes':
      return toBase64(value as Uint8Array)
    case 'enum':
      return enumName(field, value as number)
    case 'message':
      return toJson(messageType(field), value as object)
    default:
      return value as JsonValue
  }
}

function enumName(field: FieldType, value: number): string | number {
  for (const [name, number] of Object.entries(field.values ?? {})) if (number === value) return name
  return value
}

function messageType(field: FieldType): MessageType {
  const type = field.message?.()
  if (type === undefined) throw new BalsaError('INVARIANT', `field ${field.name} has no message type`)
  return type
}

/** MALFORMED (refused) when the text is no JSON, or no such message; the message names the field. An empty text is an empty message. */
export function fromJsonText<Message extends object>(type: MessageType<Message>, text: string): Message {
  return fromJson(type, text.trim() === '' ? {} : parseJson(text))
}

const MANY_DIGITS = /\d{16}/
/** Strings as they are; numbers that may have more digits than a double holds. Only for valid JSON, where it takes linear time. */
const STRING_OR_LONG_NUMBER = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g

/** Like JSON.parse, but numbers with so many digits that they would be rounded come as strings. */
function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    if (!MANY_DIGITS.test(text)) return value
    return JSON.parse(text.replace(STRING_OR_LONG_NUMBER, (found) => (found.startsWith('"') ? found : `"${found}"`)))
  } catch (error) {
    throw new BalsaError('MALFORMED', `not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** From a parsed value; see {@link fromJsonText}. */
export function fromJson<Message extends object>(type: MessageType<Message>, json: unknown): Message {
  return readMessage(type, json, type.name, 1)
}

const fieldsByName = new WeakMap<MessageType, ReadonlyMap<string, FieldType>>()

function fieldsOf(type: MessageType): ReadonlyMap<string, FieldType> {
  let known = fieldsByName.get(type)
  if (known === undefined) {
    known = new Map(type.fields.flatMap((field) => [[field.property, field] as const, [field.name, field] as const]))
    fieldsByName.set(type, known)
  }
  return known
}

function malformed(path: string, what: string): never {
  throw new BalsaError('MALFORMED', `${path}: ${what}`)
}

function readMessage<Message extends object>(type: MessageType<Message>, json: unknown, path: string, depth: number): Message {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) malformed(path, 'not an object')
  if (depth > MAX_DEPTH) malformed(path, `messages more than ${MAX_DEPTH} deep`)
  const message = type.create()
  const values = message as Record<string, unknown>
  const fields = fieldsOf(type)
  for (const [name, value] of Object.entries(json)) {
    const field = fields.get(name)
    if (field === undefined || value === null) continue
    const inner = `${path}.${field.name}`
    if (field.oneof !== undefined) {
      if (values[field.oneof] !== null) malformed(inner, `${field.oneof} is given twice`)
      values[field.oneof] = { case: field.property, value: readValue(field, value, inner, depth) }
    } else if (field.repeated === true) {
      if (!Array.isArray(value)) malformed(inner, 'not an array')
      values[field.property] = value.map((item, at) => readValue(field, item, `${inner}[${at}]`, depth))
    } else values[field.property] = readValue(field, value, inner, depth)
  }
  return message
}

function readValue(field: FieldType, json: unknown, path: string, depth: number): unknown {
  switch (field.kind) {
    case 'bool':
      return typeof json === 'boolean' ? json : malformed(path, 'not true or false')
    case 'string':
      // Lone surrogates have no UTF-8.
      return typeof json === 'string' && !/\p{Surrogate}/u.test(json) ? json : malformed(path, 'not a text')
    case 'bytes':
      return readBase64(json, path)
    case 'enum':
      return readEnum(field, json, path)
    case 'message':
      return readMessage(messageType(field), json, path, depth + 1)
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
      return readInteger(field, json, path)
  }
}

function readEnum(field: FieldType, json: unknown, path: string): number {
  if (typeof json === 'number' && (json | 0) === json) return json
  const value = typeof json === 'string' && field.values !== undefined && Object.hasOwn(field.values, json) ? field.values[json] : undefined
  return value ?? malformed(path, `${JSON.stringify(json)} is none of ${Object.keys(field.values ?? {}).join(', ')}`)
}

const LIMITS = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const
/** The longest number of 64 bits has 19 digits and a sign; zeros in front are harmless, but not without end. */
const INTEGER = /^-?\d{1,40}$/

function readInteger(field: FieldType, json: unknown, path: string): number | bigint {
  const kind = field.kind as keyof typeof LIMITS
  const isInteger = typeof json === 'number' ? Number.isInteger(json) : typeof json === 'string' && INTEGER.test(json)
  if (!isInteger) malformed(path, 'not a whole number')
  const value = BigInt(json as number | string)
  const [smallest, largest] = LIMITS[kind]
  if (value < smallest || value > largest) malformed(path, `does not fit into ${kind}`)
  if (field.range === 'bigint') return value
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  if (field.range === 'clamp') return number < 0 ? -Number.MAX_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
  return malformed(path, 'a number of more than 53 bits')
}

function readBase64(json: unknown, path: string): Uint8Array {
  if (typeof json !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(json)) malformed(path, 'not base64')
  const digits = json.replace(/=+$/, '').length
  const padded = json.length > digits
  // A single digit of a group holds no byte; padding, where there is some, completes the group.
  if (digits % 4 === 1 || (padded && json.length % 4 !== 0)) malformed(path, 'not base64')
  return fromBase64(json)
}
