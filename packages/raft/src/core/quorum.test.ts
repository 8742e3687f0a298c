import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Configuration, MemberId } from '../types.js'
import { asMemberId, foundingConfiguration } from '../types.js'
import { isVoter, majorityValue, quorumValue, voteResult } from './quorum.js'

/** Every subset of `ids`: brute force needs no cleverness. */
const subsets = (ids: readonly MemberId[]): readonly (readonly MemberId[])[] =>
  ids.reduce<readonly (readonly MemberId[])[]>((all, id) => [...all, ...all.map((subset) => [...subset, id])], [[]])

const isMajority = (subset: readonly MemberId[], ids: readonly MemberId[]): boolean =>
  ids.filter((id) => subset.includes(id)).length * 2 > ids.length

/** A decision needs a majority of each half that has anybody. */
const isQuorum = (subset: readonly MemberId[], { voters, votersOutgoing }: Configuration): boolean =>
  [voters, votersOutgoing].every((half) => half.length === 0 || isMajority(subset, half))

const everybody = [1, 2, 3, 4, 5, 6, 7].map(asMemberId)

const configurations = fc
  .record({
    voters: fc.subarray(everybody),
    outgoing: fc.oneof(fc.constant<MemberId[]>([]), fc.subarray(everybody)),
    learners: fc.subarray(everybody),
  })
  .map(({ voters, outgoing, learners }): Configuration => ({ ...foundingConfiguration([]), voters, votersOutgoing: outgoing, learners }))

const valuesOfAll = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 7, maxLength: 7 })
const votesOfAll = fc.array(fc.constantFrom(true, false, null), { minLength: 7, maxLength: 7 })

describe('quorumValue', () => {
  it('is the largest value that some quorum has reached, by brute force', () => {
    fc.assert(
      fc.property(configurations, valuesOfAll, (configuration, values) => {
        const valueOf = (id: MemberId): number => values[id - 1] ?? 0
        const quorums = subsets(everybody).filter((subset) => isQuorum(subset, configuration))
        const nobodyVotes = configuration.voters.length + configuration.votersOutgoing.length === 0
        const voting = (subset: readonly MemberId[]): readonly MemberId[] => subset.filter((id) => isVoter(configuration, id))
        const best = Math.max(...quorums.map((subset) => Math.min(...voting(subset).map(valueOf))))
        expect(quorumValue(configuration, valueOf)).toBe(nobodyVotes ? Infinity : best)
      }),
      { numRuns: 500 },
    )
  })

  it('does not depend on the order of the voters', () => {
    fc.assert(
      fc.property(configurations, valuesOfAll, (configuration, values) => {
        const valueOf = (id: MemberId): number => values[id - 1] ?? 0
        const turned = { ...configuration, voters: [...configuration.voters].reverse() }
        expect(quorumValue(turned, valueOf)).toBe(quorumValue(configuration, valueOf))
      }),
    )
  })

  it('never falls when a value rises', () => {
    fc.assert(
      fc.property(configurations, valuesOfAll, fc.constantFrom(...everybody), (configuration, values, riser) => {
        const before = quorumValue(configuration, (id) => values[id - 1] ?? 0)
        const after = quorumValue(configuration, (id) => (values[id - 1] ?? 0) + (id === riser ? 5 : 0))
        expect(after).toBeGreaterThanOrEqual(before)
      }),
    )
  })
})

describe('majorityValue', () => {
  it.each([
    [[1], 1],
    [[5, 3], 3],
    [[5, 3, 1], 3],
    [[5, 4, 3, 1], 3],
    [[5, 4, 3, 2, 1], 3],
    [[9, 9, 0, 0, 0], 0],
    [[9, 9, 9, 0, 0, 0], 0],
  ])('of %j is %i', (values, expected) => {
    const ids = values.map((_, position) => asMemberId(position + 1))
    expect(majorityValue(ids, (id) => values[id - 1] ?? 0)).toBe(expected)
  })

  it('of nobody binds nothing', () => expect(majorityValue([], () => 0)).toBe(Infinity))

  it('copes with members that were never heard', () => {
    expect(majorityValue(everybody.slice(0, 3), (id) => (id === 1 ? 7 : -Infinity))).toBe(-Infinity)
  })
})

describe('voteResult', () => {
  it('is won with a quorum, lost when no quorum is possible any more, by brute force', () => {
    fc.assert(
      fc.property(
        configurations.filter(({ voters }) => voters.length > 0),
        votesOfAll,
        (configuration, given) => {
          const votes = new Map<MemberId, boolean>()
          for (const [position, vote] of given.entries()) if (vote !== null) votes.set(asMemberId(position + 1), vote)
          const granted = everybody.filter((id) => votes.get(id) === true)
          const possible = everybody.filter((id) => votes.get(id) !== false)
          const expected = isQuorum(granted, configuration) ? 'won' : isQuorum(possible, configuration) ? 'pending' : 'lost'
          expect(voteResult(configuration, votes)).toBe(expected)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('counts no strangers and no learners', () => {
    const configuration: Configuration = { ...foundingConfiguration([]), voters: [1, 2, 3].map(asMemberId), learners: [asMemberId(4)] }
    const votes = new Map([1, 4, 5, 6].map((id) => [asMemberId(id), true]))
    expect(voteResult(configuration, votes)).toBe('pending')
  })

  it('can not be won where nobody votes', () => {
    const configuration: Configuration = foundingConfiguration([])
    expect(voteResult(configuration, new Map([[asMemberId(1), true]]))).toBe('lost')
  })
})
