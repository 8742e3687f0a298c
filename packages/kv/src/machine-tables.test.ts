import { type AppliedCommand, asIndex, asTerm, SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { keyToString } from './backend/byte-string.js'
import { MemoryBackend } from './backend/memory-backend.js'
import { type Command, encodeCommand, type WriteStamp } from './command.js'
import { KvStateMachine } from './kv-state-machine.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function snapshotOf(machine: KvStateMachine): Promise<string> {
  let all = ''
  for await (const chunk of machine.snapshot()) all += keyToString(chunk)
  return all
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** Commands of a few clients that open sessions, repeat themselves, fall silent and come back. */
class Clients {
  readonly #random: SeededRandom
  #timeMs = 0
  #index = 0
  readonly #sessions: { id: number; sequence: number; firstUnanswered: number }[] = []

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  batch(): AppliedCommand[] {
    return Array.from({ length: 1 + this.#below(5) }, () => this.#entry())
  }

  #entry(): AppliedCommand {
    this.#index += 1 + this.#below(2)
    this.#timeMs += this.#below(this.#below(20) === 0 ? 4000 : 100)
    return { index: asIndex(this.#index), term: asTerm(1), timeMs: this.#timeMs, command: encodeCommand(this.#command()) }
  }

  #command(): Command {
    const session = this.#sessions[this.#below(this.#sessions.length)]
    const kind = this.#below(12)
    if (session === undefined || kind === 0) {
      this.#sessions.push({ id: this.#index, sequence: 1, firstUnanswered: 1 })
      return { type: 'openSession', ttlMs: 1000 + this.#below(3000), clientNonce: new Uint8Array(16).fill(this.#index & 0xff) }
    }
    if (kind === 1) return { type: 'keepAlive', session: session.id }
    if (kind === 2 && this.#below(4) === 0) return { type: 'closeSession', session: session.id }
    if (this.#below(3) > 0) session.sequence += 1
    if (this.#below(4) === 0) session.firstUnanswered = session.sequence - this.#below(Math.min(4, session.sequence))
    const { id, sequence, firstUnanswered } = session
    const stamp: WriteStamp = { session: id, sequence, firstUnanswered: Math.min(firstUnanswered, sequence) }
    const key = bytes(`k${this.#below(6)}`)
    if (kind < 8) return { type: 'put', stamp, key, value: bytes(`v${this.#index}`) }
    return kind < 10 ? { type: 'append', stamp, key, value: bytes('+') } : { type: 'delete', stamp, key }
  }
}

describe('a state machine over a backend that survives', () => {
  it('is after any restart what it would be without one, to the byte', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const clients = new Clients(seed)
      const backend = new MemoryBackend({ persistent: true })
      const steady = new KvStateMachine()
      let restarting = new KvStateMachine({ backend })
      for (let round = 0; round < 120; round++) {
        const batch = clients.batch()
        expect(restarting.apply(batch), `seed ${seed}`).toEqual(steady.apply(batch))
        if (round % 7 !== seed % 7) continue
        restarting = new KvStateMachine({ backend })
        expect(restarting.query({ type: 'stats' })).toEqual(steady.query({ type: 'stats' }))
        expect((await snapshotOf(restarting)) === (await snapshotOf(steady)), `seed ${seed}, round ${round}`).toBe(true)
      }
      const { sessions, sessionResults } = steady.query({ type: 'stats' })
      const stored = backend.count('answers', { from: '', to: null }, 10_000)
      expect([backend.count('sessions', { from: '', to: null }, 10_000), stored]).toEqual([sessions, sessionResults])
    }
  })

  it('keeps what it took from another one', async () => {
    const clients = new Clients(99)
    const source = new KvStateMachine()
    for (let round = 0; round < 50; round++) source.applyAtOnce(clients.batch())
    const backend = new MemoryBackend({ persistent: true })
    const first = new KvStateMachine({ backend })
    first.applyAtOnce([
      {
        index: asIndex(1),
        term: asTerm(1),
        timeMs: 0,
        command: encodeCommand({ type: 'openSession', ttlMs: 9, clientNonce: bytes('0123456789abcdef') }),
      },
    ])
    await first.restore(pieces(await snapshotOf(source)))
    const again = new KvStateMachine({ backend })
    expect((await snapshotOf(again)) === (await snapshotOf(source))).toBe(true)
    const batch = clients.batch()
    expect(again.apply(batch)).toEqual(source.apply(batch))
  })

  it('takes a reference to what it has, and refuses one to more', async () => {
    const backend = new MemoryBackend({ persistent: true })
    const machine = new KvStateMachine({ backend })
    machine.applyAtOnce(new Clients(3).batch())
    const before = await snapshotOf(machine)
    await machine.durable?.flush(asIndex(50))
    expect(machine.durable?.appliedIndex).toBe(50)
    const reference = async (index: number): Promise<void> => machine.restore(machine.durable?.reference(asIndex(index)) ?? pieces(''))
    await reference(50)
    expect(await snapshotOf(machine)).toBe(before)
    await expect(reference(51)).rejects.toMatchObject({ code: 'CORRUPT' })
    await expect(new KvStateMachine().restore(machine.durable?.reference(asIndex(50)) ?? pieces(''))).rejects.toMatchObject({
      code: 'CORRUPT',
    })
  })

  it('says when what it kept cannot be read', () => {
    const backend = new MemoryBackend({ persistent: true })
    new KvStateMachine({ backend }).applyAtOnce(new Clients(3).batch())
    backend.write(1000, (batch) => batch.put('answers', 'x'.repeat(16), bytes('?')))
    expect(() => new KvStateMachine({ backend })).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  })
})
