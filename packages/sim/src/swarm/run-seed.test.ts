import {
  BalsaError,
  encodeMessage,
  asIndex,
  asMemberId,
  asTerm,
  foundingConfiguration,
  type Message,
  ZERO_INDEX,
  ZERO_TERM,
} from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { MESSAGE_TYPES } from '../network/sim-network.js'
import { type Profile } from './plan.js'
import { runSeed, type RunOptions, type SeedReport } from './run-seed.js'

const replay = (seed: number): string => `again: npm run sim -- --replay ${seed}`

async function traced(seed: number, options: RunOptions): Promise<{ readonly report: SeedReport; readonly trace: string }> {
  const lines: string[] = []
  const report = await runSeed(seed, { globals: globalThis, ...options, onTrace: (line) => lines.push(line) })
  return { report, trace: lines.join('\n') }
}

describe('a simulated run', () => {
  it('is the same for the same seed, byte for byte', { timeout: 120_000 }, async () => {
    for (const seed of [3, 8, 21]) {
      const first = await traced(seed, {})
      const second = await traced(seed, {})
      expect(second.trace === first.trace, replay(seed)).toBe(true)
      expect(second.report, replay(seed)).toEqual(first.report)
      expect(first.trace.length, replay(seed)).toBeGreaterThan(1000)
    }
  })

  it('lets every promise go on as far as it can before time moves: a host that does it exactly gives the same trace', {
    timeout: 120_000,
  }, async () => {
    const settle = (then: () => void): void => void setImmediate(then)
    for (const seed of [2, 5, 12]) {
      const own = await traced(seed, {})
      const exact: string[] = []
      await runSeed(seed, { settle, onTrace: (line) => exact.push(line) })
      expect(exact.join('\n') === own.trace, replay(seed)).toBe(true)
    }
  })

  it('refuses a host that answers with a promise instead of calling: it would wait for ever', async () => {
    const promising = (() => Promise.resolve()) as unknown as () => void
    const { violation } = await runSeed(2, { settle: promising })
    expect(violation?.message).toContain('settle calls what it is given; it returns no promise')
  })

  it('differs when commands wait for each other, in fewer rounds, and finds nothing', async () => {
    const rounds = async (gatherMs: number): Promise<number> => {
      const { trace, report } = await traced(5, { profile: 'sessions', adjust: (plan) => ({ ...plan, turnMs: 0.5, gatherMs }) })
      expect(report.violation, replay(5)).toBeNull()
      return trace.split('propose').length
    }
    expect(await rounds(5)).toBeLessThan(await rounds(0))
  })

  it('differs for another seed', async () => {
    const [one, other] = await Promise.all([runSeed(101), runSeed(102)])
    expect(one.traceHash).not.toBe(other.traceHash)
  })

  it.each<Profile>(['default', 'elections', 'disk', 'snapshots', 'network', 'membership', 'store', 'calm'])(
    'finds nothing with the profile %s',
    { timeout: 120_000 },
    async (profile) => {
      for (const seed of [900, 901]) {
        const { violation, operations } = await runSeed(seed, { profile, globals: globalThis })
        expect(violation, `${replay(seed)} --profile ${profile}`).toBeNull()
        expect(operations.ok, `seed ${seed}`).toBeGreaterThan(0)
      }
    },
  )

  it('notices real time and real chance', async () => {
    const cheats: (() => unknown)[] = [
      () => Date.now(),
      () => Math.random(),
      () => new WeakRef({}),
      () => setTimeout(() => undefined, 1),
      () => performance.now(),
    ]
    for (const cheat of cheats) {
      const { violation } = await runSeed(4, {
        globals: globalThis,
        onTrace: (line) => {
          if (line.includes('propose')) cheat()
        },
      })
      expect(violation?.invariant, String(cheat)).toBe('only-virtual-time')
    }
    expect(Date.now()).toBeGreaterThan(0)
    expect(Math.random()).toBeLessThan(1)
  })

  it('says what was violated, what happened before, and where', async () => {
    const { violation } = await runSeed(4, {
      onTrace: (line) => {
        if (line.includes('leader')) throw new BalsaError('INVARIANT', 'planted')
      },
    })
    expect(violation?.message).toContain('planted')
    expect(violation?.tail.length).toBeGreaterThan(5)
  })
})

describe('message filters', () => {
  it('know the type of a message by its first byte', () => {
    const envelope = { from: asMemberId(1), to: asMemberId(2), term: asTerm(1) }
    const log = { lastLogIndex: ZERO_INDEX, lastLogTerm: ZERO_TERM }
    const append = { prevLogIndex: ZERO_INDEX, prevLogTerm: ZERO_TERM, leaderCommit: ZERO_INDEX, round: 0, fresh: null, entries: [] }
    const configuration = foundingConfiguration([])
    const snapshot = { index: asIndex(1), term: asTerm(1), timeMs: 0, configuration, sizeBytes: 1, checksum: 0 }
    const messages: Message[] = [
      { type: 'requestVote', preVote: false, transfer: null, ...log, ...envelope },
      { type: 'requestVoteResponse', preVote: false, granted: true, ...envelope },
      { type: 'appendEntries', ...append, ...envelope },
      { type: 'appendEntriesResponse', round: 0, stamp: 0, matchIndex: ZERO_INDEX, rejected: null, ...envelope },
      { type: 'heartbeat', commit: ZERO_INDEX, round: 0, fresh: null, ...envelope },
      { type: 'heartbeatResponse', round: 0, stamp: 0, health: 'unknown', ...envelope },
      { type: 'installSnapshot', snapshot, offset: 0, data: Uint8Array.of(1), done: true, ...envelope },
      { type: 'installSnapshotResponse', snapshotIndex: ZERO_INDEX, nextOffset: 0, installed: false, ...envelope },
      { type: 'timeoutNow', untilRound: 0, ...envelope },
      { type: 'readIndexRequest', request: 1, ...envelope },
      { type: 'readIndexResponse', request: 1, index: 'NOT_LEADER', ...envelope },
    ]
    for (const message of messages) expect(MESSAGE_TYPES[encodeMessage(message)[0] ?? 0]).toBe(message.type)
    expect(MESSAGE_TYPES.length).toBe(messages.length + 1)
  })
})
