// Written by `npm run codegen` from packages/proto/proto/grpc/reflection/v1alpha/reflection.proto. Do not change it by hand.
import type { MessageType, Mutable, ServiceType } from '../../../../runtime/message-type.js'
import { Reader } from '../../../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../../../runtime/writer.js'

export interface ServerReflectionRequest {
  readonly host: string
  readonly messageRequest: 
    | { readonly case: 'fileByFilename'; readonly value: string }
    | { readonly case: 'fileContainingSymbol'; readonly value: string }
    | { readonly case: 'fileContainingExtension'; readonly value: ExtensionRequest }
    | { readonly case: 'allExtensionNumbersOfType'; readonly value: string }
    | { readonly case: 'listServices'; readonly value: string } | null
}

/** What is left out has its default. */
export interface ServerReflectionRequestInit {
  readonly host?: string | undefined
  readonly messageRequest?: 
    | { readonly case: 'fileByFilename'; readonly value: string }
    | { readonly case: 'fileContainingSymbol'; readonly value: string }
    | { readonly case: 'fileContainingExtension'; readonly value: ExtensionRequestInit }
    | { readonly case: 'allExtensionNumbersOfType'; readonly value: string }
    | { readonly case: 'listServices'; readonly value: string } | null | undefined
}

export const newServerReflectionRequest = (): ServerReflectionRequest => ({ host: '', messageRequest: null })

