import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Configuration } from '../types.js'
import { asIndex, asMemberId } from '../types.js'
import { isJoint, leaveJoint, Membership, replicationTargets } from './membership.js'
import { configurationOf } from './test-cluster.test-support.js'

const numbered = (n: number): Configuration => configurationOf([n])

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), gap: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('truncate' as const), back: fc.nat(6) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), back: fc.nat(6) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), ahead: fc.nat(3) }) },
  ),
  { maxLength: 30 },
)

describe('Membership', () => {
  it('agrees with a list of what was configured at each index', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const membership = new Membership(numbered(1), asIndex(0), [])
        let base = 0
        let last = 0
        let next = 1
        const model = new Map<number, Configuration>([[0, numbered(1)]])
        const at = (index: number): Configuration | undefined => {
          for (let i = index; i >= base; i--) if (model.has(i)) return model.get(i)
          return undefined
        }
        for (const step of list) {
          if (step.kind === 'append') {
            last += 1 + step.gap
            model.set(last, numbered(++next))
            membership.append(asIndex(last), numbered(next))
          } else if (step.kind === 'truncate') {
            const from = Math.max(base + 1, last - step.back)
            const gone = [...model.keys()].filter((index) => index >= from)
            expect(membership.truncateFrom(asIndex(from))).toBe(gone.length > 0)
            for (const index of gone) model.delete(index)
            last = from - 1
          } else if (step.kind === 'compact') {
            const to = Math.max(base, last - step.back)
            model.set(to, at(to) ?? numbered(0))
            for (const index of [...model.keys()]) if (index < to) model.delete(index)
            base = to
            membership.compact(asIndex(to))
          } else {
            last = last + 1 + step.ahead
            base = last
            model.clear()
            model.set(last, numbered(++next))
            membership.reset(asIndex(last), numbered(next))
          }
          for (let index = base; index <= last + 1; index++) expect(membership.at(asIndex(index))).toEqual(at(index))
          expect(membership.active).toEqual(at(last))
          expect(membership.activeIndex).toBe(Math.max(...model.keys()))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('ignores configurations below the base when it starts', () => {
    const membership = new Membership(numbered(1), asIndex(5), [{ index: asIndex(3), configuration: numbered(2) }])
    expect(membership.active).toEqual(numbered(1))
  })

  it('refuses a configuration below the newest one, and to cut off its base', () => {
    const membership = new Membership(numbered(1), asIndex(5), [])
    expect(() => membership.append(asIndex(5), numbered(2))).toThrow(/above the newest/)
    expect(() => membership.truncateFrom(asIndex(5))).toThrow(/never cut off/)
  })
})

describe('a joint configuration', () => {
  const joint: Configuration = {
    ...configurationOf([1, 2, 3, 4, 5]),
    voters: [1, 4].map(asMemberId),
    votersOutgoing: [1, 2, 3].map(asMemberId),
    learners: [asMemberId(5)],
  }

  it('is left by dropping the outgoing voters, and members that are nothing else', () => {
    const next = leaveJoint(joint)
    expect([isJoint(joint), isJoint(next)]).toEqual([true, false])
    expect(next).toMatchObject({ voters: [1, 4], votersOutgoing: [], learners: [5] })
    expect(next.members.map(({ id }) => id)).toEqual([1, 4, 5])
  })

  it('is replicated to both halves and the learners, each once', () => {
    expect(replicationTargets(joint)).toEqual([1, 2, 3, 4, 5])
    expect(replicationTargets(leaveJoint(joint))).toEqual([1, 4, 5])
  })
})
