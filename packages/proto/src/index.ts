/**
 * Codecs of every message that `balsad` speaks over gRPC and its JSON gateway: etcd's v3 API, health, reflection, and balsa.v1. One namespace for each
 * package of the .proto files. For a message `Name` there are the interface `Name` (what decoding gives, complete), `NameInit` (what encoding takes),
 * `encodeName`, `decodeName`, `newName`, and `NameType` for code that handles any message; for a service `Name` there is the table `NameService`.
 *
 * Values: `bytes` is a Uint8Array, decoded as a view of the input; 64-bit numbers are `number` or `bigint` as the .proto file says; an absent
 * message or oneof is null; an enum is an open union of numbers, with a constant of its names.
 */
export * as authpb from './generated/authpb.js'
export * as balsav1 from './generated/balsa-v1.js'
export { FILE_DESCRIPTORS } from './generated/descriptors.js'
export * as etcdserverpb from './generated/etcdserverpb.js'
export * as health from './generated/grpc-health-v1.js'
export * as reflectionv1 from './generated/grpc-reflection-v1.js'
export * as reflectionv1alpha from './generated/grpc-reflection-v1alpha.js'
export * as mvccpb from './generated/mvccpb.js'
export * as v3electionpb from './generated/v3electionpb.js'
export * as v3lockpb from './generated/v3lockpb.js'
export { fromJson, fromJsonText, type JsonValue, toJson, toJsonText } from './json.js'
export type {
  FieldKind,
  FieldType,
  FileDescriptor,
  MessageType,
  MethodType,
  Mutable,
  OpenEnum,
  ServiceType,
} from './runtime/message-type.js'
export { EMPTY, MAX_DEPTH, Reader } from './runtime/reader.js'
export { Writer } from './runtime/writer.js'
