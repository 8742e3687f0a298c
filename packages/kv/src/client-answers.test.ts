import { describe, expect, it } from 'vitest'
import { clientAnswer, inSlices, outcomeBytes } from './client-answers.js'
import type { TxnReading } from './kv-queries.js'
import { MAX_TXN_ANSWER_BYTES } from './limits.js'
import { PLAIN_RANGE } from './mvcc/range.js'

const entry = (valueBytes: number) => ({
  key: 'k',
  createRevision: 1,
  modRevision: 1,
  version: 1,
  lease: 0n,
  value: new Uint8Array(valueBytes),
})

const reading = (valueBytes: number): TxnReading => ({
  revision: 7,
  refusal: null,
  outcome: {
    succeeded: true,
    responses: [
      { type: 'txn', outcome: { succeeded: false, responses: [{ type: 'range', entries: [entry(valueBytes)], more: false, count: 1 }] } },
    ],
  },
})

describe('answers to clients', () => {
  it('asks for ranges in slices', () => {
    const range = { type: 'range', request: { ...PLAIN_RANGE, key: new Uint8Array(1), rangeEnd: new Uint8Array(0) }, maxBytes: 10 } as const
    expect(inSlices(range)).toEqual({ ...range, type: 'scan' })
    expect(inSlices({ type: 'leases', from: 0n })).toEqual({ type: 'leases', from: 0n })
  })

  it('waits for scans and transactions', async () => {
    const range = { type: 'range', revision: 3, refusal: 'COMPACTED', result: null } as const
    expect(await clientAnswer({ type: 'scan', answer: Promise.resolve(range) })).toBe(range)
    expect(await clientAnswer({ type: 'txn', answer: Promise.resolve(reading(2)) })).toEqual({ type: 'txn', ...reading(2) })
    const refused = { revision: 7, refusal: 'FUTURE_REVISION', outcome: null } as const
    expect(await clientAnswer({ type: 'txn', answer: Promise.resolve(refused) })).toEqual({ type: 'txn', ...refused })
  })

  it('refuses transactions that read too much, to the byte', async () => {
    const { outcome } = reading(0)
    const most = MAX_TXN_ANSWER_BYTES - (outcome === null ? 0 : outcomeBytes(outcome))
    const answered = async (bytes: number) => await clientAnswer({ type: 'txn', answer: Promise.resolve(reading(bytes)) })
    expect(await answered(most)).toEqual({ type: 'txn', ...reading(most) })
    expect(await answered(most + 1)).toEqual({ type: 'txn', revision: 7, refusal: 'TOO_LARGE', outcome: null })
  })

  it('has no answer for what clients do not ask', async () => {
    await expect(clientAnswer({ type: 'get', revision: 1, record: null })).rejects.toMatchObject({ code: 'INVALID' })
  })
})
