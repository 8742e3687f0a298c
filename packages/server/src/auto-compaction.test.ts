import { describe, expect, it } from 'vitest'
import { BalsaError, ManualClock } from '@balsa/raft'
import { AutoCompaction, type AutoCompactionSetting } from './auto-compaction.js'

function begin(setting: AutoCompactionSetting) {
  const clock = new ManualClock()
  const state = { revision: 1, leads: true, failure: null as BalsaError | null, asked: [] as number[] }
  const compaction = new AutoCompaction({
    setting,
    clock,
    logger: { info: () => undefined, warn: () => undefined },
    isLeader: () => state.leads,
    revision: () => state.revision,
    compact: (revision) => {
      state.asked.push(revision)
      return state.failure === null ? Promise.resolve() : Promise.reject(state.failure)
    },
  })
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    for (let at = 0; at < 3; at++) await Promise.resolve()
  }
  return { clock, state, compaction, pass }
}

describe('by time', () => {
  it('compacts to what was the newest revision so long ago, first after one whole retention', async () => {
    const { state, pass } = begin({ mode: 'periodic', retentionMs: 10_000 })
    for (let at = 0; at < 10; at++) {
      state.revision += 10
      await pass(1000)
    }
    expect(state.asked).toEqual([])
    state.revision = 1000
    await pass(1000)
    expect(state.asked).toEqual([11])
    await pass(1000)
    expect(state.asked).toEqual([11, 21])
  })

  it('is done by the leader alone; a new one goes on where the old one was', async () => {
    const { state, pass } = begin({ mode: 'periodic', retentionMs: 10_000 })
    state.leads = false
    for (let at = 0; at < 11; at++) await pass(1000)
    expect(state.asked).toEqual([])
    state.leads = true
    await pass(1000)
    expect(state.asked).toEqual([1])
  })
})

describe('by revisions', () => {
  it('keeps so many', async () => {
    const { state, pass } = begin({ mode: 'revision', retention: 100 })
    await pass(300_000)
    expect(state.asked).toEqual([])
    state.revision = 250
    await pass(300_000)
    await pass(300_000)
    expect(state.asked).toEqual([150])
  })

  it('tries again after a failure, but not what somebody else has done', async () => {
    const { state, pass, compaction, clock } = begin({ mode: 'revision', retention: 100 })
    state.revision = 250
    state.failure = new BalsaError('NO_LEADER', 'nobody')
    await pass(300_000)
    state.failure = new BalsaError('COMPACTED', 'done')
    await pass(300_000)
    await pass(300_000)
    expect(state.asked).toEqual([150, 150])
    compaction.stop()
    expect(clock.pending).toBe(0)
  })
})
