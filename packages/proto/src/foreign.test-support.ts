/** The same .proto files read by protobufjs, which comes with grpc-js, the foreign client of the tests; and messages at random. */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import * as proto from './index.js'
import type { FieldType, MessageType } from './index.js'

export interface ForeignType {
  decode(bytes: Uint8Array): object
  encode(message: object): { finish(): Uint8Array }
  fromObject(plain: object): object
  toObject(message: object, options?: object): Record<string, unknown>
}

export interface ForeignRoot {
  lookupType(name: string): ForeignType
}

interface ForeignRootBuilder extends ForeignRoot {
  resolvePath: (origin: string, path: string) => string
  loadSync(names: readonly string[], options: object): ForeignRoot
}

interface Foreign {
  readonly Root: (new () => ForeignRootBuilder) & { fromDescriptor(set: object): ForeignRoot }
}

const throughGrpc = createRequire(createRequire(import.meta.url).resolve('@grpc/grpc-js'))
const protobuf = ['protobuf', 'js'].join('')

export const protobufjs = (): Foreign => throughGrpc(protobuf) as Foreign
/** Adds `Root.fromDescriptor`. */
export const protobufjsDescriptors = (): { readonly FileDescriptorSet: ForeignType } =>
  throughGrpc(`${protobuf}/ext/descriptor`) as { readonly FileDescriptorSet: ForeignType }

export function foreignRoot(): ForeignRoot {
  const folder = fileURLToPath(new URL('../proto', import.meta.url))
  const root = new (protobufjs().Root)()
  root.resolvePath = (_origin, path) => (path.startsWith(folder) ? path : join(folder, path))
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.proto'))
  return root.loadSync(
    names.map((name) => join(folder, name)),
    { keepCase: true },
  )
}

const isType = (value: unknown): value is MessageType =>
  typeof value === 'object' && value !== null && 'fields' in value && 'decode' in value && 'name' in value

/** Every generated message. */
export const allTypes: readonly MessageType[] = Object.values(proto).flatMap((exported) =>
  typeof exported === 'object' && exported !== null && !Array.isArray(exported) ? Object.values(exported).filter(isType) : [],
)

const SAFE = Number.MAX_SAFE_INTEGER

function scalar(field: FieldType): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'bool':
      return fc.boolean()
    case 'string':
      return fc.string({ unit: fc.constantFrom('a', 'Z', ' ', '"', '\\', 'ä', '€', '😀', '\u{feff}', '\0'), maxLength: 40 })
    case 'bytes':
      return fc.uint8Array({ maxLength: 40 })
    case 'int32':
      return fc.integer()
    case 'uint32':
      return fc.nat({ max: 0xffff_ffff })
    case 'enum':
      return fc.oneof(fc.constantFrom(...Object.values(field.values ?? {})), fc.integer())
    case 'int64':
      if (field.range === 'bigint') return fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-300n, 300n))
      return fc.oneof(fc.integer({ min: -300, max: 70_000 }), fc.maxSafeInteger(), fc.constantFrom(-SAFE, SAFE))
    case 'uint64':
      if (field.range === 'bigint') return fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 300n))
      return fc.oneof(fc.nat(70_000), fc.maxSafeNat(), fc.constantFrom(SAFE, 2 ** 31, 2 ** 32, 2 ** 35))
    case 'message':
      throw new Error('not a scalar')
  }
}

/** Complete messages, as decoding gives them. */
export function anyMessage(type: MessageType, depth = 0): fc.Arbitrary<object> {
  const value = (field: FieldType): fc.Arbitrary<unknown> =>
    field.message === undefined ? scalar(field) : anyMessage(field.message(), depth + 1)
  const model: Record<string, fc.Arbitrary<unknown>> = {}
  for (const field of type.fields) {
    if (field.oneof !== undefined) continue
    const fallback = (type.create() as Record<string, unknown>)[field.property]
    const deep = field.kind === 'message' && depth > 2
    if (deep) model[field.property] = fc.constant(fallback)
    else if (field.repeated === true) model[field.property] = fc.array(value(field), { maxLength: 3 })
    else model[field.property] = fc.oneof(fc.constant(fallback), value(field))
  }
  for (const oneof of new Set(type.fields.flatMap((field) => field.oneof ?? []))) {
    const cases = type.fields
      .filter((field) => field.oneof === oneof && (field.kind !== 'message' || depth <= 2))
      .map((field) => value(field).map((content) => ({ case: field.property, value: content })))
    model[oneof] = fc.oneof(fc.constant(null), ...cases)
  }
  return fc.record(model)
}
