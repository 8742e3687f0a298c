import { describe, expect, it } from 'vitest'
import type { PersistEffect } from '../core/effects.js'
import type { Entry } from '../types.js'
import { asIndex, asTerm, EntryType } from '../types.js'
import { DurableEnd } from './durable-end.js'

const EMPTY = new Uint8Array(0)
const effect = (from: number, to: number): PersistEffect => ({
  sequence: 1,
  hardState: null,
  entries: Array.from(
    { length: Math.max(0, to - from + 1) },
    (_, at): Entry => ({
      index: asIndex(from + at),
      term: asTerm(1),
      timeMs: 0,
      type: EntryType.command,
      payload: EMPTY,
    }),
  ),
  installSnapshot: null,
  compactBelow: null,
})

describe('the durable end of the log', () => {
  it('follows writes in their order, and takes back what is being replaced', () => {
    const told: number[] = []
    const end = new DurableEnd(asIndex(4), (index) => told.push(index))
    end.begun(effect(5, 7))
    end.begun(effect(8, 9))
    end.begun({ ...effect(1, 0), sequence: 2 })
    end.ended()
    expect(told).toEqual([4, 7])
    end.ended()
    end.ended()
    expect(told).toEqual([4, 7, 9])
    end.begun(effect(6, 6))
    expect(told.at(-1)).toBe(5)
    end.begun(effect(7, 12))
    end.ended()
    expect(told.at(-1)).toBe(6)
    end.begun(effect(8, 8))
    end.ended()
    expect(told.at(-1)).toBe(7)
    end.ended()
    expect(told.at(-1)).toBe(8)
  })

  it('begins anew with a snapshot', () => {
    const told: number[] = []
    const end = new DurableEnd(asIndex(4), (index) => told.push(index))
    const meta = { index: asIndex(90), term: asTerm(2), timeMs: 0, configuration: {} as never, sizeBytes: 1, checksum: 1 }
    end.begun({ ...effect(1, 0), installSnapshot: meta })
    expect(told.at(-1)).toBe(0)
    end.ended()
    expect(told.at(-1)).toBe(90)
  })
})
