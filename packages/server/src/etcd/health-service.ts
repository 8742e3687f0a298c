import { HealthCheckResponse_ServingStatus, HealthService as HealthMethods } from '@balsa/proto/grpc-health-v1'
import type { HealthCheckRequest, HealthCheckResponseInit } from '@balsa/proto/grpc-health-v1'
import { GrpcCode, GrpcError } from '../grpc/status.js'
import { type Endpoint, serverStream, type Sink, unary } from './endpoint.js'

const { SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus

/** grpc.health.v1.Health. Serves from its start to its end: a member without a leader still answers, and says so call by call. */
export class HealthService {
  readonly #services: ReadonlySet<string>

  /** Full names of the services that are served. */
  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services])
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = HealthMethods
    return [
      unary(methods.Check, (request) => this.check(request)),
      serverStream(methods.Watch, (request, sink) => this.watch(request, sink)),
    ]
  }

  check({ service }: HealthCheckRequest): HealthCheckResponseInit {
    if (!this.#services.has(service)) throw new GrpcError(GrpcCode.NOT_FOUND, 'unknown service')
    return { status: SERVING }
  }

  /** Never ends by itself: nothing changes. */
  watch({ service }: HealthCheckRequest, sink: Sink<HealthCheckResponseInit>): Promise<void> {
    sink.send({ status: this.#services.has(service) ? SERVING : SERVICE_UNKNOWN })
    return new Promise((_, reject) => sink.onCancelled(reject))
  }
}
