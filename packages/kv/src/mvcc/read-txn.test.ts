import { asIndex, asTerm } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Command, encodeCommand } from '../command.js'
import { KvStateMachine } from '../kv-state-machine.js'
import type { CommandResult } from '../result.js'
import { arbitrariesOf } from './commands.test-support.js'
import { PLAIN_RANGE } from './range.js'
import { canWrite, type Txn, type TxnOperation } from './txn.js'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const EMPTY = bytes('')

class Applied {
  readonly machine = new KvStateMachine()
  #index = 0

  run(command: Command): CommandResult {
    this.#index += 1
    const entry = { index: asIndex(this.#index), term: asTerm(1), timeMs: 1, command: encodeCommand(command) }
    const [result] = this.machine.applyAtOnce([entry]) as [CommandResult]
    return result
  }

  /** The place in the log that a question would have had: ids of leases come from there. */
  skip(): void {
    this.#index += 1
  }
}

const { command, question } = arbitrariesOf(40)

describe('a transaction that writes nothing', () => {
  it('is answered as the log would have answered it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(command, question), { minLength: 20, maxLength: 40 }), async (steps) => {
        const read = new Applied()
        const logged = new Applied()
        for (const [given, asked] of steps) {
          expect(logged.run(given)).toEqual(read.run(given))
          const result = logged.run({ type: 'txn', stamp: null, txn: asked })
          read.skip()
          const { revision: at, refusal, outcome } = await read.machine.query({ type: 'txn', txn: asked }).answer
          if (result.type === 'refused') expect([refusal, outcome]).toEqual([result.code, null])
          else expect(result).toEqual({ type: 'txn', revision: at, ...outcome })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('reads one state, however long it takes and whatever is written meanwhile, also more than an answer of the log may have', async () => {
    const store = new Applied()
    const large = new Uint8Array(200_000)
    for (let at = 0; at < 20; at++) store.run({ type: 'put', stamp: null, key: bytes(`big/${at}`), value: large })
    for (let at = 0; at < 3000; at++) store.run({ type: 'put', stamp: null, key: bytes(`many/${at}`), value: bytes('1') })
    const all = { ...PLAIN_RANGE, key: bytes('\0'), rangeEnd: bytes('\0'), counted: true }
    const asked: Txn = {
      compares: [{ key: bytes('big/0'), rangeEnd: EMPTY, result: 'equal', target: 'version', operand: 1 }],
      success: [
        { type: 'range', request: all },
        { type: 'range', request: { ...all, countOnly: true } },
      ],
      failure: [],
    }
    const { revision: before } = store.machine
    const { answer } = store.machine.query({ type: 'txn', txn: asked })
    for (let at = 0; at < 100; at++) store.run({ type: 'put', stamp: null, key: bytes(`later/${at}`), value: bytes('1') })
    const { revision: at, outcome } = await answer
    expect([at, outcome?.succeeded]).toEqual([before, true])
    expect(outcome?.responses.map((response) => response.type === 'range' && response.count)).toEqual([3020, 3020])
  })

  it('is refused for its shape as any other, and only what writes nothing counts as such', async () => {
    const store = new Applied()
    const many = Array.from(
      { length: 129 },
      (): TxnOperation => ({ type: 'range', request: { ...PLAIN_RANGE, key: bytes('a'), rangeEnd: EMPTY } }),
    )
    const { refusal } = await store.machine.query({ type: 'txn', txn: { compares: [], success: [], failure: many } }).answer
    expect(refusal).toBe('TOO_MANY_OPERATIONS')
    const remove: TxnOperation = { type: 'delete', key: bytes('a'), rangeEnd: EMPTY, previous: false }
    const inside: Txn = { compares: [], success: [{ type: 'txn', txn: { compares: [], success: [], failure: [remove] } }], failure: [] }
    expect([canWrite({ compares: [], success: many, failure: [] }), canWrite(inside)]).toEqual([false, true])
  })
})