const ServerReflectionRequestFields: ReadonlySet<number> = new Set([1, 3, 4, 5, 6, 7])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readServerReflectionRequest(reader: Reader, message: ServerReflectionRequest): ServerReflectionRequest {
  const m = message as Mutable<ServerReflectionRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.host = reader.string()
        break
      case 26:
        m.messageRequest = { case: 'fileByFilename', value: reader.string() }
        break
      case 34:
        m.messageRequest = { case: 'fileContainingSymbol', value: reader.string() }
        break
      case 42: {
        const end = reader.open()
        m.messageRequest = { case: 'fileContainingExtension', value: readExtensionRequest(reader, m.messageRequest?.case === 'fileContainingExtension' ? m.messageRequest.value : newExtensionRequest()) }
        reader.close(end)
        break
      }
      case 50:
        m.messageRequest = { case: 'allExtensionNumbersOfType', value: reader.string() }
        break
      case 58:
        m.messageRequest = { case: 'listServices', value: reader.string() }
        break
      default:
        reader.skip(tag, ServerReflectionRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeServerReflectionRequest(writer: Writer, message: ServerReflectionRequestInit): void {
  const v3 = message.messageRequest
  switch (v3?.case) {
    case 'fileByFilename': {
      writer.string(26, v3.value)
      break
    }
    case 'fileContainingSymbol': {
      writer.string(34, v3.value)
      break
    }
    case 'fileContainingExtension': {
      const open = writer.open()
      writeExtensionRequest(writer, v3.value)
      writer.close(42, open)
      break
    }
    case 'allExtensionNumbersOfType': {
      writer.string(50, v3.value)
      break
    }
    case 'listServices': {
      writer.string(58, v3.value)
      break
    }
    case undefined:
  }
  const v1 = message.host
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeServerReflectionRequest(message: ServerReflectionRequestInit): Uint8Array {
  sharedWriter.begin()
  writeServerReflectionRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeServerReflectionRequest = (bytes: Uint8Array): ServerReflectionRequest => readServerReflectionRequest(new Reader(bytes, 'grpc.reflection.v1alpha.ServerReflectionRequest'), newServerReflectionRequest())

export const ServerReflectionRequestType: MessageType<ServerReflectionRequest, ServerReflectionRequestInit> = {
  name: 'grpc.reflection.v1alpha.ServerReflectionRequest',
  fields: [
    { number: 1, name: 'host', property: 'host', kind: 'string' },
    { number: 3, name: 'file_by_filename', property: 'fileByFilename', kind: 'string', oneof: 'messageRequest' },
    { number: 4, name: 'file_containing_symbol', property: 'fileContainingSymbol', kind: 'string', oneof: 'messageRequest' },
    { number: 5, name: 'file_containing_extension', property: 'fileContainingExtension', kind: 'message', oneof: 'messageRequest', message: () => ExtensionRequestType },
    { number: 6, name: 'all_extension_numbers_of_type', property: 'allExtensionNumbersOfType', kind: 'string', oneof: 'messageRequest' },
    { number: 7, name: 'list_services', property: 'listServices', kind: 'string', oneof: 'messageRequest' },
  ],
  create: newServerReflectionRequest,
  encode: encodeServerReflectionRequest,
  decode: decodeServerReflectionRequest,
  read: readServerReflectionRequest,
  write: writeServerReflectionRequest,
}

export interface ExtensionRequest {
  readonly containingType: string
  readonly extensionNumber: number
}

/** What is left out has its default. */
export interface ExtensionRequestInit {
  readonly containingType?: string | undefined
  readonly extensionNumber?: number | undefined
}

export const newExtensionRequest = (): ExtensionRequest => ({ containingType: '', extensionNumber: 0 })

const ExtensionRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readExtensionRequest(reader: Reader, message: ExtensionRequest): ExtensionRequest {
  const m = message as Mutable<ExtensionRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.containingType = reader.string()
        break
      case 16:
        m.extensionNumber = reader.int32()
        break
      default:
        reader.skip(tag, ExtensionRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeExtensionRequest(writer: Writer, message: ExtensionRequestInit): void {
  const v2 = message.extensionNumber
  if (v2 !== undefined && v2 !== 0) writer.int32(16, v2)
  const v1 = message.containingType
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeExtensionRequest(message: ExtensionRequestInit): Uint8Array {
  sharedWriter.begin()
  writeExtensionRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeExtensionRequest = (bytes: Uint8Array): ExtensionRequest => readExtensionRequest(new Reader(bytes, 'grpc.reflection.v1alpha.ExtensionRequest'), newExtensionRequest())

export const ExtensionRequestType: MessageType<ExtensionRequest, ExtensionRequestInit> = {
  name: 'grpc.reflection.v1alpha.ExtensionRequest',
  fields: [
    { number: 1, name: 'containing_type', property: 'containingType', kind: 'string' },
    { number: 2, name: 'extension_number', property: 'extensionNumber', kind: 'int32' },
  ],
  create: newExtensionRequest,
  encode: encodeExtensionRequest,
  decode: decodeExtensionRequest,
  read: readExtensionRequest,
  write: writeExtensionRequest,
}

export interface ServerReflectionResponse {
  readonly validHost: string
  readonly originalRequest: ServerReflectionRequest | null
  readonly messageResponse: 
    | { readonly case: 'fileDescriptorResponse'; readonly value: FileDescriptorResponse }
    | { readonly case: 'allExtensionNumbersResponse'; readonly value: ExtensionNumberResponse }
    | { readonly case: 'listServicesResponse'; readonly value: ListServiceResponse }
    | { readonly case: 'errorResponse'; readonly value: ErrorResponse } | null
}

/** What is left out has its default. */
export interface ServerReflectionResponseInit {
  readonly validHost?: string | undefined
  readonly originalRequest?: ServerReflectionRequestInit | null | undefined
  readonly messageResponse?: 
    | { readonly case: 'fileDescriptorResponse'; readonly value: FileDescriptorResponseInit }
    | { readonly case: 'allExtensionNumbersResponse'; readonly value: ExtensionNumberResponseInit }
    | { readonly case: 'listServicesResponse'; readonly value: ListServiceResponseInit }
    | { readonly case: 'errorResponse'; readonly value: ErrorResponseInit } | null | undefined
}

export const newServerReflectionResponse = (): ServerReflectionResponse => ({ validHost: '', originalRequest: null, messageResponse: null })

const ServerReflectionResponseFields: ReadonlySet<number> = new Set([1, 2, 4, 5, 6, 7])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readServerReflectionResponse(reader: Reader, message: ServerReflectionResponse): ServerReflectionResponse {
  const m = message as Mutable<ServerReflectionResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.validHost = reader.string()
        break
      case 18: {
        const end = reader.open()
        m.originalRequest = readServerReflectionRequest(reader, m.originalRequest ?? newServerReflectionRequest())
        reader.close(end)
        break
      }
      case 34: {
        const end = reader.open()
        m.messageResponse = { case: 'fileDescriptorResponse', value: readFileDescriptorResponse(reader, m.messageResponse?.case === 'fileDescriptorResponse' ? m.messageResponse.value : newFileDescriptorResponse()) }
        reader.close(end)
        break
      }
      case 42: {
        const end = reader.open()
        m.messageResponse = { case: 'allExtensionNumbersResponse', value: readExtensionNumberResponse(reader, m.messageResponse?.case === 'allExtensionNumbersResponse' ? m.messageResponse.value : newExtensionNumberResponse()) }
        reader.close(end)
        break
      }
      case 50: {
        const end = reader.open()
        m.messageResponse = { case: 'listServicesResponse', value: readListServiceResponse(reader, m.messageResponse?.case === 'listServicesResponse' ? m.messageResponse.value : newListServiceResponse()) }
        reader.close(end)
        break
      }
      case 58: {
        const end = reader.open()
        m.messageResponse = { case: 'errorResponse', value: readErrorResponse(reader, m.messageResponse?.case === 'errorResponse' ? m.messageResponse.value : newErrorResponse()) }
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, ServerReflectionResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeServerReflectionResponse(writer: Writer, message: ServerReflectionResponseInit): void {
  const v4 = message.messageResponse
  switch (v4?.case) {
    case 'fileDescriptorResponse': {
      const open = writer.open()
      writeFileDescriptorResponse(writer, v4.value)
      writer.close(34, open)
      break
    }
    case 'allExtensionNumbersResponse': {
      const open = writer.open()
      writeExtensionNumberResponse(writer, v4.value)
      writer.close(42, open)
      break
    }
    case 'listServicesResponse': {
      const open = writer.open()
      writeListServiceResponse(writer, v4.value)
      writer.close(50, open)
      break
    }
    case 'errorResponse': {
      const open = writer.open()
      writeErrorResponse(writer, v4.value)
      writer.close(58, open)
      break
    }
    case undefined:
  }
  const v2 = message.originalRequest
  if (v2 !== undefined && v2 !== null) {
    const open = writer.open()
    writeServerReflectionRequest(writer, v2)
    writer.close(18, open)
  }
  const v1 = message.validHost
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeServerReflectionResponse(message: ServerReflectionResponseInit): Uint8Array {
  sharedWriter.begin()
  writeServerReflectionResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeServerReflectionResponse = (bytes: Uint8Array): ServerReflectionResponse => readServerReflectionResponse(new Reader(bytes, 'grpc.reflection.v1alpha.ServerReflectionResponse'), newServerReflectionResponse())

export const ServerReflectionResponseType: MessageType<ServerReflectionResponse, ServerReflectionResponseInit> = {
  name: 'grpc.reflection.v1alpha.ServerReflectionResponse',
  fields: [
    { number: 1, name: 'valid_host', property: 'validHost', kind: 'string' },
    { number: 2, name: 'original_request', property: 'originalRequest', kind: 'message', message: () => ServerReflectionRequestType },
    { number: 4, name: 'file_descriptor_response', property: 'fileDescriptorResponse', kind: 'message', oneof: 'messageResponse', message: () => FileDescriptorResponseType },
    { number: 5, name: 'all_extension_numbers_response', property: 'allExtensionNumbersResponse', kind: 'message', oneof: 'messageResponse', message: () => ExtensionNumberResponseType },
    { number: 6, name: 'list_services_response', property: 'listServicesResponse', kind: 'message', oneof: 'messageResponse', message: () => ListServiceResponseType },
    { number: 7, name: 'error_response', property: 'errorResponse', kind: 'message', oneof: 'messageResponse', message: () => ErrorResponseType },
  ],
  create: newServerReflectionResponse,
  encode: encodeServerReflectionResponse,
  decode: decodeServerReflectionResponse,
  read: readServerReflectionResponse,
  write: writeServerReflectionResponse,
}

export interface FileDescriptorResponse {
  /** Each an encoded google.protobuf.FileDescriptorProto; a file comes with those that it imports. */
  readonly fileDescriptorProto: readonly Uint8Array[]
}

/** What is left out has its default. */
export interface FileDescriptorResponseInit {
  readonly fileDescriptorProto?: readonly Uint8Array[] | undefined
}

export const newFileDescriptorResponse = (): FileDescriptorResponse => ({ fileDescriptorProto: [] })

const FileDescriptorResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readFileDescriptorResponse(reader: Reader, message: FileDescriptorResponse): FileDescriptorResponse {
  const m = message as Mutable<FileDescriptorResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.fileDescriptorProto.push(reader.bytes())
        break
      default:
        reader.skip(tag, FileDescriptorResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeFileDescriptorResponse(writer: Writer, message: FileDescriptorResponseInit): void {
  const v1 = message.fileDescriptorProto
  if (v1 !== undefined) {
    for (let at = v1.length - 1; at >= 0; at--) writer.bytes(10, v1[at] as Uint8Array)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeFileDescriptorResponse(message: FileDescriptorResponseInit): Uint8Array {
  sharedWriter.begin()
  writeFileDescriptorResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeFileDescriptorResponse = (bytes: Uint8Array): FileDescriptorResponse => readFileDescriptorResponse(new Reader(bytes, 'grpc.reflection.v1alpha.FileDescriptorResponse'), newFileDescriptorResponse())

export const FileDescriptorResponseType: MessageType<FileDescriptorResponse, FileDescriptorResponseInit> = {
  name: 'grpc.reflection.v1alpha.FileDescriptorResponse',
  fields: [
    { number: 1, name: 'file_descriptor_proto', property: 'fileDescriptorProto', kind: 'bytes', repeated: true },
  ],
  create: newFileDescriptorResponse,
  encode: encodeFileDescriptorResponse,
  decode: decodeFileDescriptorResponse,
  read: readFileDescriptorResponse,
  write: writeFileDescriptorResponse,
}

export interface ExtensionNumberResponse {
  readonly baseTypeName: string
  readonly extensionNumber: readonly number[]
}

/** What is left out has its default. */
export interface ExtensionNumberResponseInit {
  readonly baseTypeName?: string | undefined
  readonly extensionNumber?: readonly number[] | undefined
}

export const newExtensionNumberResponse = (): ExtensionNumberResponse => ({ baseTypeName: '', extensionNumber: [] })

const ExtensionNumberResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readExtensionNumberResponse(reader: Reader, message: ExtensionNumberResponse): ExtensionNumberResponse {
  const m = message as Mutable<ExtensionNumberResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.baseTypeName = reader.string()
        break
      case 16:
        m.extensionNumber.push(reader.int32())
        break
      case 18: {
        const end = reader.openPacked()
        while (reader.more()) m.extensionNumber.push(reader.int32())
        reader.closePacked(end)
        break
      }
      default:
        reader.skip(tag, ExtensionNumberResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeExtensionNumberResponse(writer: Writer, message: ExtensionNumberResponseInit): void {
  const v2 = message.extensionNumber
  if (v2 !== undefined && v2.length > 0) {
    const open = writer.open()
    for (let at = v2.length - 1; at >= 0; at--) writer.int32Value(v2[at] as number)
    writer.close(18, open)
  }
  const v1 = message.baseTypeName
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeExtensionNumberResponse(message: ExtensionNumberResponseInit): Uint8Array {
  sharedWriter.begin()
  writeExtensionNumberResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeExtensionNumberResponse = (bytes: Uint8Array): ExtensionNumberResponse => readExtensionNumberResponse(new Reader(bytes, 'grpc.reflection.v1alpha.ExtensionNumberResponse'), newExtensionNumberResponse())

export const ExtensionNumberResponseType: MessageType<ExtensionNumberResponse, ExtensionNumberResponseInit> = {
  name: 'grpc.reflection.v1alpha.ExtensionNumberResponse',
  fields: [
    { number: 1, name: 'base_type_name', property: 'baseTypeName', kind: 'string' },
    { number: 2, name: 'extension_number', property: 'extensionNumber', kind: 'int32', repeated: true },
  ],
  create: newExtensionNumberResponse,
  encode: encodeExtensionNumberResponse,
  decode: decodeExtensionNumberResponse,
  read: readExtensionNumberResponse,
  write: writeExtensionNumberResponse,
}

export interface ListServiceResponse {
  readonly service: readonly ServiceResponse[]
}

/** What is left out has its default. */
export interface ListServiceResponseInit {
  readonly service?: readonly ServiceResponseInit[] | undefined
}

export const newListServiceResponse = (): ListServiceResponse => ({ service: [] })

const ListServiceResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readListServiceResponse(reader: Reader, message: ListServiceResponse): ListServiceResponse {
  const m = message as Mutable<ListServiceResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.service.push(readServiceResponse(reader, newServiceResponse()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, ListServiceResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeListServiceResponse(writer: Writer, message: ListServiceResponseInit): void {
  const v1 = message.service
  if (v1 !== undefined) {
    for (let at = v1.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeServiceResponse(writer, v1[at] as ServiceResponseInit)
      writer.close(10, open)
    }
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeListServiceResponse(message: ListServiceResponseInit): Uint8Array {
  sharedWriter.begin()
  writeListServiceResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeListServiceResponse = (bytes: Uint8Array): ListServiceResponse => readListServiceResponse(new Reader(bytes, 'grpc.reflection.v1alpha.ListServiceResponse'), newListServiceResponse())

export const ListServiceResponseType: MessageType<ListServiceResponse, ListServiceResponseInit> = {
  name: 'grpc.reflection.v1alpha.ListServiceResponse',
  fields: [
    { number: 1, name: 'service', property: 'service', kind: 'message', repeated: true, message: () => ServiceResponseType },
  ],
  create: newListServiceResponse,
  encode: encodeListServiceResponse,
  decode: decodeListServiceResponse,
  read: readListServiceResponse,
  write: writeListServiceResponse,
}

export interface ServiceResponse {
  readonly name: string
}

/** What is left out has its default. */
export interface ServiceResponseInit {
  readonly name?: string | undefined
}

export const newServiceResponse = (): ServiceResponse => ({ name: '' })

const ServiceResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readServiceResponse(reader: Reader, message: ServiceResponse): ServiceResponse {
  const m = message as Mutable<ServiceResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      default:
        reader.skip(tag, ServiceResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeServiceResponse(writer: Writer, message: ServiceResponseInit): void {
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeServiceResponse(message: ServiceResponseInit): Uint8Array {
  sharedWriter.begin()
  writeServiceResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeServiceResponse = (bytes: Uint8Array): ServiceResponse => readServiceResponse(new Reader(bytes, 'grpc.reflection.v1alpha.ServiceResponse'), newServiceResponse())

export const ServiceResponseType: MessageType<ServiceResponse, ServiceResponseInit> = {
  name: 'grpc.reflection.v1alpha.ServiceResponse',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
  ],
  create: newServiceResponse,
  encode: encodeServiceResponse,
  decode: decodeServiceResponse,
  read: readServiceResponse,
  write: writeServiceResponse,
}

export interface ErrorResponse {
  /** A status code of gRPC. */
  readonly errorCode: number
  readonly errorMessage: string
}

/** What is left out has its default. */
export interface ErrorResponseInit {
  readonly errorCode?: number | undefined
  readonly errorMessage?: string | undefined
}

export const newErrorResponse = (): ErrorResponse => ({ errorCode: 0, errorMessage: '' })

const ErrorResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readErrorResponse(reader: Reader, message: ErrorResponse): ErrorResponse {
  const m = message as Mutable<ErrorResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.errorCode = reader.int32()
        break
      case 18:
        m.errorMessage = reader.string()
        break
      default:
        reader.skip(tag, ErrorResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeErrorResponse(writer: Writer, message: ErrorResponseInit): void {
  const v2 = message.errorMessage
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.errorCode
  if (v1 !== undefined && v1 !== 0) writer.int32(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeErrorResponse(message: ErrorResponseInit): Uint8Array {
  sharedWriter.begin()
  writeErrorResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeErrorResponse = (bytes: Uint8Array): ErrorResponse => readErrorResponse(new Reader(bytes, 'grpc.reflection.v1alpha.ErrorResponse'), newErrorResponse())

export const ErrorResponseType: MessageType<ErrorResponse, ErrorResponseInit> = {
  name: 'grpc.reflection.v1alpha.ErrorResponse',
  fields: [
    { number: 1, name: 'error_code', property: 'errorCode', kind: 'int32' },
    { number: 2, name: 'error_message', property: 'errorMessage', kind: 'string' },
  ],
  create: newErrorResponse,
  encode: encodeErrorResponse,
  decode: decodeErrorResponse,
  read: readErrorResponse,
  write: writeErrorResponse,
}

export const ServerReflectionService = {
  name: 'grpc.reflection.v1alpha.ServerReflection',
  methods: {
    ServerReflectionInfo: {
      name: 'ServerReflectionInfo',
      path: '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
      clientStreaming: true,
      serverStreaming: true,
      request: ServerReflectionRequestType,
      response: ServerReflectionResponseType,
      http: [],
    },
  },
} as const satisfies ServiceType
