import { asIndex, asTerm } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { encodeCommand } from './command.js'
import { KvStateMachine } from './kv-state-machine.js'
import { readSnapshotHead } from './snapshot-head.js'

describe('the head of a snapshot', () => {
  it('tells what it holds without its tables', async () => {
    const machine = new KvStateMachine()
    const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
    const command = encodeCommand({ type: 'put', stamp: null, key: bytes('key'), value: bytes('value') })
    machine.applyAtOnce([{ index: asIndex(7), term: asTerm(1), timeMs: 99, command }])
    for await (const chunk of machine.snapshot()) {
      expect(readSnapshotHead(chunk)).toEqual({ appliedIndex: 7, timeMs: 99, revision: 2, keys: 1, dataBytes: 8 })
      const other = chunk.slice()
      other[5] = 200
      expect(() => readSnapshotHead(other)).toThrow(/format/)
      break
    }
    expect(() => readSnapshotHead(new Uint8Array(20))).toThrow()
    expect(() => readSnapshotHead(new Uint8Array(20).fill(255))).toThrow(/longer/)
  })
})
