import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, encodeCommand, KvStateMachine } from '@balsa/kv'
import { type AppliedCommand, asIndex, asTerm } from '@balsa/raft'
import { afterEach, describe, expect, it } from 'vitest'
import { NodeClock } from '../node-clock.js'
import { NodeFileSystem } from '../node-file-system.js'
import { LmdbBackend } from './lmdb-backend.js'

const KEYS = 600
const ROUNDS = 12
const directories: string[] = []
const text = new TextEncoder()
const keyOf = (at: number): Uint8Array => text.encode(`k${String(at).padStart(6, '0')}`)

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

/** The log: in each round some keys are put, then most of all keys are deleted by one command, with a session's number, and one more is put. */
function logOf(): readonly AppliedCommand[] {
  const commands: Command[] = [{ type: 'openSession', ttlMs: 1_000_000, clientNonce: new Uint8Array(16) }]
  for (let round = 1; round <= ROUNDS; round++) {
    for (let at = 0; at < KEYS; at += 100) {
      const puts = Array.from({ length: 100 }, (_, step) => {
        const key = keyOf(at + step)
        return { type: 'put' as const, key, value: text.encode(`${round}`), lease: 0n, previous: false }
      })
      commands.push({ type: 'txn', stamp: null, txn: { compares: [], success: puts, failure: [] } })
    }
    const remove = { type: 'delete' as const, key: keyOf(round), rangeEnd: keyOf(KEYS - round), previous: false }
    const stamp = { session: 1, sequence: round, firstUnanswered: round }
    commands.push({ type: 'txn', stamp, txn: { compares: [], success: [remove], failure: [] } })
    commands.push({ type: 'put', stamp: null, key: keyOf(KEYS + round), value: text.encode('v') })
  }
  return commands.map((command, at) => ({ index: asIndex(at + 1), term: asTerm(1), timeMs: at, command: encodeCommand(command) }))
}

/** How one life ends: in the middle of a command or between two, and whether what was written is on the disk. */
interface End {
  readonly atTurn: number
  readonly flush: boolean
  readonly flushesBefore: boolean
}

class Member {
  readonly backend: LmdbBackend
  readonly machine: KvStateMachine
  /** Turns in the middle of commands in this life. */
  turns = 0
  #onTurn: () => void = () => undefined

  private constructor(backend: LmdbBackend) {
    this.backend = backend
    const isTurnOver = (): boolean => {
      this.turns += 1
      this.#onTurn()
      return true
    }
    this.machine = new KvStateMachine({ clock: new NodeClock(), backend, longCommands: { keys: 100, stepKeys: 50, isTurnOver } })
  }

  static async open(directory: string): Promise<Member> {
    // Every batch goes to the disk as soon as it may.
    return new Member(await LmdbBackend.open({ fileSystem: new NodeFileSystem(), directory, maxDelayMs: 0, largeUnitChanges: 400 }))
  }

  /** Resolves when all is applied, or when that turn has come. */
  async replay(log: readonly AppliedCommand[], end: End | null, seen: (member: Member) => void): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#onTurn = () => {
        seen(this)
        if (end === null || this.turns !== end.atTurn) return
        if (end.flushesBefore) void this.backend.flush().catch(() => undefined)
        resolve()
      }
    })
    await Promise.race([ended, this.#applyAll(log).catch(() => ended)])
  }

  async #applyAll(log: readonly AppliedCommand[]): Promise<void> {
    for (const entry of log.slice(this.machine.appliedIndex)) {
      const ready = this.backend.ready()
      if (ready !== null) await ready
      await this.machine.apply([entry])
    }
  }
}

describe('commands that take many turns, on LMDB', () => {
  it('are durable as a whole or not at all, wherever a life ends, and a replay of the rest gives the same state', async () => {
    const log = logOf()
    const hashes = new Map<number, string>([[0, new KvStateMachine().stateHash]])
    const reference = new KvStateMachine()
    for (const entry of log) {
      reference.applyAtOnce([entry])
      hashes.set(entry.index, `${reference.stateHash} ${reference.query({ type: 'stats' }).keys}`)
    }
    const stateOf = ({ machine }: Member): string => `${machine.stateHash} ${machine.query({ type: 'stats' }).keys}`
    const directory = await mkdtemp(join(tmpdir(), 'balsa-long-batch-'))
    directories.push(directory)
    let durable = 0
    let inTheMiddle = 0
    for (let life = 0; ; life++) {
      const member = await Member.open(directory)
      const { appliedIndex } = member.machine
      expect(appliedIndex).toBeGreaterThanOrEqual(durable)
      if (appliedIndex > 0) expect(stateOf(member)).toBe(hashes.get(appliedIndex))
      const end = life < 24 ? { atTurn: 3 + ((life * 7) % 23), flush: life % 3 === 0, flushesBefore: life % 2 === 0 } : null
      await member.replay(log, end, (seen) => {
        const { appliedIndex: index } = seen.machine
        if (index > 0) expect(stateOf(seen)).toBe(hashes.get(index))
      })
      durable = member.backend.durableIndex
      const isOver = member.machine.appliedIndex === log.length
      if (isOver) expect(stateOf(member)).toBe(hashes.get(log.length))
      else inTheMiddle += 1
      await member.backend.close({ flush: isOver || end?.flush !== false })
      if (isOver) break
    }
    expect(inTheMiddle).toBeGreaterThan(5)
    const last = await Member.open(directory)
    expect(stateOf(last)).toBe(hashes.get(log.length))
    // The answer of the last one was kept.
    const [again] = last.machine.applyAtOnce([{ ...(log.at(-2) as AppliedCommand), index: asIndex(log.length + 1) }])
    expect(again).toMatchObject({ type: 'txn', responses: [{ deleted: KEYS - 2 * ROUNDS }] })
    await last.backend.close()
  }, 60_000)
})
