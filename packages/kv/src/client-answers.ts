/** What clients may ask of the state machine, and what it answers them: the same over a network and in this process. */
import { BalsaError, invariant } from '@balsa/raft'
import type { KvAnswer, KvQuery, TxnReading } from './kv-queries.js'
import { MAX_TXN_ANSWER_BYTES } from './limits.js'
import type { TxnOutcome } from './mvcc/execute-txn.js'
import { ENTRY_BYTES } from './mvcc/range.js'
import type { ClientQuery, ClientQueryAnswer } from './protocol/queries.js'

/** The query as the state machine answers it without making others wait: ranges in slices. */
export const inSlices = (query: ClientQuery): KvQuery => (query.type === 'range' ? { ...query, type: 'scan' } : query)

/** Waits for what is answered in slices. Throws INVALID (refused) for an answer to another kind of question. */
export async function clientAnswer(answer: KvAnswer): Promise<ClientQueryAnswer> {
  switch (answer.type) {
    case 'range':
    case 'lease':
    case 'leases':
      return answer
    case 'scan':
      return answer.answer
    case 'txn':
      return { type: 'txn', ...bounded(await answer.answer) }
    default:
      throw new BalsaError('INVALID', `the store answered with ${answer.type}`)
  }
}

/** A transaction that reads may answer as much as one that writes. */
const bounded = (reading: TxnReading): TxnReading =>
  reading.outcome !== null && outcomeBytes(reading.outcome) > MAX_TXN_ANSWER_BYTES
    ? { revision: reading.revision, refusal: 'TOO_LARGE', outcome: null }
    : reading

/** Of a transaction that has only read, about what it takes in a frame. */
export function outcomeBytes({ responses }: TxnOutcome): number {
  let bytes = 0
  for (const response of responses) {
    bytes += ENTRY_BYTES
    if (response.type === 'txn') bytes += outcomeBytes(response.outcome)
    else {
      invariant(response.type === 'range', 'only what writes nothing is read')
      for (const { key, value } of response.entries) bytes += key.length + value.length + ENTRY_BYTES
    }
  }
  return bytes
}
