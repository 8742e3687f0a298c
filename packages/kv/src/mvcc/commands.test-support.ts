import fc from 'fast-check'
import type { Command } from '../command.js'
import { type RangeRequest, SORT_TARGETS } from './range.js'
import { type Compare, COMPARE_RESULTS, type Txn, type TxnOperation } from './txn.js'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

const KEYS = ['a', 'a\0', 'ab', 'b', 'b\u00ff', '\u00ff', 'c'].map(bytes)
const key = fc.constantFrom(...KEYS)
const rangeEnd = fc.oneof({ weight: 4, arbitrary: fc.constant(bytes('')) }, { weight: 1, arbitrary: fc.constant(bytes('\0')) }, key)
const value = fc.uint8Array({ maxLength: 4 })
const lease = fc.constantFrom(0n, 0n, 7n, 8n, -9n)
const number = fc.oneof(fc.constant(0), fc.integer({ min: -1, max: 60 }))
const bound = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(60))
const stamp = fc.constant(null)

const result = fc.constantFrom(...COMPARE_RESULTS)
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({
    key,
    rangeEnd,
    result,
    target: fc.constantFrom('version' as const, 'createRevision' as const, 'modRevision' as const),
    operand: number,
  }),
  fc.record({ key, rangeEnd, result, target: fc.constant('lease' as const), operand: lease }),
  fc.record({ key, rangeEnd, result, target: fc.constant('value' as const), operand: value }),
)

const put = fc.record({
  type: fc.constant('put' as const),
  key,
  value: fc.option(value, { freq: 6 }),
  lease: fc.option(lease, { freq: 6 }),
  previous: fc.boolean(),
})
const writes: fc.WeightedArbitrary<TxnOperation>[] = [
  { weight: 4, arbitrary: put },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('append' as const), key, value }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key, rangeEnd, previous: fc.boolean() }) },
]

/** Commands and questions about few keys, in a store whose revisions go up to about `revisions`. */
export function arbitrariesOf(revisions: number) {
  const request: fc.Arbitrary<RangeRequest> = fc.record({
    key,
    rangeEnd,
    limit: fc.nat(4),
    revision: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat(revisions)),
    sortTarget: fc.constantFrom('key' as const, ...SORT_TARGETS),
    descending: fc.boolean(),
    keysOnly: fc.boolean(),
    countOnly: fc.nat(5).map((n) => n === 0),
    counted: fc.boolean(),
    minModRevision: bound,
    maxModRevision: bound,
    minCreateRevision: bound,
    maxCreateRevision: bound,
  })
  const txnOf = (operations: readonly fc.WeightedArbitrary<TxnOperation>[]): fc.Arbitrary<Txn> =>
    fc.letrec<{ txn: Txn; operation: TxnOperation }>((tie) => ({
      txn: fc.record({
        compares: fc.array(compare, { maxLength: 2 }),
        success: fc.array(tie('operation'), { maxLength: 3 }),
        failure: fc.array(tie('operation'), { maxLength: 3 }),
      }),
      operation: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        ...operations,
        { weight: 3, arbitrary: fc.record({ type: fc.constant('range' as const), request }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constant('txn' as const), txn: tie('txn') }) },
      ),
    })).txn
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('put' as const, 'append' as const), stamp, key, value }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('append' as const), stamp, key, value }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), stamp, key }) },
    { weight: 12, arbitrary: fc.record({ type: fc.constant('txn' as const), stamp, txn: txnOf(writes) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), stamp, revision: fc.integer({ min: 1, max: revisions }) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('leaseGrant' as const), stamp, lease, ttlMs: fc.nat(3000) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('leaseRevoke' as const, 'leaseKeepAlive' as const), stamp, lease }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('advance' as const) }) },
  )
  /** `question`: a transaction that writes nothing. */
  return { request, command, question: txnOf([]) }
}
