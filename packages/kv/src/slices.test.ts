import { asIndex, asTerm, type Clock } from '@balsa/raft'
import { expect, it } from 'vitest'
import { encodeCommand } from './command.js'
import { KvStateMachine } from './kv-state-machine.js'
import { PLAIN_RANGE } from './mvcc/range.js'

/** Every look at it is some ms later; turns are taken by hand. */
class SlowClock implements Clock {
  readonly turns: (() => void)[] = []
  #nowMs = 0

  now(): number {
    this.#nowMs += 4
    return this.#nowMs
  }

  setTimer = () => ({ cancel: () => undefined })

  defer(callback: () => void): void {
    this.turns.push(callback)
  }
}

it('large reads that go on together share the turns: one slice in each', async () => {
  const clock = new SlowClock()
  const machine = new KvStateMachine({ clock })
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  for (let at = 1; at <= 20_000; at++) {
    const command = encodeCommand({ type: 'put', stamp: null, key: bytes(`k${at}`), value: bytes('v') })
    machine.applyAtOnce([{ index: asIndex(at), term: asTerm(1), timeMs: at, command }])
  }
  const request = { ...PLAIN_RANGE, key: bytes('k'), rangeEnd: bytes('l'), countOnly: true, minModRevision: 5 }
  const done: number[] = []
  for (let each = 0; each < 3; each++)
    void machine.scan({ type: 'range', request, maxBytes: Number.POSITIVE_INFINITY }).then((answer) => done.push(answer.result?.count ?? 0))
  let turns = 0
  for (; done.length < 3; turns++) {
    expect(clock.turns.length).toBeLessThanOrEqual(1)
    clock.turns.shift()?.()
    // What the turn has woken goes on before the next one.
    for (let at = 0; at < 20; at++) await Promise.resolve()
    expect(turns).toBeLessThan(1000)
  }
  expect(new Set(done).size).toBe(1)
  expect(turns).toBeGreaterThan(6)
})
