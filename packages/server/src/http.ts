import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { HttpPath, MemberMetrics } from './metrics/member-metrics.js'

/** Whether the member may be sent traffic, and why not. */
export interface Readiness {
  readonly ready: boolean
  /** For people and logs; one line. */
  readonly reason: string
}

/** What the pages show. Asked for every request anew. */
export interface HttpSource {
  /** Why the process is beyond help, or null. */
  fatal(): string | null
  readiness(): Readiness
  /** What an operator must look into although the member serves, or null. */
  alarm?(): string | null
  /** JSON without secrets. */
  status(): object
  metricsText(): string
}

/** Answers requests of other interfaces on the same server. */
export interface HttpFront {
  /** True = it is one of its paths, and the request will be answered. */
  handle(path: string, query: string, request: IncomingMessage, response: ServerResponse): boolean
}

export interface HttpLimits {
  /** For the head of a request. */
  readonly headersTimeoutMs: number
  /** For a whole request. */
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** How often connections are looked through for those over their time. */
  readonly checkIntervalMs: number
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5000,
  checkIntervalMs: 1000,
}

const MAX_REQUESTS_PER_CONNECTION = 1000
const MAX_HEADER_BYTES = 16 * 1024

interface Page {
  readonly code: number
  readonly type: 'text/plain; charset=utf-8' | 'text/plain; version=0.0.4; charset=utf-8' | 'application/json; charset=utf-8'
  readonly body: string
}

const text = (code: number, body: string): Page => ({ code, type: 'text/plain; charset=utf-8', body: `${body}\n` })
const json = (code: number, body: object): Page => ({ code, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` })

/**
 * Health, readiness, metrics and status. It never listens: connections are handed to it with `emit('connection')`. Close it with
 * `closeAllConnections()` and `close()`.
 */
export function createHttpServer(
  source: HttpSource,
  metrics: Pick<MemberMetrics, 'httpRequests'>,
  limits: HttpLimits = DEFAULT_HTTP_LIMITS,
  front: HttpFront | null = null,
): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      requireHostHeader: true,
      joinDuplicateHeaders: false,
    },
    (request, response) => {
      // What a peer does to its connection is no reason to end the process.
      request.on('error', () => response.destroy())
      const [path = '', query = ''] = (request.url ?? '').split('?', 2)
      if (front?.handle(path, query, request, response) === true) metrics.httpRequests.increment({ path: 'etcd' })
      else answer(request, response, path, query, source, metrics)
    },
  )
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION
  server.on('upgrade', (_request, socket) => socket.destroy())
  server.on('connect', (_request, socket) => socket.destroy())
  // The time-outs above are enforced only by a server that believes that it listens.
  server.emit('listening')
  return server
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  query: string,
  source: HttpSource,
  metrics: Pick<MemberMetrics, 'httpRequests'>,
): void {
  const known = pathOf(path)
  metrics.httpRequests.increment({ path: known })
  const page = pageOf(request, known, query, source)
  response.writeHead(page.code, {
    'Content-Type': page.type,
    'Content-Length': Buffer.byteLength(page.body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(page.code === 405 ? { Allow: 'GET, HEAD' } : {}),
  })
  response.end(request.method === 'HEAD' ? undefined : page.body)
}

function pathOf(path: string): HttpPath {
  switch (path) {
    case '/healthz':
    case '/readyz':
    case '/metrics':
    case '/status':
      return path
    default:
      return 'other'
  }
}

function pageOf(request: IncomingMessage, path: HttpPath, query: string, source: HttpSource): Page {
  if (path === 'other' || path === 'etcd') return text(404, 'not found: there are /healthz, /readyz, /metrics and /status')
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'only GET and HEAD')
  const wantsJson = query === 'format=json' || (request.headers.accept ?? '').includes('application/json')
  switch (path) {
    case '/healthz': {
      const fatal = source.fatal()
      const code = fatal === null ? 200 : 503
      const alarm = source.alarm?.() ?? null
      if (wantsJson) return json(code, { healthy: fatal === null, reason: fatal ?? 'alive', ...(alarm === null ? {} : { alarm }) })
      // A restart does not mend it: whoever restarts what is not healthy must not.
      const alive = alarm === null ? 'ok' : `ok, but: ${alarm}`
      return text(code, fatal === null ? alive : `fatal: ${fatal}`)
    }
    case '/readyz': {
      const { ready, reason } = source.readiness()
      if (wantsJson) return json(ready ? 200 : 503, { ready, reason })
      return text(ready ? 200 : 503, ready ? `ready: ${reason}` : `not ready: ${reason}`)
    }
    case '/metrics':
      return { code: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: source.metricsText() }
    case '/status':
      return json(200, source.status())
  }
}
