import type { Transport } from '@balsa/raft'

/** The network of a cluster of one: there is nobody to talk to. */
export class NullTransport implements Transport {
  start(): Promise<void> {
    return Promise.resolve()
  }

  setPeers(): void {}

  send(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }
}
