import { beforeEach, describe, expect, it } from 'vitest'
import type { Input } from '../core/effects.js'
import type { Message } from '../core/messages.js'
import { BalsaError } from '../errors.js'
import { ManualClock } from '../memory/manual-clock.js'
import { SeededRandom } from '../memory/seeded-random.js'
import type { Lane, Transport, TransportHandlers } from '../ports/transport.js'
import type { Member, MemberId } from '../types.js'
import { asIndex, asMemberId, asTerm } from '../types.js'
import { encodeMessage } from '../wire/message-codec.js'
import type { ReplicaOptions } from './options.js'
import { Replica } from './replica.js'
import { configurationOf } from './configuration.test-support.js'
import { entryOf, metaOf, ScriptedCore } from './scripted-core.test-support.js'
import { bytesOf, WordList } from './word-list.test-support.js'
import { TestDisk, TestStorage } from './storage.test-support.js'

class TestTransport implements Transport {
  handlers: TransportHandlers | null = null
  peers: readonly Member[] = []
  sent: { to: MemberId; lane: Lane; bytes: Uint8Array }[] = []
  closed = false
  async start(handlers: TransportHandlers): Promise<void> {
    this.handlers = handlers
  }
  setPeers(members: readonly Member[]): void {
    this.peers = members
  }
  send(to: MemberId, lane: Lane, bytes: Uint8Array): void {
    this.sent.push({ to, lane, bytes })
  }
  async close(): Promise<void> {
    this.closed = true
  }
}

const heartbeat = (from = 2, to = 1): Message => ({
  type: 'heartbeat',
  from: asMemberId(from),
  to: asMemberId(to),
  term: asTerm(1),
  commit: asIndex(0),
  round: 0,
  fresh: null,
})

let clock: ManualClock
let core: ScriptedCore
let storage: TestStorage
let transport: TestTransport
let machine: WordList
let replica: Replica<number, 'words' | 'length', readonly string[] | number>

const turn = (): Promise<void> => clock.advanceAsync(0)
const kinds = (): string[] => core.inputs.map((input) => input.type)
const deliver = (from: number, bytes: Uint8Array): void => transport.handlers?.onMessage(asMemberId(from), bytes)

async function open(options: Partial<ReplicaOptions<number, 'words' | 'length', readonly string[] | number>> = {}): Promise<void> {
  replica = await Replica.open({
    id: asMemberId(1),
    clock,
    random: new SeededRandom(1),
    transport,
    storage,
    stateMachine: machine,
    createCore: () => core,
    ...options,
  })
  await turn()
}

/** On an empty disk. */
async function openNew(options: Parameters<typeof open>[0] = {}): Promise<void> {
  core = new ScriptedCore()
  storage = new TestStorage(new TestDisk(configurationOf(3)))
  transport = new TestTransport()
  machine = new WordList()
  await open(options)
}

beforeEach(async () => {
  clock = new ManualClock()
  await openNew()
})

