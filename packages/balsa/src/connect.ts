import { Client, EtcdStore } from '@balsa/client'
import { crc32, NodeClock, NodeRandom, TcpDialer } from '@balsa/host'
import { BalsaError } from '@balsa/raft'
import { NodeHttp2Dialer, type TlsOptions } from './http2-dialer.js'

export interface ConnectOptions {
  /** Client addresses of one or more members, for example `127.0.0.1:2379`. */
  readonly endpoints: readonly string[]
  /** Default `balsa`. `etcd`: etcd's own interface, of a cluster of etcd or of Balsa; see docs/etcd-client.md for what is different then. */
  readonly protocol?: 'balsa' | 'etcd'
  /** With `etcd` only, for `https://` endpoints: other certificates than those that Node.js knows. */
  readonly tls?: TlsOptions
  /** Ends the connecting early (ABORTED). */
  readonly signal?: AbortSignal
  /** Time limit of each call and of connecting, in ms. Default 10,000. */
  readonly deadlineMs?: number
}

const DEFAULT_DEADLINE_MS = 10_000

/**
 * The key/value store of a cluster. Resolves when a member has answered; after that the client finds the leader, follows it and repeats requests by
 * itself, each write exactly once (at most once over etcd's interface). Errors (refused): INVALID (no endpoints), DEADLINE (nobody answered), ABORTED,
 * CLUSTER_MISMATCH, VERSION_MISMATCH.
 */
export function connect(options: ConnectOptions & { readonly protocol: 'etcd' }): Promise<EtcdStore>
export function connect(options: ConnectOptions & { readonly protocol?: 'balsa' }): Promise<Client>
export function connect(options: ConnectOptions): Promise<Client | EtcdStore>
export async function connect(options: ConnectOptions): Promise<Client | EtcdStore> {
  const { endpoints, signal, tls, protocol = 'balsa', deadlineMs = DEFAULT_DEADLINE_MS } = options
  const call = { deadlineMs, ...(signal === undefined ? {} : { signal }) }
  const clock = new NodeClock()
  const common = { endpoints, clock, random: new NodeRandom(), deadlineMs }
  switch (protocol) {
    case 'balsa': {
      if (tls !== undefined) throw new BalsaError('INVALID', "there is no TLS over Balsa's own protocol")
      const client = Client.open({ ...common, dialer: new TcpDialer({ clock }), crc32 })
      return whenAnswered(client, () => client.status(call))
    }
    case 'etcd': {
      const store = EtcdStore.open({ ...common, dialer: new NodeHttp2Dialer(tls) })
      return whenAnswered(store, () => store.reached(call))
    }
    default:
      throw new BalsaError('INVALID', `protocol is balsa or etcd, not ${String(protocol)}`)
  }
}

async function whenAnswered<Store extends { close(): Promise<void> }>(store: Store, ask: () => Promise<unknown>): Promise<Store> {
  try {
    await ask()
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}
