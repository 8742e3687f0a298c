import { asTerm } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { DurableLog } from './durable-log.js'
import { SimFile } from './sim-file.js'
import type { WalBatch, WalRecord } from './wal-reader.js'

const hardState = { term: asTerm(1), votedFor: null }
const head: WalRecord = { type: 'head', origin: 1, lastIndex: 0, lastTerm: 0, hardState }

function batch(number: number, records: readonly WalRecord[]): WalBatch {
  return { offset: number * 512, sizeBytes: 512, number, segment: 1, kind: 1, records }
}

function entries(...pairs: readonly (readonly [number, number])[]): WalRecord[] {
  return pairs.map(([index, term]) => ({ type: 'entry', entry: { index, term, type: 1, timeMs: 0, payload: new Uint8Array() } }))
}

describe('the log on a platter', () => {
  it('tells of entries that later ones made void', () => {
    const file = new SimFile()
    const log = new DurableLog()
    const names = new Map([['wal-0000000000000001.log', file]])
    file.batches = [batch(0, [head, ...entries([1, 1], [2, 1], [3, 1])])]
    log.refresh(names, 1)
    file.batches.push(batch(1, entries([2, 2])))
    log.refresh(names, 1)
    expect(log.cut).toEqual([
      { index: 3, term: 1 },
      { index: 2, term: 1 },
    ])
    expect([log.holds(1, 1), log.holds(2, 2), log.holds(3, 1)]).toEqual([true, true, false])
  })

  it('does not tell of them again when the whole log is read anew, as after a crash: entries cut as uncommitted may be committed elsewhere since', () => {
    const file = new SimFile()
    const log = new DurableLog()
    const names = new Map([['wal-0000000000000001.log', file]])
    file.batches = [batch(0, [head, ...entries([1, 1], [2, 1])]), batch(1, entries([2, 2]))]
    log.refresh(names, 1)
    log.cut.splice(0)
    file.generation++
    log.refresh(names, 2)
    expect(log.cut).toEqual([])
  })

  it('tells of entries that are gone when the whole log is read anew', () => {
    const file = new SimFile()
    const log = new DurableLog()
    const names = new Map([['wal-0000000000000001.log', file]])
    file.batches = [batch(0, [head, ...entries([1, 1])]), batch(1, entries([2, 1]))]
    log.refresh(names, 1)
    file.batches.pop()
    file.generation++
    log.refresh(names, 1)
    expect(log.cut).toEqual([{ index: 2, term: 1 }])
  })

  it.each(['before the next segment', 'with the next segment'])(
    'leaves out a batch that failed and was begun anew in the next segment, also when it cut the log; read %s',
    (when) => {
      const [first, second] = [new SimFile(), new SimFile()]
      const log = new DurableLog()
      first.batches = [batch(0, [head, ...entries([1, 1], [2, 1])]), batch(1, entries([1, 2]))]
      if (when === 'before the next segment') log.refresh(new Map([['wal-0000000000000001.log', first]]), 1)
      const continued: WalRecord = { type: 'head', origin: 2, lastIndex: 2, lastTerm: 1, hardState }
      second.batches = [batch(1, [continued])]
      const names = new Map([
        ['wal-0000000000000001.log', first],
        ['wal-0000000000000002.log', second],
      ])
      log.refresh(names, 2)
      expect([log.lastIndex, log.holds(1, 1), log.holds(2, 1), log.holds(1, 2)]).toEqual([2, true, true, false])
      second.batches.push(batch(2, entries([1, 2])))
      log.refresh(names, 2)
      expect([log.lastIndex, log.holds(1, 2), log.holds(2, 1)]).toEqual([1, true, false])
    },
  )
})
