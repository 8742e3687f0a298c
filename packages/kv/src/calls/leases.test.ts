import { describe, expect, it } from 'vitest'
import type { ClientQuery, ClientQueryAnswer } from '../protocol/queries.js'
import { allLeases, leaseInfo } from './leases.js'

/** Answers with these, in their order. */
function answering(answers: readonly ClientQueryAnswer[]) {
  const asked: ClientQuery[] = []
  const ask = async <Result>(query: () => ClientQuery, map: (answer: ClientQueryAnswer) => Result): Promise<Result> => {
    const answer = answers[asked.push(query()) - 1]
    if (answer === undefined) throw new Error('asked too often')
    return map(answer)
  }
  return { asked, ask }
}

const page = (keys: readonly string[], more: boolean): ClientQueryAnswer => ({
  type: 'lease',
  revision: 5,
  lease: { ttlMs: 1000, remainingMs: 500, keys, more },
})

describe('leases of a client', () => {
  it('are listed page by page', async () => {
    const { asked, ask } = answering([
      { type: 'leases', revision: 5, leases: [1n, 2n], more: true },
      { type: 'leases', revision: 6, leases: [-1n], more: false },
    ])
    expect(await allLeases(ask)).toEqual([1n, 2n, -1n])
    expect(asked).toMatchObject([{ from: 0n }, { from: 3n }])
  })

  it('have all their keys, or are gone when they end on the way', async () => {
    const { asked, ask } = answering([page(['a', 'b'], true), page(['c'], false)])
    const info = await leaseInfo(7n, { keys: true }, ask)
    expect(info?.keys.map((key) => new TextDecoder().decode(key))).toEqual(['a', 'b', 'c'])
    expect(asked).toMatchObject([{ keysFrom: '' }, { keysFrom: 'b\0' }])
    const gone = answering([page(['a', 'b'], true), { type: 'lease', revision: 6, lease: null }])
    expect(await leaseInfo(7n, { keys: true }, gone.ask)).toBeNull()
  })

  it('refuse an answer to another question', async () => {
    const { ask } = answering([page([], false), { type: 'leases', revision: 5, leases: [], more: false }])
    await expect(allLeases(ask)).rejects.toMatchObject({ code: 'MALFORMED' })
    await expect(leaseInfo(7n, {}, ask)).rejects.toMatchObject({ code: 'MALFORMED' })
  })
})
