import { Client } from '@balsa/client'
import { crc32, NodeClock, NodeRandom, TcpDialer } from '@balsa/host'
import type { CommonOptions } from './options.js'

/** Runs `work` with a client and closes it, whatever happens. */
export async function withClient<T>(
  options: Pick<CommonOptions, 'endpoints' | 'timeoutMs'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const clock = new NodeClock()
  const client = Client.open({
    endpoints: options.endpoints,
    dialer: new TcpDialer({ clock }),
    clock,
    random: new NodeRandom(),
    crc32,
    deadlineMs: options.timeoutMs,
  })
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}
