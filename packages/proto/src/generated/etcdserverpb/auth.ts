// Written by `npm run codegen` from packages/proto/proto/etcdserverpb/auth.proto. Do not change it by hand.
import type { MessageType, Mutable, ServiceType } from '../../runtime/message-type.js'
import { EMPTY, Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'
import * as authpbAuth from '../authpb/auth.js'
import * as etcdserverpbHeader from '../etcdserverpb/header.js'

export interface AuthEnableRequest {
}

/** What is left out has its default. */
export interface AuthEnableRequestInit {
}

export const newAuthEnableRequest = (): AuthEnableRequest => ({})

const AuthEnableRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthEnableRequest(reader: Reader, message: AuthEnableRequest): AuthEnableRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, AuthEnableRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthEnableRequest(_writer: Writer, _message: AuthEnableRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthEnableRequest(message: AuthEnableRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthEnableRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthEnableRequest = (bytes: Uint8Array): AuthEnableRequest => readAuthEnableRequest(new Reader(bytes, 'etcdserverpb.AuthEnableRequest'), newAuthEnableRequest())

export const AuthEnableRequestType: MessageType<AuthEnableRequest, AuthEnableRequestInit> = {
  name: 'etcdserverpb.AuthEnableRequest',
  fields: [],
  create: newAuthEnableRequest,
  encode: encodeAuthEnableRequest,
  decode: decodeAuthEnableRequest,
  read: readAuthEnableRequest,
  write: writeAuthEnableRequest,
}

export interface AuthEnableResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthEnableResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthEnableResponse = (): AuthEnableResponse => ({ header: null })

const AuthEnableResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthEnableResponse(reader: Reader, message: AuthEnableResponse): AuthEnableResponse {
  const m = message as Mutable<AuthEnableResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthEnableResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthEnableResponse(writer: Writer, message: AuthEnableResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthEnableResponse(message: AuthEnableResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthEnableResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthEnableResponse = (bytes: Uint8Array): AuthEnableResponse => readAuthEnableResponse(new Reader(bytes, 'etcdserverpb.AuthEnableResponse'), newAuthEnableResponse())

export const AuthEnableResponseType: MessageType<AuthEnableResponse, AuthEnableResponseInit> = {
  name: 'etcdserverpb.AuthEnableResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthEnableResponse,
  encode: encodeAuthEnableResponse,
  decode: decodeAuthEnableResponse,
  read: readAuthEnableResponse,
  write: writeAuthEnableResponse,
}

export interface AuthDisableRequest {
}

/** What is left out has its default. */
export interface AuthDisableRequestInit {
}

export const newAuthDisableRequest = (): AuthDisableRequest => ({})

const AuthDisableRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthDisableRequest(reader: Reader, message: AuthDisableRequest): AuthDisableRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, AuthDisableRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthDisableRequest(_writer: Writer, _message: AuthDisableRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthDisableRequest(message: AuthDisableRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthDisableRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthDisableRequest = (bytes: Uint8Array): AuthDisableRequest => readAuthDisableRequest(new Reader(bytes, 'etcdserverpb.AuthDisableRequest'), newAuthDisableRequest())

export const AuthDisableRequestType: MessageType<AuthDisableRequest, AuthDisableRequestInit> = {
  name: 'etcdserverpb.AuthDisableRequest',
  fields: [],
  create: newAuthDisableRequest,
  encode: encodeAuthDisableRequest,
  decode: decodeAuthDisableRequest,
  read: readAuthDisableRequest,
  write: writeAuthDisableRequest,
}

export interface AuthDisableResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthDisableResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthDisableResponse = (): AuthDisableResponse => ({ header: null })

const AuthDisableResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthDisableResponse(reader: Reader, message: AuthDisableResponse): AuthDisableResponse {
  const m = message as Mutable<AuthDisableResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthDisableResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthDisableResponse(writer: Writer, message: AuthDisableResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthDisableResponse(message: AuthDisableResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthDisableResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthDisableResponse = (bytes: Uint8Array): AuthDisableResponse => readAuthDisableResponse(new Reader(bytes, 'etcdserverpb.AuthDisableResponse'), newAuthDisableResponse())

export const AuthDisableResponseType: MessageType<AuthDisableResponse, AuthDisableResponseInit> = {
  name: 'etcdserverpb.AuthDisableResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthDisableResponse,
  encode: encodeAuthDisableResponse,
  decode: decodeAuthDisableResponse,
  read: readAuthDisableResponse,
  write: writeAuthDisableResponse,
}

export interface AuthStatusRequest {
}

/** What is left out has its default. */
export interface AuthStatusRequestInit {
}

export const newAuthStatusRequest = (): AuthStatusRequest => ({})

const AuthStatusRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthStatusRequest(reader: Reader, message: AuthStatusRequest): AuthStatusRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, AuthStatusRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthStatusRequest(_writer: Writer, _message: AuthStatusRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthStatusRequest(message: AuthStatusRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthStatusRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthStatusRequest = (bytes: Uint8Array): AuthStatusRequest => readAuthStatusRequest(new Reader(bytes, 'etcdserverpb.AuthStatusRequest'), newAuthStatusRequest())

export const AuthStatusRequestType: MessageType<AuthStatusRequest, AuthStatusRequestInit> = {
  name: 'etcdserverpb.AuthStatusRequest',
  fields: [],
  create: newAuthStatusRequest,
  encode: encodeAuthStatusRequest,
  decode: decodeAuthStatusRequest,
  read: readAuthStatusRequest,
  write: writeAuthStatusRequest,
}

export interface AuthStatusResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly enabled: boolean
  /** Counts every change of users, roles and rights. */
  readonly authRevision: number
}

/** What is left out has its default. */
export interface AuthStatusResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly enabled?: boolean | undefined
  readonly authRevision?: number | undefined
}

export const newAuthStatusResponse = (): AuthStatusResponse => ({ header: null, enabled: false, authRevision: 0 })

const AuthStatusResponseFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthStatusResponse(reader: Reader, message: AuthStatusResponse): AuthStatusResponse {
  const m = message as Mutable<AuthStatusResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 16:
        m.enabled = reader.bool()
        break
      case 24:
        m.authRevision = reader.uint64()
        break
      default:
        reader.skip(tag, AuthStatusResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthStatusResponse(writer: Writer, message: AuthStatusResponseInit): void {
  const v3 = message.authRevision
  if (v3 !== undefined && v3 !== 0) writer.uint64(24, v3)
  const v2 = message.enabled
  if (v2 === true) writer.bool(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthStatusResponse(message: AuthStatusResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthStatusResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthStatusResponse = (bytes: Uint8Array): AuthStatusResponse => readAuthStatusResponse(new Reader(bytes, 'etcdserverpb.AuthStatusResponse'), newAuthStatusResponse())

export const AuthStatusResponseType: MessageType<AuthStatusResponse, AuthStatusResponseInit> = {
  name: 'etcdserverpb.AuthStatusResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'enabled', property: 'enabled', kind: 'bool' },
    { number: 3, name: 'authRevision', property: 'authRevision', kind: 'uint64' },
  ],
  create: newAuthStatusResponse,
  encode: encodeAuthStatusResponse,
  decode: decodeAuthStatusResponse,
  read: readAuthStatusResponse,
  write: writeAuthStatusResponse,
}

export interface AuthenticateRequest {
  readonly name: string
  readonly password: string
}

/** What is left out has its default. */
export interface AuthenticateRequestInit {
  readonly name?: string | undefined
  readonly password?: string | undefined
}

export const newAuthenticateRequest = (): AuthenticateRequest => ({ name: '', password: '' })

const AuthenticateRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthenticateRequest(reader: Reader, message: AuthenticateRequest): AuthenticateRequest {
  const m = message as Mutable<AuthenticateRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      case 18:
        m.password = reader.string()
        break
      default:
        reader.skip(tag, AuthenticateRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthenticateRequest(writer: Writer, message: AuthenticateRequestInit): void {
  const v2 = message.password
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthenticateRequest(message: AuthenticateRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthenticateRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthenticateRequest = (bytes: Uint8Array): AuthenticateRequest => readAuthenticateRequest(new Reader(bytes, 'etcdserverpb.AuthenticateRequest'), newAuthenticateRequest())

export const AuthenticateRequestType: MessageType<AuthenticateRequest, AuthenticateRequestInit> = {
  name: 'etcdserverpb.AuthenticateRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
    { number: 2, name: 'password', property: 'password', kind: 'string' },
  ],
  create: newAuthenticateRequest,
  encode: encodeAuthenticateRequest,
  decode: decodeAuthenticateRequest,
  read: readAuthenticateRequest,
  write: writeAuthenticateRequest,
}

export interface AuthenticateResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly token: string
}

/** What is left out has its default. */
export interface AuthenticateResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly token?: string | undefined
}

export const newAuthenticateResponse = (): AuthenticateResponse => ({ header: null, token: '' })

const AuthenticateResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthenticateResponse(reader: Reader, message: AuthenticateResponse): AuthenticateResponse {
  const m = message as Mutable<AuthenticateResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 18:
        m.token = reader.string()
        break
      default:
        reader.skip(tag, AuthenticateResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthenticateResponse(writer: Writer, message: AuthenticateResponseInit): void {
  const v2 = message.token
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthenticateResponse(message: AuthenticateResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthenticateResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthenticateResponse = (bytes: Uint8Array): AuthenticateResponse => readAuthenticateResponse(new Reader(bytes, 'etcdserverpb.AuthenticateResponse'), newAuthenticateResponse())

export const AuthenticateResponseType: MessageType<AuthenticateResponse, AuthenticateResponseInit> = {
  name: 'etcdserverpb.AuthenticateResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'token', property: 'token', kind: 'string' },
  ],
  create: newAuthenticateResponse,
  encode: encodeAuthenticateResponse,
  decode: decodeAuthenticateResponse,
  read: readAuthenticateResponse,
  write: writeAuthenticateResponse,
}

export interface AuthUserAddRequest {
  readonly name: string
  readonly password: string
  readonly options: authpbAuth.UserAddOptions | null
  readonly hashedPassword: string
}

/** What is left out has its default. */
export interface AuthUserAddRequestInit {
  readonly name?: string | undefined
  readonly password?: string | undefined
  readonly options?: authpbAuth.UserAddOptionsInit | null | undefined
  readonly hashedPassword?: string | undefined
}

export const newAuthUserAddRequest = (): AuthUserAddRequest => ({ name: '', password: '', options: null, hashedPassword: '' })

const AuthUserAddRequestFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserAddRequest(reader: Reader, message: AuthUserAddRequest): AuthUserAddRequest {
  const m = message as Mutable<AuthUserAddRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      case 18:
        m.password = reader.string()
        break
      case 26: {
        const end = reader.open()
        m.options = authpbAuth.readUserAddOptions(reader, m.options ?? authpbAuth.newUserAddOptions())
        reader.close(end)
        break
      }
      case 34:
        m.hashedPassword = reader.string()
        break
      default:
        reader.skip(tag, AuthUserAddRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserAddRequest(writer: Writer, message: AuthUserAddRequestInit): void {
  const v4 = message.hashedPassword
  if (v4 !== undefined && v4 !== '') writer.string(34, v4)
  const v3 = message.options
  if (v3 !== undefined && v3 !== null) {
    const open = writer.open()
    authpbAuth.writeUserAddOptions(writer, v3)
    writer.close(26, open)
  }
  const v2 = message.password
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserAddRequest(message: AuthUserAddRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserAddRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserAddRequest = (bytes: Uint8Array): AuthUserAddRequest => readAuthUserAddRequest(new Reader(bytes, 'etcdserverpb.AuthUserAddRequest'), newAuthUserAddRequest())

export const AuthUserAddRequestType: MessageType<AuthUserAddRequest, AuthUserAddRequestInit> = {
  name: 'etcdserverpb.AuthUserAddRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
    { number: 2, name: 'password', property: 'password', kind: 'string' },
    { number: 3, name: 'options', property: 'options', kind: 'message', message: () => authpbAuth.UserAddOptionsType },
    { number: 4, name: 'hashedPassword', property: 'hashedPassword', kind: 'string' },
  ],
  create: newAuthUserAddRequest,
  encode: encodeAuthUserAddRequest,
  decode: decodeAuthUserAddRequest,
  read: readAuthUserAddRequest,
  write: writeAuthUserAddRequest,
}

export interface AuthUserAddResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthUserAddResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthUserAddResponse = (): AuthUserAddResponse => ({ header: null })

const AuthUserAddResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserAddResponse(reader: Reader, message: AuthUserAddResponse): AuthUserAddResponse {
  const m = message as Mutable<AuthUserAddResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthUserAddResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserAddResponse(writer: Writer, message: AuthUserAddResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserAddResponse(message: AuthUserAddResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserAddResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserAddResponse = (bytes: Uint8Array): AuthUserAddResponse => readAuthUserAddResponse(new Reader(bytes, 'etcdserverpb.AuthUserAddResponse'), newAuthUserAddResponse())

export const AuthUserAddResponseType: MessageType<AuthUserAddResponse, AuthUserAddResponseInit> = {
  name: 'etcdserverpb.AuthUserAddResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthUserAddResponse,
  encode: encodeAuthUserAddResponse,
  decode: decodeAuthUserAddResponse,
  read: readAuthUserAddResponse,
  write: writeAuthUserAddResponse,
}

export interface AuthUserGetRequest {
  readonly name: string
}

/** What is left out has its default. */
export interface AuthUserGetRequestInit {
  readonly name?: string | undefined
}

export const newAuthUserGetRequest = (): AuthUserGetRequest => ({ name: '' })

const AuthUserGetRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserGetRequest(reader: Reader, message: AuthUserGetRequest): AuthUserGetRequest {
  const m = message as Mutable<AuthUserGetRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      default:
        reader.skip(tag, AuthUserGetRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserGetRequest(writer: Writer, message: AuthUserGetRequestInit): void {
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserGetRequest(message: AuthUserGetRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserGetRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserGetRequest = (bytes: Uint8Array): AuthUserGetRequest => readAuthUserGetRequest(new Reader(bytes, 'etcdserverpb.AuthUserGetRequest'), newAuthUserGetRequest())

export const AuthUserGetRequestType: MessageType<AuthUserGetRequest, AuthUserGetRequestInit> = {
  name: 'etcdserverpb.AuthUserGetRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
  ],
  create: newAuthUserGetRequest,
  encode: encodeAuthUserGetRequest,
  decode: decodeAuthUserGetRequest,
  read: readAuthUserGetRequest,
  write: writeAuthUserGetRequest,
}

export interface AuthUserGetResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly roles: readonly string[]
}

/** What is left out has its default. */
export interface AuthUserGetResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly roles?: readonly string[] | undefined
}

export const newAuthUserGetResponse = (): AuthUserGetResponse => ({ header: null, roles: [] })

const AuthUserGetResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserGetResponse(reader: Reader, message: AuthUserGetResponse): AuthUserGetResponse {
  const m = message as Mutable<AuthUserGetResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 18:
        m.roles.push(reader.string())
        break
      default:
        reader.skip(tag, AuthUserGetResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserGetResponse(writer: Writer, message: AuthUserGetResponseInit): void {
  const v2 = message.roles
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) writer.string(18, v2[at] as string)
  }
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserGetResponse(message: AuthUserGetResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserGetResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserGetResponse = (bytes: Uint8Array): AuthUserGetResponse => readAuthUserGetResponse(new Reader(bytes, 'etcdserverpb.AuthUserGetResponse'), newAuthUserGetResponse())

export const AuthUserGetResponseType: MessageType<AuthUserGetResponse, AuthUserGetResponseInit> = {
  name: 'etcdserverpb.AuthUserGetResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'roles', property: 'roles', kind: 'string', repeated: true },
  ],
  create: newAuthUserGetResponse,
  encode: encodeAuthUserGetResponse,
  decode: decodeAuthUserGetResponse,
  read: readAuthUserGetResponse,
  write: writeAuthUserGetResponse,
}

export interface AuthUserListRequest {
}

/** What is left out has its default. */
export interface AuthUserListRequestInit {
}

export const newAuthUserListRequest = (): AuthUserListRequest => ({})

const AuthUserListRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserListRequest(reader: Reader, message: AuthUserListRequest): AuthUserListRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, AuthUserListRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserListRequest(_writer: Writer, _message: AuthUserListRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserListRequest(message: AuthUserListRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserListRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserListRequest = (bytes: Uint8Array): AuthUserListRequest => readAuthUserListRequest(new Reader(bytes, 'etcdserverpb.AuthUserListRequest'), newAuthUserListRequest())

export const AuthUserListRequestType: MessageType<AuthUserListRequest, AuthUserListRequestInit> = {
  name: 'etcdserverpb.AuthUserListRequest',
  fields: [],
  create: newAuthUserListRequest,
  encode: encodeAuthUserListRequest,
  decode: decodeAuthUserListRequest,
  read: readAuthUserListRequest,
  write: writeAuthUserListRequest,
}

export interface AuthUserListResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly users: readonly string[]
}

/** What is left out has its default. */
export interface AuthUserListResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly users?: readonly string[] | undefined
}

export const newAuthUserListResponse = (): AuthUserListResponse => ({ header: null, users: [] })

const AuthUserListResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserListResponse(reader: Reader, message: AuthUserListResponse): AuthUserListResponse {
  const m = message as Mutable<AuthUserListResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 18:
        m.users.push(reader.string())
        break
      default:
        reader.skip(tag, AuthUserListResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserListResponse(writer: Writer, message: AuthUserListResponseInit): void {
  const v2 = message.users
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) writer.string(18, v2[at] as string)
  }
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserListResponse(message: AuthUserListResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserListResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserListResponse = (bytes: Uint8Array): AuthUserListResponse => readAuthUserListResponse(new Reader(bytes, 'etcdserverpb.AuthUserListResponse'), newAuthUserListResponse())

export const AuthUserListResponseType: MessageType<AuthUserListResponse, AuthUserListResponseInit> = {
  name: 'etcdserverpb.AuthUserListResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'users', property: 'users', kind: 'string', repeated: true },
  ],
  create: newAuthUserListResponse,
  encode: encodeAuthUserListResponse,
  decode: decodeAuthUserListResponse,
  read: readAuthUserListResponse,
  write: writeAuthUserListResponse,
}

export interface AuthUserDeleteRequest {
  readonly name: string
}

/** What is left out has its default. */
export interface AuthUserDeleteRequestInit {
  readonly name?: string | undefined
}

export const newAuthUserDeleteRequest = (): AuthUserDeleteRequest => ({ name: '' })

const AuthUserDeleteRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserDeleteRequest(reader: Reader, message: AuthUserDeleteRequest): AuthUserDeleteRequest {
  const m = message as Mutable<AuthUserDeleteRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      default:
        reader.skip(tag, AuthUserDeleteRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserDeleteRequest(writer: Writer, message: AuthUserDeleteRequestInit): void {
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserDeleteRequest(message: AuthUserDeleteRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserDeleteRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserDeleteRequest = (bytes: Uint8Array): AuthUserDeleteRequest => readAuthUserDeleteRequest(new Reader(bytes, 'etcdserverpb.AuthUserDeleteRequest'), newAuthUserDeleteRequest())

export const AuthUserDeleteRequestType: MessageType<AuthUserDeleteRequest, AuthUserDeleteRequestInit> = {
  name: 'etcdserverpb.AuthUserDeleteRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
  ],
  create: newAuthUserDeleteRequest,
  encode: encodeAuthUserDeleteRequest,
  decode: decodeAuthUserDeleteRequest,
  read: readAuthUserDeleteRequest,
  write: writeAuthUserDeleteRequest,
}

export interface AuthUserDeleteResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthUserDeleteResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthUserDeleteResponse = (): AuthUserDeleteResponse => ({ header: null })

const AuthUserDeleteResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserDeleteResponse(reader: Reader, message: AuthUserDeleteResponse): AuthUserDeleteResponse {
  const m = message as Mutable<AuthUserDeleteResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthUserDeleteResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserDeleteResponse(writer: Writer, message: AuthUserDeleteResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserDeleteResponse(message: AuthUserDeleteResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserDeleteResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserDeleteResponse = (bytes: Uint8Array): AuthUserDeleteResponse => readAuthUserDeleteResponse(new Reader(bytes, 'etcdserverpb.AuthUserDeleteResponse'), newAuthUserDeleteResponse())

export const AuthUserDeleteResponseType: MessageType<AuthUserDeleteResponse, AuthUserDeleteResponseInit> = {
  name: 'etcdserverpb.AuthUserDeleteResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthUserDeleteResponse,
  encode: encodeAuthUserDeleteResponse,
  decode: decodeAuthUserDeleteResponse,
  read: readAuthUserDeleteResponse,
  write: writeAuthUserDeleteResponse,
}

export interface AuthUserChangePasswordRequest {
  readonly name: string
  readonly password: string
  readonly hashedPassword: string
}

/** What is left out has its default. */
export interface AuthUserChangePasswordRequestInit {
  readonly name?: string | undefined
  readonly password?: string | undefined
  readonly hashedPassword?: string | undefined
}

export const newAuthUserChangePasswordRequest = (): AuthUserChangePasswordRequest => ({ name: '', password: '', hashedPassword: '' })

const AuthUserChangePasswordRequestFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserChangePasswordRequest(reader: Reader, message: AuthUserChangePasswordRequest): AuthUserChangePasswordRequest {
  const m = message as Mutable<AuthUserChangePasswordRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      case 18:
        m.password = reader.string()
        break
      case 26:
        m.hashedPassword = reader.string()
        break
      default:
        reader.skip(tag, AuthUserChangePasswordRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserChangePasswordRequest(writer: Writer, message: AuthUserChangePasswordRequestInit): void {
  const v3 = message.hashedPassword
  if (v3 !== undefined && v3 !== '') writer.string(26, v3)
  const v2 = message.password
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserChangePasswordRequest(message: AuthUserChangePasswordRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserChangePasswordRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserChangePasswordRequest = (bytes: Uint8Array): AuthUserChangePasswordRequest => readAuthUserChangePasswordRequest(new Reader(bytes, 'etcdserverpb.AuthUserChangePasswordRequest'), newAuthUserChangePasswordRequest())

export const AuthUserChangePasswordRequestType: MessageType<AuthUserChangePasswordRequest, AuthUserChangePasswordRequestInit> = {
  name: 'etcdserverpb.AuthUserChangePasswordRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
    { number: 2, name: 'password', property: 'password', kind: 'string' },
    { number: 3, name: 'hashedPassword', property: 'hashedPassword', kind: 'string' },
  ],
  create: newAuthUserChangePasswordRequest,
  encode: encodeAuthUserChangePasswordRequest,
  decode: decodeAuthUserChangePasswordRequest,
  read: readAuthUserChangePasswordRequest,
  write: writeAuthUserChangePasswordRequest,
}

export interface AuthUserChangePasswordResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthUserChangePasswordResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthUserChangePasswordResponse = (): AuthUserChangePasswordResponse => ({ header: null })

const AuthUserChangePasswordResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserChangePasswordResponse(reader: Reader, message: AuthUserChangePasswordResponse): AuthUserChangePasswordResponse {
  const m = message as Mutable<AuthUserChangePasswordResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthUserChangePasswordResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserChangePasswordResponse(writer: Writer, message: AuthUserChangePasswordResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserChangePasswordResponse(message: AuthUserChangePasswordResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserChangePasswordResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserChangePasswordResponse = (bytes: Uint8Array): AuthUserChangePasswordResponse => readAuthUserChangePasswordResponse(new Reader(bytes, 'etcdserverpb.AuthUserChangePasswordResponse'), newAuthUserChangePasswordResponse())

export const AuthUserChangePasswordResponseType: MessageType<AuthUserChangePasswordResponse, AuthUserChangePasswordResponseInit> = {
  name: 'etcdserverpb.AuthUserChangePasswordResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthUserChangePasswordResponse,
  encode: encodeAuthUserChangePasswordResponse,
  decode: decodeAuthUserChangePasswordResponse,
  read: readAuthUserChangePasswordResponse,
  write: writeAuthUserChangePasswordResponse,
}

export interface AuthUserGrantRoleRequest {
  readonly user: string
  readonly role: string
}

/** What is left out has its default. */
export interface AuthUserGrantRoleRequestInit {
  readonly user?: string | undefined
  readonly role?: string | undefined
}

export const newAuthUserGrantRoleRequest = (): AuthUserGrantRoleRequest => ({ user: '', role: '' })

const AuthUserGrantRoleRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserGrantRoleRequest(reader: Reader, message: AuthUserGrantRoleRequest): AuthUserGrantRoleRequest {
  const m = message as Mutable<AuthUserGrantRoleRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.user = reader.string()
        break
      case 18:
        m.role = reader.string()
        break
      default:
        reader.skip(tag, AuthUserGrantRoleRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserGrantRoleRequest(writer: Writer, message: AuthUserGrantRoleRequestInit): void {
  const v2 = message.role
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.user
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserGrantRoleRequest(message: AuthUserGrantRoleRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserGrantRoleRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserGrantRoleRequest = (bytes: Uint8Array): AuthUserGrantRoleRequest => readAuthUserGrantRoleRequest(new Reader(bytes, 'etcdserverpb.AuthUserGrantRoleRequest'), newAuthUserGrantRoleRequest())

export const AuthUserGrantRoleRequestType: MessageType<AuthUserGrantRoleRequest, AuthUserGrantRoleRequestInit> = {
  name: 'etcdserverpb.AuthUserGrantRoleRequest',
  fields: [
    { number: 1, name: 'user', property: 'user', kind: 'string' },
    { number: 2, name: 'role', property: 'role', kind: 'string' },
  ],
  create: newAuthUserGrantRoleRequest,
  encode: encodeAuthUserGrantRoleRequest,
  decode: decodeAuthUserGrantRoleRequest,
  read: readAuthUserGrantRoleRequest,
  write: writeAuthUserGrantRoleRequest,
}

export interface AuthUserGrantRoleResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthUserGrantRoleResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthUserGrantRoleResponse = (): AuthUserGrantRoleResponse => ({ header: null })

const AuthUserGrantRoleResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserGrantRoleResponse(reader: Reader, message: AuthUserGrantRoleResponse): AuthUserGrantRoleResponse {
  const m = message as Mutable<AuthUserGrantRoleResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthUserGrantRoleResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserGrantRoleResponse(writer: Writer, message: AuthUserGrantRoleResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserGrantRoleResponse(message: AuthUserGrantRoleResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserGrantRoleResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserGrantRoleResponse = (bytes: Uint8Array): AuthUserGrantRoleResponse => readAuthUserGrantRoleResponse(new Reader(bytes, 'etcdserverpb.AuthUserGrantRoleResponse'), newAuthUserGrantRoleResponse())

export const AuthUserGrantRoleResponseType: MessageType<AuthUserGrantRoleResponse, AuthUserGrantRoleResponseInit> = {
  name: 'etcdserverpb.AuthUserGrantRoleResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthUserGrantRoleResponse,
  encode: encodeAuthUserGrantRoleResponse,
  decode: decodeAuthUserGrantRoleResponse,
  read: readAuthUserGrantRoleResponse,
  write: writeAuthUserGrantRoleResponse,
}

export interface AuthUserRevokeRoleRequest {
  readonly name: string
  readonly role: string
}

/** What is left out has its default. */
export interface AuthUserRevokeRoleRequestInit {
  readonly name?: string | undefined
  readonly role?: string | undefined
}

export const newAuthUserRevokeRoleRequest = (): AuthUserRevokeRoleRequest => ({ name: '', role: '' })

const AuthUserRevokeRoleRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserRevokeRoleRequest(reader: Reader, message: AuthUserRevokeRoleRequest): AuthUserRevokeRoleRequest {
  const m = message as Mutable<AuthUserRevokeRoleRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      case 18:
        m.role = reader.string()
        break
      default:
        reader.skip(tag, AuthUserRevokeRoleRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserRevokeRoleRequest(writer: Writer, message: AuthUserRevokeRoleRequestInit): void {
  const v2 = message.role
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserRevokeRoleRequest(message: AuthUserRevokeRoleRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserRevokeRoleRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserRevokeRoleRequest = (bytes: Uint8Array): AuthUserRevokeRoleRequest => readAuthUserRevokeRoleRequest(new Reader(bytes, 'etcdserverpb.AuthUserRevokeRoleRequest'), newAuthUserRevokeRoleRequest())

export const AuthUserRevokeRoleRequestType: MessageType<AuthUserRevokeRoleRequest, AuthUserRevokeRoleRequestInit> = {
  name: 'etcdserverpb.AuthUserRevokeRoleRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
    { number: 2, name: 'role', property: 'role', kind: 'string' },
  ],
  create: newAuthUserRevokeRoleRequest,
  encode: encodeAuthUserRevokeRoleRequest,
  decode: decodeAuthUserRevokeRoleRequest,
  read: readAuthUserRevokeRoleRequest,
  write: writeAuthUserRevokeRoleRequest,
}

export interface AuthUserRevokeRoleResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthUserRevokeRoleResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthUserRevokeRoleResponse = (): AuthUserRevokeRoleResponse => ({ header: null })

const AuthUserRevokeRoleResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthUserRevokeRoleResponse(reader: Reader, message: AuthUserRevokeRoleResponse): AuthUserRevokeRoleResponse {
  const m = message as Mutable<AuthUserRevokeRoleResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthUserRevokeRoleResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthUserRevokeRoleResponse(writer: Writer, message: AuthUserRevokeRoleResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthUserRevokeRoleResponse(message: AuthUserRevokeRoleResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthUserRevokeRoleResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthUserRevokeRoleResponse = (bytes: Uint8Array): AuthUserRevokeRoleResponse => readAuthUserRevokeRoleResponse(new Reader(bytes, 'etcdserverpb.AuthUserRevokeRoleResponse'), newAuthUserRevokeRoleResponse())

export const AuthUserRevokeRoleResponseType: MessageType<AuthUserRevokeRoleResponse, AuthUserRevokeRoleResponseInit> = {
  name: 'etcdserverpb.AuthUserRevokeRoleResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthUserRevokeRoleResponse,
  encode: encodeAuthUserRevokeRoleResponse,
  decode: decodeAuthUserRevokeRoleResponse,
  read: readAuthUserRevokeRoleResponse,
  write: writeAuthUserRevokeRoleResponse,
}

export interface AuthRoleAddRequest {
  readonly name: string
}

/** What is left out has its default. */
export interface AuthRoleAddRequestInit {
  readonly name?: string | undefined
}

export const newAuthRoleAddRequest = (): AuthRoleAddRequest => ({ name: '' })

const AuthRoleAddRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleAddRequest(reader: Reader, message: AuthRoleAddRequest): AuthRoleAddRequest {
  const m = message as Mutable<AuthRoleAddRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      default:
        reader.skip(tag, AuthRoleAddRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleAddRequest(writer: Writer, message: AuthRoleAddRequestInit): void {
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleAddRequest(message: AuthRoleAddRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleAddRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleAddRequest = (bytes: Uint8Array): AuthRoleAddRequest => readAuthRoleAddRequest(new Reader(bytes, 'etcdserverpb.AuthRoleAddRequest'), newAuthRoleAddRequest())

export const AuthRoleAddRequestType: MessageType<AuthRoleAddRequest, AuthRoleAddRequestInit> = {
  name: 'etcdserverpb.AuthRoleAddRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
  ],
  create: newAuthRoleAddRequest,
  encode: encodeAuthRoleAddRequest,
  decode: decodeAuthRoleAddRequest,
  read: readAuthRoleAddRequest,
  write: writeAuthRoleAddRequest,
}

export interface AuthRoleAddResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthRoleAddResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthRoleAddResponse = (): AuthRoleAddResponse => ({ header: null })

const AuthRoleAddResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleAddResponse(reader: Reader, message: AuthRoleAddResponse): AuthRoleAddResponse {
  const m = message as Mutable<AuthRoleAddResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthRoleAddResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleAddResponse(writer: Writer, message: AuthRoleAddResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleAddResponse(message: AuthRoleAddResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleAddResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleAddResponse = (bytes: Uint8Array): AuthRoleAddResponse => readAuthRoleAddResponse(new Reader(bytes, 'etcdserverpb.AuthRoleAddResponse'), newAuthRoleAddResponse())

export const AuthRoleAddResponseType: MessageType<AuthRoleAddResponse, AuthRoleAddResponseInit> = {
  name: 'etcdserverpb.AuthRoleAddResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthRoleAddResponse,
  encode: encodeAuthRoleAddResponse,
  decode: decodeAuthRoleAddResponse,
  read: readAuthRoleAddResponse,
  write: writeAuthRoleAddResponse,
}

export interface AuthRoleGetRequest {
  readonly role: string
}

/** What is left out has its default. */
export interface AuthRoleGetRequestInit {
  readonly role?: string | undefined
}

export const newAuthRoleGetRequest = (): AuthRoleGetRequest => ({ role: '' })

const AuthRoleGetRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleGetRequest(reader: Reader, message: AuthRoleGetRequest): AuthRoleGetRequest {
  const m = message as Mutable<AuthRoleGetRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.role = reader.string()
        break
      default:
        reader.skip(tag, AuthRoleGetRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleGetRequest(writer: Writer, message: AuthRoleGetRequestInit): void {
  const v1 = message.role
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleGetRequest(message: AuthRoleGetRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleGetRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleGetRequest = (bytes: Uint8Array): AuthRoleGetRequest => readAuthRoleGetRequest(new Reader(bytes, 'etcdserverpb.AuthRoleGetRequest'), newAuthRoleGetRequest())

export const AuthRoleGetRequestType: MessageType<AuthRoleGetRequest, AuthRoleGetRequestInit> = {
  name: 'etcdserverpb.AuthRoleGetRequest',
  fields: [
    { number: 1, name: 'role', property: 'role', kind: 'string' },
  ],
  create: newAuthRoleGetRequest,
  encode: encodeAuthRoleGetRequest,
  decode: decodeAuthRoleGetRequest,
  read: readAuthRoleGetRequest,
  write: writeAuthRoleGetRequest,
}

export interface AuthRoleGetResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly perm: readonly authpbAuth.Permission[]
}

/** What is left out has its default. */
export interface AuthRoleGetResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly perm?: readonly authpbAuth.PermissionInit[] | undefined
}

export const newAuthRoleGetResponse = (): AuthRoleGetResponse => ({ header: null, perm: [] })

const AuthRoleGetResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleGetResponse(reader: Reader, message: AuthRoleGetResponse): AuthRoleGetResponse {
  const m = message as Mutable<AuthRoleGetResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.perm.push(authpbAuth.readPermission(reader, authpbAuth.newPermission()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthRoleGetResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleGetResponse(writer: Writer, message: AuthRoleGetResponseInit): void {
  const v2 = message.perm
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      authpbAuth.writePermission(writer, v2[at] as authpbAuth.PermissionInit)
      writer.close(18, open)
    }
  }
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleGetResponse(message: AuthRoleGetResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleGetResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleGetResponse = (bytes: Uint8Array): AuthRoleGetResponse => readAuthRoleGetResponse(new Reader(bytes, 'etcdserverpb.AuthRoleGetResponse'), newAuthRoleGetResponse())

export const AuthRoleGetResponseType: MessageType<AuthRoleGetResponse, AuthRoleGetResponseInit> = {
  name: 'etcdserverpb.AuthRoleGetResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'perm', property: 'perm', kind: 'message', repeated: true, message: () => authpbAuth.PermissionType },
  ],
  create: newAuthRoleGetResponse,
  encode: encodeAuthRoleGetResponse,
  decode: decodeAuthRoleGetResponse,
  read: readAuthRoleGetResponse,
  write: writeAuthRoleGetResponse,
}

export interface AuthRoleListRequest {
}

/** What is left out has its default. */
export interface AuthRoleListRequestInit {
}

export const newAuthRoleListRequest = (): AuthRoleListRequest => ({})

const AuthRoleListRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleListRequest(reader: Reader, message: AuthRoleListRequest): AuthRoleListRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, AuthRoleListRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleListRequest(_writer: Writer, _message: AuthRoleListRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleListRequest(message: AuthRoleListRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleListRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleListRequest = (bytes: Uint8Array): AuthRoleListRequest => readAuthRoleListRequest(new Reader(bytes, 'etcdserverpb.AuthRoleListRequest'), newAuthRoleListRequest())

export const AuthRoleListRequestType: MessageType<AuthRoleListRequest, AuthRoleListRequestInit> = {
  name: 'etcdserverpb.AuthRoleListRequest',
  fields: [],
  create: newAuthRoleListRequest,
  encode: encodeAuthRoleListRequest,
  decode: decodeAuthRoleListRequest,
  read: readAuthRoleListRequest,
  write: writeAuthRoleListRequest,
}

export interface AuthRoleListResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly roles: readonly string[]
}

/** What is left out has its default. */
export interface AuthRoleListResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly roles?: readonly string[] | undefined
}

export const newAuthRoleListResponse = (): AuthRoleListResponse => ({ header: null, roles: [] })

const AuthRoleListResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleListResponse(reader: Reader, message: AuthRoleListResponse): AuthRoleListResponse {
  const m = message as Mutable<AuthRoleListResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 18:
        m.roles.push(reader.string())
        break
      default:
        reader.skip(tag, AuthRoleListResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleListResponse(writer: Writer, message: AuthRoleListResponseInit): void {
  const v2 = message.roles
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) writer.string(18, v2[at] as string)
  }
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleListResponse(message: AuthRoleListResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleListResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleListResponse = (bytes: Uint8Array): AuthRoleListResponse => readAuthRoleListResponse(new Reader(bytes, 'etcdserverpb.AuthRoleListResponse'), newAuthRoleListResponse())

export const AuthRoleListResponseType: MessageType<AuthRoleListResponse, AuthRoleListResponseInit> = {
  name: 'etcdserverpb.AuthRoleListResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'roles', property: 'roles', kind: 'string', repeated: true },
  ],
  create: newAuthRoleListResponse,
  encode: encodeAuthRoleListResponse,
  decode: decodeAuthRoleListResponse,
  read: readAuthRoleListResponse,
  write: writeAuthRoleListResponse,
}

export interface AuthRoleDeleteRequest {
  readonly role: string
}

/** What is left out has its default. */
export interface AuthRoleDeleteRequestInit {
  readonly role?: string | undefined
}

export const newAuthRoleDeleteRequest = (): AuthRoleDeleteRequest => ({ role: '' })

const AuthRoleDeleteRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleDeleteRequest(reader: Reader, message: AuthRoleDeleteRequest): AuthRoleDeleteRequest {
  const m = message as Mutable<AuthRoleDeleteRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.role = reader.string()
        break
      default:
        reader.skip(tag, AuthRoleDeleteRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleDeleteRequest(writer: Writer, message: AuthRoleDeleteRequestInit): void {
  const v1 = message.role
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleDeleteRequest(message: AuthRoleDeleteRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleDeleteRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleDeleteRequest = (bytes: Uint8Array): AuthRoleDeleteRequest => readAuthRoleDeleteRequest(new Reader(bytes, 'etcdserverpb.AuthRoleDeleteRequest'), newAuthRoleDeleteRequest())

export const AuthRoleDeleteRequestType: MessageType<AuthRoleDeleteRequest, AuthRoleDeleteRequestInit> = {
  name: 'etcdserverpb.AuthRoleDeleteRequest',
  fields: [
    { number: 1, name: 'role', property: 'role', kind: 'string' },
  ],
  create: newAuthRoleDeleteRequest,
  encode: encodeAuthRoleDeleteRequest,
  decode: decodeAuthRoleDeleteRequest,
  read: readAuthRoleDeleteRequest,
  write: writeAuthRoleDeleteRequest,
}

export interface AuthRoleDeleteResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthRoleDeleteResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthRoleDeleteResponse = (): AuthRoleDeleteResponse => ({ header: null })

const AuthRoleDeleteResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleDeleteResponse(reader: Reader, message: AuthRoleDeleteResponse): AuthRoleDeleteResponse {
  const m = message as Mutable<AuthRoleDeleteResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthRoleDeleteResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleDeleteResponse(writer: Writer, message: AuthRoleDeleteResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleDeleteResponse(message: AuthRoleDeleteResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleDeleteResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleDeleteResponse = (bytes: Uint8Array): AuthRoleDeleteResponse => readAuthRoleDeleteResponse(new Reader(bytes, 'etcdserverpb.AuthRoleDeleteResponse'), newAuthRoleDeleteResponse())

export const AuthRoleDeleteResponseType: MessageType<AuthRoleDeleteResponse, AuthRoleDeleteResponseInit> = {
  name: 'etcdserverpb.AuthRoleDeleteResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthRoleDeleteResponse,
  encode: encodeAuthRoleDeleteResponse,
  decode: decodeAuthRoleDeleteResponse,
  read: readAuthRoleDeleteResponse,
  write: writeAuthRoleDeleteResponse,
}

export interface AuthRoleGrantPermissionRequest {
  readonly name: string
  readonly perm: authpbAuth.Permission | null
}

/** What is left out has its default. */
export interface AuthRoleGrantPermissionRequestInit {
  readonly name?: string | undefined
  readonly perm?: authpbAuth.PermissionInit | null | undefined
}

export const newAuthRoleGrantPermissionRequest = (): AuthRoleGrantPermissionRequest => ({ name: '', perm: null })

const AuthRoleGrantPermissionRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleGrantPermissionRequest(reader: Reader, message: AuthRoleGrantPermissionRequest): AuthRoleGrantPermissionRequest {
  const m = message as Mutable<AuthRoleGrantPermissionRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.string()
        break
      case 18: {
        const end = reader.open()
        m.perm = authpbAuth.readPermission(reader, m.perm ?? authpbAuth.newPermission())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthRoleGrantPermissionRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleGrantPermissionRequest(writer: Writer, message: AuthRoleGrantPermissionRequestInit): void {
  const v2 = message.perm
  if (v2 !== undefined && v2 !== null) {
    const open = writer.open()
    authpbAuth.writePermission(writer, v2)
    writer.close(18, open)
  }
  const v1 = message.name
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleGrantPermissionRequest(message: AuthRoleGrantPermissionRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleGrantPermissionRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleGrantPermissionRequest = (bytes: Uint8Array): AuthRoleGrantPermissionRequest => readAuthRoleGrantPermissionRequest(new Reader(bytes, 'etcdserverpb.AuthRoleGrantPermissionRequest'), newAuthRoleGrantPermissionRequest())

export const AuthRoleGrantPermissionRequestType: MessageType<AuthRoleGrantPermissionRequest, AuthRoleGrantPermissionRequestInit> = {
  name: 'etcdserverpb.AuthRoleGrantPermissionRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'string' },
    { number: 2, name: 'perm', property: 'perm', kind: 'message', message: () => authpbAuth.PermissionType },
  ],
  create: newAuthRoleGrantPermissionRequest,
  encode: encodeAuthRoleGrantPermissionRequest,
  decode: decodeAuthRoleGrantPermissionRequest,
  read: readAuthRoleGrantPermissionRequest,
  write: writeAuthRoleGrantPermissionRequest,
}

export interface AuthRoleGrantPermissionResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthRoleGrantPermissionResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthRoleGrantPermissionResponse = (): AuthRoleGrantPermissionResponse => ({ header: null })

const AuthRoleGrantPermissionResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleGrantPermissionResponse(reader: Reader, message: AuthRoleGrantPermissionResponse): AuthRoleGrantPermissionResponse {
  const m = message as Mutable<AuthRoleGrantPermissionResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthRoleGrantPermissionResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleGrantPermissionResponse(writer: Writer, message: AuthRoleGrantPermissionResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleGrantPermissionResponse(message: AuthRoleGrantPermissionResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleGrantPermissionResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleGrantPermissionResponse = (bytes: Uint8Array): AuthRoleGrantPermissionResponse => readAuthRoleGrantPermissionResponse(new Reader(bytes, 'etcdserverpb.AuthRoleGrantPermissionResponse'), newAuthRoleGrantPermissionResponse())

export const AuthRoleGrantPermissionResponseType: MessageType<AuthRoleGrantPermissionResponse, AuthRoleGrantPermissionResponseInit> = {
  name: 'etcdserverpb.AuthRoleGrantPermissionResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthRoleGrantPermissionResponse,
  encode: encodeAuthRoleGrantPermissionResponse,
  decode: decodeAuthRoleGrantPermissionResponse,
  read: readAuthRoleGrantPermissionResponse,
  write: writeAuthRoleGrantPermissionResponse,
}

export interface AuthRoleRevokePermissionRequest {
  readonly role: string
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

/** What is left out has its default. */
export interface AuthRoleRevokePermissionRequestInit {
  readonly role?: string | undefined
  readonly key?: Uint8Array | undefined
  readonly rangeEnd?: Uint8Array | undefined
}

export const newAuthRoleRevokePermissionRequest = (): AuthRoleRevokePermissionRequest => ({ role: '', key: EMPTY, rangeEnd: EMPTY })

const AuthRoleRevokePermissionRequestFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleRevokePermissionRequest(reader: Reader, message: AuthRoleRevokePermissionRequest): AuthRoleRevokePermissionRequest {
  const m = message as Mutable<AuthRoleRevokePermissionRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.role = reader.string()
        break
      case 18:
        m.key = reader.bytes()
        break
      case 26:
        m.rangeEnd = reader.bytes()
        break
      default:
        reader.skip(tag, AuthRoleRevokePermissionRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleRevokePermissionRequest(writer: Writer, message: AuthRoleRevokePermissionRequestInit): void {
  const v3 = message.rangeEnd
  if (v3 !== undefined && v3.length > 0) writer.bytes(26, v3)
  const v2 = message.key
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.role
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleRevokePermissionRequest(message: AuthRoleRevokePermissionRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleRevokePermissionRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleRevokePermissionRequest = (bytes: Uint8Array): AuthRoleRevokePermissionRequest => readAuthRoleRevokePermissionRequest(new Reader(bytes, 'etcdserverpb.AuthRoleRevokePermissionRequest'), newAuthRoleRevokePermissionRequest())

export const AuthRoleRevokePermissionRequestType: MessageType<AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionRequestInit> = {
  name: 'etcdserverpb.AuthRoleRevokePermissionRequest',
  fields: [
    { number: 1, name: 'role', property: 'role', kind: 'string' },
    { number: 2, name: 'key', property: 'key', kind: 'bytes' },
    { number: 3, name: 'range_end', property: 'rangeEnd', kind: 'bytes' },
  ],
  create: newAuthRoleRevokePermissionRequest,
  encode: encodeAuthRoleRevokePermissionRequest,
  decode: decodeAuthRoleRevokePermissionRequest,
  read: readAuthRoleRevokePermissionRequest,
  write: writeAuthRoleRevokePermissionRequest,
}

export interface AuthRoleRevokePermissionResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface AuthRoleRevokePermissionResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newAuthRoleRevokePermissionResponse = (): AuthRoleRevokePermissionResponse => ({ header: null })

const AuthRoleRevokePermissionResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAuthRoleRevokePermissionResponse(reader: Reader, message: AuthRoleRevokePermissionResponse): AuthRoleRevokePermissionResponse {
  const m = message as Mutable<AuthRoleRevokePermissionResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AuthRoleRevokePermissionResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAuthRoleRevokePermissionResponse(writer: Writer, message: AuthRoleRevokePermissionResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAuthRoleRevokePermissionResponse(message: AuthRoleRevokePermissionResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAuthRoleRevokePermissionResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAuthRoleRevokePermissionResponse = (bytes: Uint8Array): AuthRoleRevokePermissionResponse => readAuthRoleRevokePermissionResponse(new Reader(bytes, 'etcdserverpb.AuthRoleRevokePermissionResponse'), newAuthRoleRevokePermissionResponse())

export const AuthRoleRevokePermissionResponseType: MessageType<AuthRoleRevokePermissionResponse, AuthRoleRevokePermissionResponseInit> = {
  name: 'etcdserverpb.AuthRoleRevokePermissionResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newAuthRoleRevokePermissionResponse,
  encode: encodeAuthRoleRevokePermissionResponse,
  decode: decodeAuthRoleRevokePermissionResponse,
  read: readAuthRoleRevokePermissionResponse,
  write: writeAuthRoleRevokePermissionResponse,
}

export const AuthService = {
  name: 'etcdserverpb.Auth',
  methods: {
    AuthEnable: {
      name: 'AuthEnable',
      path: '/etcdserverpb.Auth/AuthEnable',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthEnableRequestType,
      response: AuthEnableResponseType,
      http: ['/v3/auth/enable'],
    },
    AuthDisable: {
      name: 'AuthDisable',
      path: '/etcdserverpb.Auth/AuthDisable',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthDisableRequestType,
      response: AuthDisableResponseType,
      http: ['/v3/auth/disable'],
    },
    AuthStatus: {
      name: 'AuthStatus',
      path: '/etcdserverpb.Auth/AuthStatus',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthStatusRequestType,
      response: AuthStatusResponseType,
      http: ['/v3/auth/status'],
    },
    Authenticate: {
      name: 'Authenticate',
      path: '/etcdserverpb.Auth/Authenticate',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthenticateRequestType,
      response: AuthenticateResponseType,
      http: ['/v3/auth/authenticate'],
    },
    UserAdd: {
      name: 'UserAdd',
      path: '/etcdserverpb.Auth/UserAdd',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthUserAddRequestType,
      response: AuthUserAddResponseType,
      http: ['/v3/auth/user/add'],
    },
    UserGet: {
      name: 'UserGet',
      path: '/etcdserverpb.Auth/UserGet',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthUserGetRequestType,
      response: AuthUserGetResponseType,
      http: ['/v3/auth/user/get'],
    },
    UserList: {
      name: 'UserList',
      path: '/etcdserverpb.Auth/UserList',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthUserListRequestType,
      response: AuthUserListResponseType,
      http: ['/v3/auth/user/list'],
    },
    UserDelete: {
      name: 'UserDelete',
      path: '/etcdserverpb.Auth/UserDelete',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthUserDeleteRequestType,
      response: AuthUserDeleteResponseType,
      http: ['/v3/auth/user/delete'],
    },
    UserChangePassword: {
      name: 'UserChangePassword',
      path: '/etcdserverpb.Auth/UserChangePassword',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthUserChangePasswordRequestType,
      response: AuthUserChangePasswordResponseType,
      http: ['/v3/auth/user/changepw'],
    },
    UserGrantRole: {
      name: 'UserGrantRole',
      path: '/etcdserverpb.Auth/UserGrantRole',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthUserGrantRoleRequestType,
      response: AuthUserGrantRoleResponseType,
      http: ['/v3/auth/user/grant'],
    },
    UserRevokeRole: {
      name: 'UserRevokeRole',
      path: '/etcdserverpb.Auth/UserRevokeRole',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthUserRevokeRoleRequestType,
      response: AuthUserRevokeRoleResponseType,
      http: ['/v3/auth/user/revoke'],
    },
    RoleAdd: {
      name: 'RoleAdd',
      path: '/etcdserverpb.Auth/RoleAdd',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthRoleAddRequestType,
      response: AuthRoleAddResponseType,
      http: ['/v3/auth/role/add'],
    },
    RoleGet: {
      name: 'RoleGet',
      path: '/etcdserverpb.Auth/RoleGet',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthRoleGetRequestType,
      response: AuthRoleGetResponseType,
      http: ['/v3/auth/role/get'],
    },
    RoleList: {
      name: 'RoleList',
      path: '/etcdserverpb.Auth/RoleList',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthRoleListRequestType,
      response: AuthRoleListResponseType,
      http: ['/v3/auth/role/list'],
    },
    RoleDelete: {
      name: 'RoleDelete',
      path: '/etcdserverpb.Auth/RoleDelete',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthRoleDeleteRequestType,
      response: AuthRoleDeleteResponseType,
      http: ['/v3/auth/role/delete'],
    },
    RoleGrantPermission: {
      name: 'RoleGrantPermission',
      path: '/etcdserverpb.Auth/RoleGrantPermission',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthRoleGrantPermissionRequestType,
      response: AuthRoleGrantPermissionResponseType,
      http: ['/v3/auth/role/grant'],
    },
    RoleRevokePermission: {
      name: 'RoleRevokePermission',
      path: '/etcdserverpb.Auth/RoleRevokePermission',
      clientStreaming: false,
      serverStreaming: false,
      request: AuthRoleRevokePermissionRequestType,
      response: AuthRoleRevokePermissionResponseType,
      http: ['/v3/auth/role/revoke'],
    },
  },
} as const satisfies ServiceType
