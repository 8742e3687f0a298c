import {
  type ServerReflectionRequest,
  type ServerReflectionResponseInit,
  ServerReflectionService as ReflectionV1,
} from '@balsa/proto/grpc-reflection-v1'
import { ServerReflectionService as ReflectionV1Alpha } from '@balsa/proto/grpc-reflection-v1alpha'
import { FILE_DESCRIPTORS } from '@balsa/proto'
import { GrpcCode } from '../grpc/status.js'
import type { FileDescriptor } from '@balsa/proto'
import { bidi, type Endpoint, type Sink } from './endpoint.js'

/** grpc.reflection: lets tools such as grpcurl find out which services there are, and what their messages look like. */
export class ReflectionService {
  readonly #services: readonly string[]

  /** Full names of the services that are served. */
  constructor(services: readonly string[]) {
    this.#services = services
  }

  endpoints(): readonly Endpoint[] {
    return [
      bidi(ReflectionV1.methods.ServerReflectionInfo, (requests, sink) => this.info(requests, sink)),
      bidi(ReflectionV1Alpha.methods.ServerReflectionInfo, (requests, sink) => this.info(requests, sink)),
    ]
  }

  async info(requests: AsyncIterable<ServerReflectionRequest>, sink: Sink<ServerReflectionResponseInit>): Promise<void> {
    for await (const request of requests) if (!sink.send(this.answer(request))) await sink.writable()
  }

  answer(request: ServerReflectionRequest): ServerReflectionResponseInit {
    const asked = request.messageRequest
    const answer = (messageResponse: ServerReflectionResponseInit['messageResponse']): ServerReflectionResponseInit => ({
      validHost: request.host,
      originalRequest: request,
      messageResponse,
    })
    switch (asked?.case) {
      case 'listServices':
        return answer({ case: 'listServicesResponse', value: { service: this.#services.map((name) => ({ name })) } })
      case 'fileByFilename':
      case 'fileContainingSymbol': {
        const file = FILE_DESCRIPTORS.find(({ name, symbols }) =>
          asked.case === 'fileByFilename' ? name === asked.value : symbols.includes(asked.value),
        )
        if (file !== undefined) return answer({ case: 'fileDescriptorResponse', value: { fileDescriptorProto: withImports(file) } })
        break
      }
      default:
    }
    const errorMessage = asked === null ? 'nothing is asked' : `not found: ${String(asked?.case)}`
    return answer({ case: 'errorResponse', value: { errorCode: GrpcCode.NOT_FOUND, errorMessage } })
  }
}

/** The file and all that it needs, itself first. */
function withImports(file: FileDescriptor): readonly Uint8Array[] {
  const files = new Set([file])
  for (const { imports } of files) for (const found of FILE_DESCRIPTORS) if (imports.includes(found.name)) files.add(found)
  return [...files].map(({ base64 }) => Buffer.from(base64, 'base64'))
}
