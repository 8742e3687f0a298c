import { asMemberId } from '@balsa/raft'
import { type TransportFixture, transportConformance } from '@balsa/raft/conformance'
import { describe, it } from 'vitest'
import { type Node, openSockets, startNode, until } from './tcp.test-support.js'

async function tcpFixture(): Promise<TransportFixture> {
  const maxQueuedBytes = 256 * 1024
  const before = openSockets()
  const nodes: Node[] = []
  // A port that was free a moment ago: nobody listens there.
  const closed = await startNode(asMemberId(9))
  await closed.transport.close()
  return {
    maxQueuedBytes,
    deadAddress: closed.address,
    start: async (id, handlers) => {
      const node = await startNode(id, { maxQueuedBytes }, {}, handlers)
      nodes.push(node)
      return node
    },
    until,
    leftRunning: () => openSockets() - before + nodes.reduce((sum, { clock }) => sum + clock.pending, 0),
    dispose: async () => {
      await Promise.all(nodes.map(({ transport }) => transport.close()))
    },
  }
}

describe('TcpTransport conforms to Transport', () => {
  for (const { name, run } of transportConformance(tcpFixture)) it(name, run)
})
