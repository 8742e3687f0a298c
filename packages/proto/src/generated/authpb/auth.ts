// Written by `npm run codegen` from packages/proto/proto/authpb/auth.proto. Do not change it by hand.
import type { MessageType, Mutable, OpenEnum } from '../../runtime/message-type.js'
import { EMPTY, Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'

export const Permission_Type = {
  READ: 0,
  WRITE: 1,
  READWRITE: 2,
} as const
export type Permission_Type = OpenEnum<typeof Permission_Type>

export interface UserAddOptions {
  /** Such a user can only prove itself by a certificate. */
  readonly noPassword: boolean
}

/** What is left out has its default. */
export interface UserAddOptionsInit {
  readonly noPassword?: boolean | undefined
}

export const newUserAddOptions = (): UserAddOptions => ({ noPassword: false })

const UserAddOptionsFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readUserAddOptions(reader: Reader, message: UserAddOptions): UserAddOptions {
  const m = message as Mutable<UserAddOptions>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.noPassword = reader.bool()
        break
      default:
        reader.skip(tag, UserAddOptionsFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeUserAddOptions(writer: Writer, message: UserAddOptionsInit): void {
  const v1 = message.noPassword
  if (v1 === true) writer.bool(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeUserAddOptions(message: UserAddOptionsInit): Uint8Array {
  sharedWriter.begin()
  writeUserAddOptions(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeUserAddOptions = (bytes: Uint8Array): UserAddOptions => readUserAddOptions(new Reader(bytes, 'authpb.UserAddOptions'), newUserAddOptions())

export const UserAddOptionsType: MessageType<UserAddOptions, UserAddOptionsInit> = {
  name: 'authpb.UserAddOptions',
  fields: [
    { number: 1, name: 'no_password', property: 'noPassword', kind: 'bool' },
  ],
  create: newUserAddOptions,
  encode: encodeUserAddOptions,
  decode: decodeUserAddOptions,
  read: readUserAddOptions,
  write: writeUserAddOptions,
}

/** A right on the keys from key up to range_end. */
export interface Permission {
  readonly permType: Permission_Type
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

/** What is left out has its default. */
export interface PermissionInit {
  readonly permType?: Permission_Type | undefined
  readonly key?: Uint8Array | undefined
  readonly rangeEnd?: Uint8Array | undefined
}

export const newPermission = (): Permission => ({ permType: 0, key: EMPTY, rangeEnd: EMPTY })

const PermissionFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readPermission(reader: Reader, message: Permission): Permission {
  const m = message as Mutable<Permission>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.permType = reader.int32()
        break
      case 18:
        m.key = reader.bytes()
        break
      case 26:
        m.rangeEnd = reader.bytes()
        break
      default:
        reader.skip(tag, PermissionFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writePermission(writer: Writer, message: PermissionInit): void {
  const v3 = message.rangeEnd
  if (v3 !== undefined && v3.length > 0) writer.bytes(26, v3)
  const v2 = message.key
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.permType
  if (v1 !== undefined && v1 !== 0) writer.int32(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodePermission(message: PermissionInit): Uint8Array {
  sharedWriter.begin()
  writePermission(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodePermission = (bytes: Uint8Array): Permission => readPermission(new Reader(bytes, 'authpb.Permission'), newPermission())

export const PermissionType: MessageType<Permission, PermissionInit> = {
  name: 'authpb.Permission',
  fields: [
    { number: 1, name: 'permType', property: 'permType', kind: 'enum', values: Permission_Type },
    { number: 2, name: 'key', property: 'key', kind: 'bytes' },
    { number: 3, name: 'range_end', property: 'rangeEnd', kind: 'bytes' },
  ],
  create: newPermission,
  encode: encodePermission,
  decode: decodePermission,
  read: readPermission,
  write: writePermission,
}
