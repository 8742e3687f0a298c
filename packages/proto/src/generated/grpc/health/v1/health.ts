// Written by `npm run codegen` from packages/proto/proto/grpc/health/v1/health.proto. Do not change it by hand.
import type { MessageType, Mutable, OpenEnum, ServiceType } from '../../../../runtime/message-type.js'
import { Reader } from '../../../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../../../runtime/writer.js'

export const HealthCheckResponse_ServingStatus = {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  /** Only on Watch. */
  SERVICE_UNKNOWN: 3,
} as const
export type HealthCheckResponse_ServingStatus = OpenEnum<typeof HealthCheckResponse_ServingStatus>

export interface HealthCheckRequest {
  /** Empty = the server as a whole. */
  readonly service: string
}

/** What is left out has its default. */
export interface HealthCheckRequestInit {
  readonly service?: string | undefined
}

export const newHealthCheckRequest = (): HealthCheckRequest => ({ service: '' })

const HealthCheckRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readHealthCheckRequest(reader: Reader, message: HealthCheckRequest): HealthCheckRequest {
  const m = message as Mutable<HealthCheckRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.service = reader.string()
        break
      default:
        reader.skip(tag, HealthCheckRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeHealthCheckRequest(writer: Writer, message: HealthCheckRequestInit): void {
  const v1 = message.service
  if (v1 !== undefined && v1 !== '') writer.string(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeHealthCheckRequest(message: HealthCheckRequestInit): Uint8Array {
  sharedWriter.begin()
  writeHealthCheckRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeHealthCheckRequest = (bytes: Uint8Array): HealthCheckRequest => readHealthCheckRequest(new Reader(bytes, 'grpc.health.v1.HealthCheckRequest'), newHealthCheckRequest())

export const HealthCheckRequestType: MessageType<HealthCheckRequest, HealthCheckRequestInit> = {
  name: 'grpc.health.v1.HealthCheckRequest',
  fields: [
    { number: 1, name: 'service', property: 'service', kind: 'string' },
  ],
  create: newHealthCheckRequest,
  encode: encodeHealthCheckRequest,
  decode: decodeHealthCheckRequest,
  read: readHealthCheckRequest,
  write: writeHealthCheckRequest,
}

export interface HealthCheckResponse {
  readonly status: HealthCheckResponse_ServingStatus
}

/** What is left out has its default. */
export interface HealthCheckResponseInit {
  readonly status?: HealthCheckResponse_ServingStatus | undefined
}

export const newHealthCheckResponse = (): HealthCheckResponse => ({ status: 0 })

const HealthCheckResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readHealthCheckResponse(reader: Reader, message: HealthCheckResponse): HealthCheckResponse {
  const m = message as Mutable<HealthCheckResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.status = reader.int32()
        break
      default:
        reader.skip(tag, HealthCheckResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeHealthCheckResponse(writer: Writer, message: HealthCheckResponseInit): void {
  const v1 = message.status
  if (v1 !== undefined && v1 !== 0) writer.int32(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeHealthCheckResponse(message: HealthCheckResponseInit): Uint8Array {
  sharedWriter.begin()
  writeHealthCheckResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeHealthCheckResponse = (bytes: Uint8Array): HealthCheckResponse => readHealthCheckResponse(new Reader(bytes, 'grpc.health.v1.HealthCheckResponse'), newHealthCheckResponse())

export const HealthCheckResponseType: MessageType<HealthCheckResponse, HealthCheckResponseInit> = {
  name: 'grpc.health.v1.HealthCheckResponse',
  fields: [
    { number: 1, name: 'status', property: 'status', kind: 'enum', values: HealthCheckResponse_ServingStatus },
  ],
  create: newHealthCheckResponse,
  encode: encodeHealthCheckResponse,
  decode: decodeHealthCheckResponse,
  read: readHealthCheckResponse,
  write: writeHealthCheckResponse,
}

export const HealthService = {
  name: 'grpc.health.v1.Health',
  methods: {
    Check: {
      name: 'Check',
      path: '/grpc.health.v1.Health/Check',
      clientStreaming: false,
      serverStreaming: false,
      request: HealthCheckRequestType,
      response: HealthCheckResponseType,
      http: [],
    },
    /** The present state at once, then every change. */
    Watch: {
      name: 'Watch',
      path: '/grpc.health.v1.Health/Watch',
      clientStreaming: false,
      serverStreaming: true,
      request: HealthCheckRequestType,
      response: HealthCheckResponseType,
      http: [],
    },
  },
} as const satisfies ServiceType
