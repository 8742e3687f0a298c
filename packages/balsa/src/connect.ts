import { Client } from '@balsa/client'
import { crc32, NodeClock, NodeRandom, TcpDialer } from '@balsa/host'

export interface ConnectOptions {
  /** Client addresses of one or more members, for example `127.0.0.1:2379`. */
  readonly endpoints: readonly string[]
  /** Ends the connecting early (ABORTED). */
  readonly signal?: AbortSignal
  /** Time limit of each call and of connecting, in ms. Default 10,000. */
  readonly deadlineMs?: number
}

const DEFAULT_DEADLINE_MS = 10_000

/**
 * The key/value store of a cluster. Resolves when a member has answered; after that the client finds the leader, follows it and repeats requests by
 * itself, each write exactly once. Errors (refused): INVALID (no endpoints), DEADLINE (nobody answered), ABORTED, CLUSTER_MISMATCH, VERSION_MISMATCH.
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  const clock = new NodeClock()
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS
  const client = Client.open({
    endpoints: options.endpoints,
    dialer: new TcpDialer({ clock }),
    clock,
    random: new NodeRandom(),
    crc32,
    deadlineMs,
  })
  try {
    await client.status({ deadlineMs, ...(options.signal === undefined ? {} : { signal: options.signal }) })
    return client
  } catch (error) {
    await client.close()
    throw error
  }
}