describe('a turn', () => {
  it('gives all proposals that arrived together as one input (group commit by load)', async () => {
    const calls = ['a', 'b', 'c'].map((word) => replica.propose(bytesOf(word)))
    for (const call of calls) call.catch(() => undefined)
    await turn()
    expect(kinds()).toEqual(['propose'])
    expect(core.inputs[0]).toMatchObject({ proposals: [{ ref: 1 }, { ref: 2 }, { ref: 3 }] })
  })

  it('waits a moment for callers that were answered together, if it may, and goes on with everything else', async () => {
    await replica.close()
    await openNew({ gatherMs: 1 })
    core.onStep = (input) => {
      if (input.type !== 'propose') return
      core.script.push({ proposals: input.proposals.map(({ ref }) => ({ ref, refused: 'OVERLOADED' as const, leaderId: asMemberId(1) })) })
    }
    const propose = (word: string): void => void replica.propose(bytesOf(word)).catch(() => undefined)
    propose('a')
    propose('b')
    await turn()
    propose('c')
    expect(clock.step()).toBe(true)
    deliver(2, encodeMessage(heartbeat()))
    expect(clock.step()).toBe(true)
    expect(kinds()).toEqual(['propose', 'message'])
    propose('d')
    await turn()
    expect(kinds()).toEqual(['propose', 'message', 'propose'])
    expect(core.inputs[2]).toMatchObject({ proposals: [{ ref: 3 }, { ref: 4 }] })
    expect(clock.pending).toBe(0)
  })

  it('asks for two reads at once when the last two were answered together, if it may wait', async () => {
    await replica.close()
    await openNew({ gatherMs: 1 })
    core.onStep = (input) => {
      if (input.type === 'read') core.script.push({ reads: [{ ref: input.ref, index: asIndex(0) }] })
    }
    const reads = [replica.readIndex(), replica.readIndex()]
    await turn()
    reads.push(replica.readIndex())
    expect(clock.step()).toBe(true)
    expect(kinds()).toEqual(['read'])
    reads.push(replica.readIndex())
    await turn()
    expect(kinds()).toEqual(['read', 'read'])
    await Promise.all(reads)
    expect(clock.pending).toBe(0)
  })

  it('hears messages before the timer fires, after a pause of the process too', async () => {
    core.deadline = 100
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    core.inputs.length = 0
    // When the process wakes, the timer is due and fires first; the message that waited in the socket is delivered right after it.
    clock.setTimer(100, () => deliver(2, encodeMessage(heartbeat())))
    await clock.advanceAsync(100)
    expect(kinds()).toEqual(['message', 'tick'])
  })

  it('ticks at the deadline of the core and never before', async () => {
    core.deadline = 70
    deliver(2, encodeMessage(heartbeat()))
    await clock.advanceAsync(69)
    expect(kinds()).toEqual(['message'])
    await clock.advanceAsync(1)
    expect(kinds()).toEqual(['message', 'tick'])
    expect(core.times[1]).toBe(70)
  })

  it('follows a deadline that moves nearer, and one that moves away', async () => {
    core.deadline = 1000
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    core.deadline = 50
    deliver(2, encodeMessage(heartbeat()))
    await clock.advanceAsync(49)
    core.deadline = 200
    await clock.advanceAsync(150)
    expect(kinds()).toEqual(['message', 'message'])
    await clock.advanceAsync(1)
    expect(kinds()).toEqual(['message', 'message', 'tick'])
  })

  it('sends before the disk is asked, in the lane of each message', async () => {
    storage.manual = true
    core.script.push({
      messages: [heartbeat(1, 2)],
      persist: { sequence: 1, hardState: { term: asTerm(2), votedFor: null }, entries: [], installSnapshot: null, compactBelow: null },
    })
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(transport.sent.map(({ to, lane }) => [to, lane])).toEqual([[2, 'control']])
    expect(kinds()).toEqual(['message'])
    storage.complete()
    await turn()
    expect(kinds()).toEqual(['message', 'persisted'])
  })

  it('tells the transport who the peers are: also those whom a change leaves out, until it is committed', async () => {
    expect(transport.peers).toHaveLength(3)
    const configuration = configurationOf(2)
    core.committedConfiguration = core.configuration
    core.configuration = configuration
    core.script.push({ events: [{ type: 'configuration', index: asIndex(4), configuration }] })
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(transport.peers).toHaveLength(3)
    core.committedConfiguration = configuration
    core.script.push({ commitIndex: asIndex(4) })
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(transport.peers).toHaveLength(2)
  })

  it('answers loads of the core from storage', async () => {
    storage.disk.entries = [entryOf(1, 'a'), entryOf(2, 'b')]
    core.script.push({ loads: [{ peer: asMemberId(2), from: asIndex(1), to: asIndex(2), maxBytes: 1000 }] })
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(core.inputs[1]).toMatchObject({ type: 'loaded', peer: 2, from: 1, entries: [{ index: 1 }, { index: 2 }] })
  })
})

describe('messages of peers', () => {
  it('that are garbage, cut off or for somebody else are counted and dropped', async () => {
    const good = encodeMessage(heartbeat())
    deliver(2, new Uint8Array([255, 255, 255]))
    deliver(2, new Uint8Array(0))
    deliver(2, good.slice(0, good.length - 1))
    deliver(3, good)
    deliver(2, encodeMessage(heartbeat(2, 3)))
    await turn()
    expect(core.inputs).toEqual([])
    expect(replica.status()).toMatchObject({ state: 'running', droppedMessages: 5 })
    deliver(2, good)
    await turn()
    expect(kinds()).toEqual(['message'])
  })
})

describe('failure', () => {
  const persist = { sequence: 1, hardState: { term: asTerm(1), votedFor: null }, entries: [], installSnapshot: null, compactBelow: null }

  it('of a sync is final: the node stops, waiting calls learn what is known about them', async () => {
    storage.manual = true
    const events: string[] = []
    replica.on('fatal', ({ error }) => events.push(error.code))
    core.onStep = (input) => {
      if (input.type !== 'propose') return
      core.script.push({ proposals: input.proposals.map(({ ref }) => ({ ref, index: asIndex(1), term: asTerm(1) })), persist })
    }
    const accepted = replica.propose(bytesOf('a')).catch((error: BalsaError) => error.code)
    const read = replica.readIndex().catch((error: BalsaError) => error.code)
    await turn()
    storage.failPending(new BalsaError('SYNC_FAILED', 'the disk lost a write'))
    await turn()
    expect(await accepted).toBe('OUTCOME_UNKNOWN')
    expect(await read).toBe('STOPPED')
    expect(await replica.closed).toMatchObject({ code: 'SYNC_FAILED', family: 'fatal' })
    expect(events).toEqual(['SYNC_FAILED'])
    expect(storage.closed && transport.closed).toBe(true)
    expect(replica.status().state).toBe('failed')
    await expect(replica.propose(bytesOf('b'))).rejects.toMatchObject({ code: 'STOPPED' })
    await replica.close()
    expect(clock.pending).toBe(0)
  })

  it('of an invariant stops the node at once: nothing is sent any more', async () => {
    core.onStep = () => {
      core.script.push({ messages: [heartbeat(1, 2)] })
      throw new BalsaError('INVARIANT', 'broken')
    }
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(await replica.closed).toMatchObject({ code: 'INVARIANT' })
    expect(transport.sent).toEqual([])
  })

  it('of something unforeseen is an INVARIANT, with its cause', async () => {
    const cause = new TypeError('undefined is not a function')
    core.onStep = () => {
      throw cause
    }
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(await replica.closed).toMatchObject({ code: 'INVARIANT', cause })
  })

  it('of the state machine is final', async () => {
    machine.failure = new Error('bad command')
    core.memory = [entryOf(1, 'a')]
    core.commitIndex = asIndex(1)
    core.script.push({ commitIndex: asIndex(1) })
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(await replica.closed).toMatchObject({ code: 'STATE_MACHINE_FAILED' })
  })
})

