/** What generated files say of messages, for code that handles any of them: the JSON mapping, the dispatch of calls, reflection. */
import type { Reader } from './reader.js'
import type { Writer } from './writer.js'

/** A generated interface while it is being read. */
export type Mutable<M> = { -readonly [K in keyof M]: M[K] extends readonly (infer E)[] ? E[] : M[K] }

/** The values of an enum that this version knows, and any other number that another version may send. */
export type OpenEnum<Values extends Readonly<Record<string, number>>> = Values[keyof Values] | (number & Record<never, never>)

export type FieldKind = 'int32' | 'int64' | 'uint32' | 'uint64' | 'bool' | 'string' | 'bytes' | 'enum' | 'message'

export interface FieldType {
  readonly number: number
  /** As in the .proto file. */
  readonly name: string
  /** Its name in lowerCamelCase: the property of the message, or the `case` of the oneof. */
  readonly property: string
  readonly kind: FieldKind
  readonly repeated?: true
  /** Absent and zero are different things; absent is null. */
  readonly optional?: true
  /** Property of the oneof that it belongs to. */
  readonly oneof?: string
  /** Of 64 bits: see the README beside the .proto files. Default `number`. */
  readonly range?: 'clamp' | 'bigint'
  /** Of kind message. */
  readonly message?: () => MessageType
  /** Of kind enum: the names. */
  readonly values?: Readonly<Record<string, number>>
}

/** `Message` is what decoding gives, `Init` what encoding takes. */
export interface MessageType<Message extends object = object, Init extends object = object> {
  /** Full name, such as `etcdserverpb.PutRequest`. */
  readonly name: string
  readonly fields: readonly FieldType[]
  /** With every field at its default. */
  create(): Message
  /** INVALID (refused) when a number does not fit its type. */
  encode(message: Init): Uint8Array
  /** MALFORMED (refused) when the bytes are no such message. `bytes` fields of the result are views of the input. */
  decode(bytes: Uint8Array): Message
  /** Fields of a message in `reader`, up to its end. */
  read(reader: Reader, message: Message): Message
  /** In front of what `writer` holds. */
  write(writer: Writer, message: Init): void
}

export interface MethodType<Request extends MessageType = MessageType, Response extends MessageType = MessageType> {
  readonly name: string
  /** The `:path` of the call, such as `/etcdserverpb.KV/Range`. */
  readonly path: string
  readonly clientStreaming: boolean
  readonly serverStreaming: boolean
  readonly request: Request
  readonly response: Response
  /** Paths on the JSON gateway; none when it has no such call. */
  readonly http: readonly string[]
}

export interface ServiceType {
  /** Full name, such as `etcdserverpb.KV`. */
  readonly name: string
  readonly methods: Readonly<Record<string, MethodType>>
}

/** A .proto file as reflection shows it. */
export interface FileDescriptor {
  /** Path as imports name it. */
  readonly name: string
  readonly imports: readonly string[]
  /** Full names of messages, enums, services and methods in it. */
  readonly symbols: readonly string[]
  /** An encoded google.protobuf.FileDescriptorProto. */
  readonly base64: string
}
