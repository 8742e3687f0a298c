import { Client, EtcdStore } from '@balsa/client'
import { crc32, NodeClock, NodeRandom, TcpDialer } from '@balsa/host'
import type { KeyValueStore } from '@balsa/kv'
import { NodeHttp2Dialer } from '../http2-dialer.js'
import type { CommonOptions } from './options.js'
import { readTls } from './tls.js'

type Where = Pick<CommonOptions, 'endpoints' | 'timeoutMs'>

const common = ({ endpoints, timeoutMs }: Where) => ({ endpoints, clock: new NodeClock(), random: new NodeRandom(), deadlineMs: timeoutMs })

/** Runs `work` with a client and closes it, whatever happens. */
export function withClient<T>(options: Where, work: (client: Client) => Promise<T>): Promise<T> {
  const given = common(options)
  return closing(Client.open({ ...given, dialer: new TcpDialer({ clock: given.clock }), crc32 }), work)
}

/** The same with no more than the store: also over etcd's interface. Throws UsageError before anybody is asked. */
export async function withStore<T>(
  options: Where & Pick<CommonOptions, 'protocol' | 'tls'>,
  work: (store: KeyValueStore) => Promise<T>,
): Promise<T> {
  const tls = readTls(options.tls, options.endpoints)
  if (options.protocol === 'balsa') return withClient(options, work)
  return closing(EtcdStore.open({ ...common(options), dialer: new NodeHttp2Dialer(tls) }), work)
}

async function closing<Store extends KeyValueStore, T>(store: Store, work: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