describe('loss of leadership', () => {
  it('ends waiters in the turn in which it is seen', async () => {
    core.onStep = (input: Input) => {
      if (input.type === 'propose') {
        core.script.push({ proposals: input.proposals.map(({ ref }, at) => ({ ref, index: asIndex(at + 1), term: asTerm(1) })) })
      } else if (input.type === 'message') {
        core.role = 'follower'
        core.term = asTerm(2)
      }
    }
    const call = replica.propose(bytesOf('a')).catch((error: BalsaError) => `${error.code}/${error.family}`)
    await turn()
    expect(replica.status().pendingProposals).toBe(1)
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(await call).toBe('LEADERSHIP_LOST/unknown')
    expect(replica.status().pendingProposals).toBe(0)
  })

  it('is refused as SUPERSEDED when the same turn shows another entry committed at the index', async () => {
    core.onStep = (input: Input) => {
      if (input.type === 'propose') {
        core.script.push({ proposals: input.proposals.map(({ ref }) => ({ ref, index: asIndex(1), term: asTerm(1) })) })
      } else if (input.type === 'message') {
        core.role = 'follower'
        core.term = asTerm(2)
        core.memory = [entryOf(1, 'other', 2)]
        core.commitIndex = asIndex(1)
        core.script.push({ commitIndex: asIndex(1) })
      }
    }
    const call = replica.propose(bytesOf('a')).catch((error: BalsaError) => `${error.code}/${error.family}`)
    await turn()
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(await call).toBe('SUPERSEDED/refused')
  })
})

describe('a snapshot of the leader', () => {
  it('goes into the machine when its install is durable; what it replaced is unknown', async () => {
    storage.manual = true
    core.onStep = (input: Input) => {
      if (input.type === 'propose') {
        core.script.push({ proposals: input.proposals.map(({ ref }) => ({ ref, index: asIndex(3), term: asTerm(1) })) })
      } else if (input.type === 'message') {
        core.role = 'follower'
        core.commitIndex = asIndex(5)
        const persist = { sequence: 1, hardState: null, entries: [], installSnapshot: metaOf(5), compactBelow: null }
        core.script.push({ persist, restore: metaOf(5), commitIndex: asIndex(5) })
      }
    }
    storage.disk.partial = { meta: metaOf(5), bytes: bytesOf('v w x y z') }
    const call = replica.propose(bytesOf('a')).catch((error: BalsaError) => error.code)
    await turn()
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(await call).toBe('OUTCOME_UNKNOWN')
    expect(machine.words).toEqual([])
    storage.complete()
    await turn()
    expect(machine.words).toEqual(['v', 'w', 'x', 'y', 'z'])
    expect(kinds()).toContain('applied')
    expect(replica.status().appliedIndex).toBe(5)
  })

  it('holds back reads while it goes in, also those that ask for less than is there', async () => {
    let open = (): void => undefined
    machine.restoreGate = new Promise((resolve) => (open = resolve))
    storage.disk.snapshot = { meta: metaOf(5), chunks: [bytesOf('new')] }
    core.onStep = (input: Input) => {
      if (input.type === 'read') core.script.push({ reads: [{ ref: input.ref, index: asIndex(0) }] })
      if (input.type !== 'message') return
      const persist = { sequence: 1, hardState: null, entries: [], installSnapshot: metaOf(5), compactBelow: null }
      core.script.push({ persist, restore: metaOf(5), commitIndex: asIndex(5) })
    }
    storage.persist = () => Promise.resolve()
    deliver(2, encodeMessage(heartbeat()))
    await turn()
    expect(() => replica.query('words')).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
    const read = replica.read('words')
    let answered = false
    void read.then(() => (answered = true))
    await turn()
    expect(answered).toBe(false)
    open()
    await turn()
    expect(await read).toEqual(['new'])
  })
})
