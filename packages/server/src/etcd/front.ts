/** What stands before a member for clients of etcd: gRPC, and JSON over HTTP/1.1. */
import { saysFull } from '@balsa/kv'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createGrpcServer, type GrpcServer } from '../grpc/grpc-server.js'
import { balsaEndpoints } from '../balsa-v1/services.js'
import type { HttpFront } from '../http.js'
import { errorFields, type Logger } from '../logger.js'
import { grpcMethods } from './endpoint.js'
import { statusOfError } from './errors.js'
import { Gateway } from './gateway.js'
import { EtcdMember, type EtcdMemberOptions } from './member.js'
import { etcdEndpoints } from './services.js'
import { ETCD_API_VERSION } from './version.js'

/** Of one connection. Clients of etcd put everything on one: a call for each lock that they wait for, and none may keep the others out. */
const MAX_CONCURRENT_STREAMS = 10_000

export class EtcdFront implements HttpFront {
  readonly #grpc: GrpcServer
  readonly #member: EtcdMember
  readonly #gateway: Gateway

  constructor(options: EtcdMemberOptions, logger: Logger) {
    this.#member = new EtcdMember(options)
    const endpoints = etcdEndpoints(this.#member, balsaEndpoints(this.#member))
    this.#gateway = new Gateway(endpoints, options.corsOrigins)
    this.#grpc = createGrpcServer({
      methods: grpcMethods(endpoints),
      clock: options.clock,
      limits: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS },
      onError: (error, path) => {
        logger.error({ path, ...errorFields(error) }, 'a call failed in a way that nobody foresaw')
        return statusOfError(error)
      },
      onConnectionEnd: ({ code, reason, remoteAddress }) => {
        if (code !== 0) logger.debug({ remote: remoteAddress, code, reason }, 'HTTP/2 connection ended')
      },
    })
  }

  /** Calls of the JSON gateway that have not ended. */
  get httpInFlight(): number {
    return this.#gateway.inFlight
  }

  attach(socket: Socket, firstBytes?: Uint8Array): void {
    this.#grpc.attach(socket, firstBytes)
  }

  /** Streams that would never end by themselves are told to go elsewhere; the rest is waited for. */
  drain(timeoutMs: number): Promise<void> {
    this.#member.stop()
    return this.#grpc.drain(timeoutMs)
  }

  close(): Promise<void> {
    return this.#grpc.close()
  }

  handle(path: string, query: string, request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#gateway.handle(path, request, response)) return true
    if (path === '/version') page(response, 200, { etcdserver: ETCD_API_VERSION, etcdcluster: ETCD_API_VERSION, storage: ETCD_API_VERSION })
    else if (path === '/health') void this.#health(query, response)
    else return false
    return true
  }

  /**
   * Healthy = this member can read what the cluster has agreed on; with `serializable=true`, that it answers at all. Not while there is an alarm, unless
   * `exclude` names it; of states that differ, not while most others contradict this member's.
   */
  async #health(query: string, response: ServerResponse): Promise<void> {
    const asked = new URLSearchParams(query)
    const unhealthy = (reason: string): void => page(response, 503, { health: 'false', reason })
    const excluded = new Set(asked.getAll('exclude'))
    if (this.#member.divergence?.suspect === 'this' && !excluded.has('CORRUPT')) return unhealthy('ALARM CORRUPT')
    try {
      const { noSpace, alarms } = await this.#member.read({ type: 'stats' }, asked.get('serializable') === 'true')
      const raised = new Set(alarms.map(({ kind }) => kind))
      if ((noSpace || saysFull(alarms)) && !excluded.has('NOSPACE')) return unhealthy('ALARM NOSPACE')
      if (raised.has('corrupt') && !excluded.has('CORRUPT')) return unhealthy('ALARM CORRUPT')
      page(response, 200, { health: 'true', reason: '' })
    } catch (error) {
      unhealthy(statusOfError(error).message)
    }
  }
}

function page(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return
  const text = JSON.stringify(body)
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), 'Cache-Control': 'no-store' })
    .end(text)
}
