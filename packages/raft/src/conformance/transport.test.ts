import { describe, it } from 'vitest'
import { ManualClock } from '../memory/manual-clock.js'
import { MemoryNetwork } from '../memory/memory-transport.js'
import { SeededRandom } from '../memory/seeded-random.js'
import type { Transport } from '../ports/transport.js'
import { demand } from './case.js'
import { type TransportFixture, transportConformance } from './transport.js'

async function memoryFixture(): Promise<TransportFixture> {
  const clock = new ManualClock()
  const maxQueuedBytes = 256 * 1024
  const network = new MemoryNetwork(clock, new SeededRandom(1), { minDelayMs: 1, maxDelayMs: 5, maxQueuedBytes })
  const transports: Transport[] = []
  return {
    maxQueuedBytes,
    deadAddress: 'dead',
    start: async (id, handlers) => {
      const address = `address ${transports.length}`
      const transport = network.transport(id, address)
      transports.push(transport)
      await transport.start(handlers)
      return { transport, address }
    },
    until: async (condition, what) => {
      for (let ms = 0; ms < 10_000 && !condition(); ms++) clock.advance(1)
      demand(condition(), `waited in vain for ${what}`)
    },
    leftRunning: () => clock.pending,
    dispose: async () => {
      await Promise.all(transports.map((transport) => transport.close()))
    },
  }
}

describe('MemoryNetwork conforms to Transport', () => {
  for (const { name, run } of transportConformance(memoryFixture)) it(name, run)
})
