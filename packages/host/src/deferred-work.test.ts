import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeferredWork } from './deferred-work.js'

/** An event loop whose time moves only while a piece of work runs. */
class Loop {
  nowMs = 0
  turns = 0
  readonly work = new DeferredWork(
    () => this.nowMs,
    (callback) => this.#immediates.push(callback),
  )
  /** What ran, in which turn. */
  readonly ran: [string, number][] = []
  #immediates: (() => void)[] = []

  push(name: string, ms: number, then: () => void = () => undefined): void {
    this.work.push(() => {
      this.ran.push([name, this.turns])
      this.nowMs += ms
      then()
    })
  }

  get isIdle(): boolean {
    return this.#immediates.length === 0
  }

  turn(): void {
    this.turns += 1
    const now = this.#immediates
    this.#immediates = []
    try {
      for (let callback = now.shift(); callback !== undefined; callback = now.shift()) callback()
    } finally {
      // As in Node.js: what an error has left of a turn comes first in the next one.
      this.#immediates.unshift(...now)
    }
  }

  run(): void {
    while (!this.isIdle) this.turn()
  }
}

describe('deferred work', () => {
  it('runs in the next turn, in order', () => {
    const loop = new Loop()
    loop.push('a', 1)
    loop.push('b', 1, () => loop.push('c', 1))
    expect(loop.ran).toEqual([])
    loop.run()
    expect(loop.ran).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 2],
    ])
  })

  it('leaves to the next turn what is too much for this one, before what came later', () => {
    const loop = new Loop()
    loop.push('a', 3, () => loop.push('d', 1))
    loop.push('b', 3)
    loop.push('c', 3)
    loop.run()
    expect(loop.ran).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 2],
      ['d', 2],
    ])
  })

  it('runs something in each turn, also when every piece is longer than a turn should be', () => {
    const loop = new Loop()
    for (const name of ['a', 'b', 'c']) loop.push(name, 100)
    loop.run()
    expect(loop.ran.map(([, turn]) => turn)).toEqual([1, 2, 3])
  })

  it('is not stopped by a piece that throws', () => {
    const loop = new Loop()
    loop.work.push(() => {
      throw new Error('broken')
    })
    loop.push('b', 1)
    expect(() => loop.turn()).toThrow('broken')
    loop.push('c', 1)
    loop.run()
    expect(loop.ran.map(([name]) => name)).toEqual(['b', 'c'])
  })

  it('loses nothing, keeps the order, and no turn goes on behind its time', () => {
    const piece = fc.record({ ms: fc.integer({ min: 0, max: 9 }), children: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }) })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const loop = new Loop()
        const pushed: string[] = []
        const began = new Map<number, number>()
        const push = (ms: number, children: readonly number[]): void => {
          const name = String(pushed.length)
          pushed.push(name)
          loop.push(name, ms, () => {
            const beganMs = began.get(loop.turns) ?? loop.nowMs - ms
            began.set(loop.turns, beganMs)
            expect(loop.nowMs - ms === beganMs || loop.nowMs - ms - beganMs < 4).toBe(true)
            for (const child of children) push(child, [])
          })
        }
        for (const { ms, children } of pieces) push(ms, children)
        loop.run()
        expect(loop.ran.map(([name]) => name)).toEqual(pushed)
      }),
    )
  })
})
