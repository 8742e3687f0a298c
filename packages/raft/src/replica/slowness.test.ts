import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asIndex, asMemberId } from '../types.js'
import { type Candidate, DEFAULT_SLOWNESS, SlownessMeter, TransferDecider } from './slowness.js'

const { windowMs, windows, coolDownMs, slowDiskMs } = DEFAULT_SLOWNESS

/** Lets windows pass in each of which one write took `diskMs` and one timer was `lateMs` late; null = none. */
function pass(meter: SlownessMeter, fromMs: number, count: number, diskMs: number | null, lateMs: number | null = 0): number {
  let nowMs = fromMs
  for (let window = 0; window < count; window++) {
    if (diskMs !== null) {
      meter.writeBegan(nowMs)
      meter.writeEnded(nowMs + diskMs)
    }
    if (lateMs !== null) meter.timerFired(lateMs)
    nowMs += windowMs
    meter.advance(nowMs)
  }
  return nowMs
}

describe('SlownessMeter', () => {
  it('knows nothing before it has seen enough, then that all is well', () => {
    const meter = new SlownessMeter(DEFAULT_SLOWNESS, 0)
    const nowMs = pass(meter, 0, windows - 1, 1)
    expect(meter.health).toBe('unknown')
    pass(meter, nowMs, 1, 1)
    expect(meter.health).toBe('healthy')
  })

  it.each([
    ['the disk', slowDiskMs, 0, /writes to the log take 100 ms/],
    ['the event loop', 1, 80, /the event loop is 80 ms late/],
  ])('finds %s slow when it lasts, and well again when that lasts', (_, diskMs, lateMs, reason) => {
    const meter = new SlownessMeter(DEFAULT_SLOWNESS, 0)
    let nowMs = pass(meter, 0, windows, 1)
    nowMs = pass(meter, nowMs, windows - 1, diskMs, lateMs)
    expect(meter.health).toBe('unknown')
    nowMs = pass(meter, nowMs, 1, diskMs, lateMs)
    expect(meter.health).toBe('slow')
    expect(meter.reason).toMatch(reason)
    nowMs = pass(meter, nowMs, windows - 1, 1)
    expect(meter.health).toBe('slow')
    pass(meter, nowMs, 1, 1)
    expect(meter.health).toBe('healthy')
  })

  it('single bad windows among good ones are not slowness', () => {
    const meter = new SlownessMeter(DEFAULT_SLOWNESS, 0)
    let nowMs = 0
    for (let round = 0; round < 50; round++) {
      nowMs = pass(meter, nowMs, windows - 1, 500)
      nowMs = pass(meter, nowMs, 1, 1)
      expect(meter.health).not.toBe('slow')
    }
  })

  it('a write that never ends makes slow; a pause of the process and quiet windows do not', () => {
    const stalled = new SlownessMeter(DEFAULT_SLOWNESS, 0)
    stalled.writeBegan(0)
    for (let window = 1; window <= windows; window++) expect(stalled.advance(window * windowMs)).toBe(true)
    expect(stalled.health).toBe('slow')

    const paused = new SlownessMeter(DEFAULT_SLOWNESS, 0)
    let nowMs = pass(paused, 0, windows, 1)
    nowMs += 60_000
    paused.timerFired(60_000)
    expect(paused.advance(nowMs)).toBe(true)
    expect(paused.health).toBe('unknown')
    nowMs = pass(paused, nowMs, windows, null, null)
    expect(paused.health).toBe('unknown')
    pass(paused, nowMs, windows, null, 0)
    expect(paused.health).toBe('healthy')
  })
})

const peer = (id: number, change: Partial<Candidate> = {}): Candidate => ({
  id: asMemberId(id),
  health: 'healthy',
  matchIndex: asIndex(7),
  lastContactMs: Infinity,
  eligible: true,
  ...change,
})

describe('TransferDecider', () => {
  it('not before the cool-down after the election, then to the healthy voter whose log is furthest', () => {
    const decider = new TransferDecider(DEFAULT_SLOWNESS)
    const peers = [peer(2), peer(3, { matchIndex: asIndex(9) }), peer(4, { matchIndex: asIndex(99), health: 'slow' })]
    expect(decider.decide('slow', 1, peers, 0)).toBeNull()
    expect(decider.decide('slow', 1, peers, coolDownMs - 1)).toBeNull()
    expect(decider.decide('slow', 1, peers, coolDownMs)).toBe(3)
    // Tried once; and again only when the cool-down has passed again.
    expect(decider.decide('slow', 1, peers, coolDownMs + windowMs)).toBeNull()
    expect(decider.decide('slow', 1, peers, 2 * coolDownMs)).toBe(3)
  })

  it.each<[string, readonly Candidate[]]>([
    ['everybody is slow', [peer(2, { health: 'slow' }), peer(3, { health: 'slow' })]],
    ['nobody is known to be healthy', [peer(2, { health: 'unknown' })]],
    ['the healthy ones cannot lead', [peer(2, { eligible: false })]],
    ['the healthy ones have not been heard', [peer(2, { lastContactMs: coolDownMs - windowMs })]],
    ['it is alone', []],
  ])('stays when %s', (_, peers) => {
    const decider = new TransferDecider(DEFAULT_SLOWNESS)
    decider.decide('slow', 1, peers, 0)
    expect(decider.decide('slow', 1, peers, coolDownMs)).toBeNull()
  })

  it('never moves from a leader that is not slow, and never twice within the cool-down, whatever is reported', () => {
    const health = fc.constantFrom('unknown' as const, 'healthy' as const, 'slow' as const)
    const step = fc.record({ own: health, other: health, newTerm: fc.boolean(), afterMs: fc.integer({ min: 1, max: 20_000 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const decider = new TransferDecider(DEFAULT_SLOWNESS)
        let term = 0
        let nowMs = 0
        let lastMs = -Infinity
        for (const { own, other, newTerm, afterMs } of steps) {
          nowMs += afterMs
          if (newTerm) term++
          const target = decider.decide(own, term, [peer(2, { health: other })], nowMs)
          if (target === null) continue
          expect([own, other]).toEqual(['slow', 'healthy'])
          expect(nowMs - lastMs).toBeGreaterThanOrEqual(coolDownMs)
          lastMs = nowMs
        }
      }),
    )
  })
})
