import { describe, expect, it } from 'vitest'
import { LabNetwork } from './network.js'
import { NETWORK_SCENARIOS } from './network-suite.js'
import { runScenario } from './run.js'
import { ManualClock, SeededRandom } from '@balsa/raft'

describe('the lab network', () => {
  it.each(NETWORK_SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario) => {
    for (const seed of [1, 2, 3]) expect(await runScenario(scenario, { seed })).toMatchObject({ failure: '' })
  })

  it('counts requests into nothing, and tells those who ask', () => {
    const clock = new ManualClock()
    const network = new LabNetwork(clock, new SeededRandom(1))
    const link = network.link(2, 1)
    link.enabled = true
    const ends: (Uint8Array | null)[] = []
    network.send(link, new Uint8Array(5), (reply) => ends.push(reply))
    network.send(link, new Uint8Array(7), null)
    expect([network.total, network.bytes, network.handled(1)]).toEqual([2, 12, 0])
    clock.advance(99)
    expect(ends).toEqual([null])
  })
})
