import {
  asMemberId,
  crc32,
  DurableStorage,
  foundingConfiguration,
  ManualClock,
  MemoryFileSystem,
  MemoryNetwork,
  Replica,
  SeededRandom,
} from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { storeConformance } from './conformance/key-value-store.js'
import { type EmbeddedReplica, EmbeddedStore } from './embedded-store.js'
import type { KvAnswer, KvQuery } from './kv-queries.js'
import { KvStateMachine } from './kv-state-machine.js'
import { MAX_COMMAND_BYTES } from './limits.js'
import type { CommandResult } from './result.js'

const id = asMemberId(1)
const member = { id, address: 'peer', clientAddress: '', name: '' }
const configuration = foundingConfiguration([member])

/** A cluster of one: real consensus, real log, in memory and in virtual time. */
class OneMember {
  readonly clock = new ManualClock()
  readonly random = new SeededRandom(7)
  readonly fileSystem = new MemoryFileSystem()
  machine = new KvStateMachine()

  async open(): Promise<EmbeddedStore> {
    const storage = await DurableStorage.open({
      fileSystem: this.fileSystem,
      directory: 'data',
      identity: { clusterId: 1, memberId: id },
      initialConfiguration: configuration,
      crc32,
      segmentBytes: 64 * 1024,
    })
    this.machine = new KvStateMachine({ clock: this.clock })
    const network = new MemoryNetwork(this.clock, this.random.fork(), { minDelayMs: 1, maxDelayMs: 2 })
    const replica: Replica<CommandResult, KvQuery, KvAnswer> = await this.clock.settled(
      Replica.open({
        id,
        clock: this.clock,
        random: this.random.fork(),
        transport: network.transport(id),
        storage,
        stateMachine: this.machine,
        snapshots: { maxLogBytes: 8 * 1024, trailingEntries: 5 },
        limits: { maxCommandBytes: MAX_COMMAND_BYTES },
      }),
    )
    const { watches } = this.machine
    const embedded: EmbeddedReplica = {
      watches,
      propose: (command, call) => replica.propose(command, call),
      readWithAge: (query, call) => replica.readWithAge(query, call),
    }
    return new EmbeddedStore(embedded, { clock: this.clock, random: this.random.fork(), onClose: () => replica.close() })
  }
}

describe('the embedded store over a real replica', () => {
  it('keeps revisions, values and the state hash through restarts from snapshot and log', async () => {
    const cluster = new OneMember()
    let expected = ''
    for (let life = 0; life < 4; life++) {
      const store = await cluster.open()
      const tokens = Array.from({ length: 60 }, (_, at) => `<${life}.${at}>`)
      for (const token of tokens) {
        expected += token
        await cluster.clock.settled(store.append('log', token))
      }
      await cluster.clock.settled(Promise.all(tokens.map((token) => store.put(token, token))))
      expect((await cluster.clock.settled(store.get('log')))?.text()).toBe(expected)
      const revision = (await cluster.clock.settled(store.put('last', 'x'))).revision
      expect(revision).toBe(1 + (life + 1) * 121)
      const { stateHash, appliedIndex } = cluster.machine
      await cluster.clock.settled(store.close())
      const again = await cluster.open()
      expect((await cluster.clock.settled(again.get('log')))?.text()).toBe(expected)
      // closeSession was one more command.
      expect(cluster.machine.appliedIndex).toBe(appliedIndex + 1)
      expect(cluster.machine.stateHash).not.toBe(stateHash)
      expect(cluster.machine.query({ type: 'stats' })).toMatchObject({ keys: (life + 1) * 60 + 2, sessions: 0, revision })
      await cluster.clock.settled(again.close())
    }
  })

  it('carries the largest request', async () => {
    const cluster = new OneMember()
    const store = await cluster.open()
    const value = new Uint8Array(1536 * 1024 - 1).fill(5)
    await cluster.clock.settled(store.put('k', value))
    expect((await cluster.clock.settled(store.get('k')))?.value.length).toBe(value.length)
    await cluster.clock.settled(store.close())
  })

  it.each(storeConformance().map((one) => [one.name, one] as const))('%s', async (_name, { run }) => {
    const cluster = new OneMember()
    const store = await cluster.open()
    await cluster.clock.settled(run(store))
    await cluster.clock.settled(store.close())
  })
})
