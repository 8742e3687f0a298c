import { performance } from 'node:perf_hooks'
import { BalsaError } from '@balsa/raft'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json, table, tabbed } from '../output.js'
import { withClient } from '../store.js'
import { httpGet } from '../http-status.js'

interface Health {
  readonly endpoint: string
  readonly healthy: boolean
  readonly tookMs: number
  readonly reason: string
}

/** Any key does: what counts is that a majority confirms the read. */
const PROBE_KEY = 'health'

async function probe(endpoint: string, timeoutMs: number): Promise<Health> {
  const startMs = performance.now()
  const health = (healthy: boolean, reason: string): Health => ({
    endpoint,
    healthy,
    tookMs: Math.round((performance.now() - startMs) * 10) / 10,
    reason,
  })
  try {
    // Fails at once where nothing listens, and says why a member is not ready.
    const { code, body } = await httpGet(endpoint, '/readyz', timeoutMs)
    if (code !== 200) return health(false, reasonIn(body))
    await withClient({ endpoints: [endpoint], timeoutMs }, (client) => client.get(PROBE_KEY))
    return health(true, 'a linearizable read was answered')
  } catch (error) {
    return health(false, error instanceof BalsaError ? `${error.code}: ${error.message}` : (error as Error).message)
  }
}

function reasonIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null && 'reason' in parsed && typeof parsed.reason === 'string') return parsed.reason
  } catch {
    return 'the answer is not JSON: another kind of server?'
  }
  return 'not ready'
}

export async function endpointHealth(flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io, 'table')
  const found = await Promise.all(options.endpoints.map((endpoint) => probe(endpoint, options.timeoutMs)))
  const rows = found.map(({ endpoint, healthy, tookMs, reason }) => [endpoint, healthy ? 'healthy' : 'unhealthy', String(tookMs), reason])
  const columns = [{ title: 'ENDPOINT' }, { title: 'HEALTH' }, { title: 'TOOK MS', right: true }, { title: 'REASON' }]
  if (options.output === 'json') await io.out(json(found))
  else await io.out(options.output === 'plain' ? tabbed(rows) : table(columns, rows))
  return found.every(({ healthy }) => healthy) ? EXIT.ok : EXIT.unreachable
}
