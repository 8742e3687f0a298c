import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeConfiguration, encodeConfiguration } from '../log/configuration-codec.js'
import type { Configuration, Member, MemberId } from '../types.js'
import { asMemberId, foundingConfiguration } from '../types.js'
import { isJoint, leaveJoint, mayFollow } from './membership.js'
import { type MembershipChange, nextConfiguration } from './membership-change.js'

const ids = (...values: number[]): MemberId[] => values.map(asMemberId)
const id = asMemberId
const member = (value: number, more: Partial<Member> = {}): Member => ({
  id: id(value),
  address: `n${value}`,
  clientAddress: '',
  name: `m${value}`,
  ...more,
})
const add = (value: number, more: { readonly promote?: boolean; readonly witness?: boolean } = {}): MembershipChange => ({
  type: 'add',
  member: member(value),
  promote: false,
  witness: false,
  ...more,
})

/** Three voters, one of them a witness; a learner; a learner that joins in place of 2; two that were removed. */
const active: Configuration = {
  ...foundingConfiguration([1, 2, 3, 4, 5].map((value) => member(value))),
  voters: ids(1, 2, 3),
  learners: ids(4, 5),
  joining: [{ id: id(5), replaces: id(2) }],
  witnesses: ids(3),
  removed: ids(8, 9),
}
const three = foundingConfiguration([1, 2, 3].map((value) => member(value)))

function accepted(from: Configuration, ...changes: MembershipChange[]): Configuration {
  const next = nextConfiguration(from, changes)
  if ('refused' in next) throw new Error(`${next.refused}: ${next.reason}`)
  // What is proposed must be readable, and what the core itself checks before it appends.
  expect(decodeConfiguration(encodeConfiguration(next.configuration))).toEqual(next.configuration)
  expect(mayFollow(from, next.configuration)).toBe(true)
  return next.configuration
}

const memberIds = (configuration: Configuration): MemberId[] => configuration.members.map((one) => one.id)

describe('the next configuration', () => {
  it('admits a new member as a learner, without a joint phase', () => {
    const next = accepted(three, add(4))
    expect(next).toEqual({ ...three, members: [...three.members, member(4)], learners: ids(4) })
  })

  it('notes who becomes a voter by itself, and who is a witness', () => {
    const next = accepted(three, add(4, { promote: true, witness: true }))
    expect(next).toMatchObject({ voters: ids(1, 2, 3), learners: ids(4), joining: [{ id: 4, replaces: null }], witnesses: ids(4) })
  })

  it('promotes through a joint configuration; who is replaced goes out in the same step', () => {
    const next = accepted(active, { type: 'promote', id: id(5) })
    expect(next).toMatchObject({ voters: ids(1, 3, 5), votersOutgoing: ids(1, 2, 3), learners: ids(4), joining: [], removed: ids(8, 9) })
    expect(memberIds(next)).toEqual([1, 2, 3, 4, 5])
    const left = leaveJoint(next)
    expect(left).toMatchObject({ voters: ids(1, 3, 5), votersOutgoing: [], removed: ids(2, 8, 9) })
    expect(memberIds(left)).toEqual([1, 3, 4, 5])
  })

  it('demotes a voter to a learner that goes on receiving the log', () => {
    const next = accepted(three, { type: 'demote', id: id(1) })
    expect(next).toMatchObject({ voters: ids(2, 3), votersOutgoing: ids(1, 2, 3), learners: ids(1) })
    expect(leaveJoint(next)).toMatchObject({ voters: ids(2, 3), learners: ids(1), removed: [] })
  })

  it('removes a learner at once, and a voter when the joint configuration is left', () => {
    expect(accepted(active, { type: 'remove', id: id(4) })).toMatchObject({ votersOutgoing: [], learners: ids(5), removed: ids(4, 8, 9) })
    const next = accepted(active, { type: 'remove', id: id(1) })
    expect(next).toMatchObject({ voters: ids(2, 3), votersOutgoing: ids(1, 2, 3), removed: ids(8, 9) })
    expect(leaveJoint(next)).toMatchObject({ removed: ids(1, 8, 9) })
  })

  it('keeps a witness one while it is on its way out', () => {
    const next = accepted(active, { type: 'remove', id: id(3) })
    expect(next.witnesses).toEqual(ids(3))
    expect(leaveJoint(next).witnesses).toEqual([])
  })

  it('lets somebody join who replaced one that is removed meanwhile', () => {
    const next = accepted(active, { type: 'remove', id: id(2) })
    expect(next.joining).toEqual([{ id: 5, replaces: null }])
  })

  it('replaces: a learner that joins, a witness in place of a witness, also under the same address and name', () => {
    const replacement = member(6, { address: 'n1', name: 'm1' })
    expect(accepted(active, { type: 'replace', id: id(1), member: replacement })).toMatchObject({
      learners: ids(4, 5, 6),
      joining: [
        { id: 5, replaces: 2 },
        { id: 6, replaces: 1 },
      ],
      witnesses: ids(3),
    })
    expect(accepted(active, { type: 'replace', id: id(3), member: member(6) }).witnesses).toEqual(ids(3, 6))
  })

  it('changes addresses and names', () => {
    const next = accepted(three, { type: 'update', member: member(2, { address: 'elsewhere', name: 'm2' }) })
    expect(next.members[1]).toEqual(member(2, { address: 'elsewhere' }))
    expect({ ...next, members: three.members }).toEqual(three)
  })

  it('makes several changes one step', () => {
    const next = accepted(active, add(6), { type: 'promote', id: id(4) }, { type: 'promote', id: id(5) }, { type: 'remove', id: id(1) })
    expect(leaveJoint(next)).toMatchObject({ voters: ids(3, 4, 5), learners: ids(6), removed: ids(1, 2, 8, 9) })
  })

  it.each<[string, Configuration, MembershipChange[], string]>([
    ['nothing', three, [], 'INVALID'],
    ['while a change is not finished', { ...three, votersOutgoing: ids(1) }, [add(4)], 'MEMBERSHIP_PENDING'],
    ['a member that is there', active, [add(4)], 'MEMBER_EXISTS'],
    ['an address that is taken', active, [{ ...add(6), member: member(6, { address: 'n4' }) } as MembershipChange], 'MEMBER_EXISTS'],
    ['a name that is taken', active, [{ ...add(6), member: member(6, { name: 'm1' }) } as MembershipChange], 'MEMBER_EXISTS'],
    [
      'two new members under one address',
      three,
      [add(4), { ...add(5), member: member(5, { address: 'n4' }) } as MembershipChange],
      'MEMBER_EXISTS',
    ],
    [
      'an address of another than the replaced one',
      active,
      [{ type: 'replace', id: id(1), member: member(6, { address: 'n2' }) }],
      'MEMBER_EXISTS',
    ],
    ['an address that another has', active, [{ type: 'update', member: member(1, { address: 'n2' }) }], 'MEMBER_EXISTS'],
    ['a removed id', active, [add(9)], 'MEMBER_REMOVED'],
    ['a removed id in place of another', active, [{ type: 'replace', id: id(1), member: member(8) }], 'MEMBER_REMOVED'],
    ['an id that the same change removes', three, [{ type: 'remove', id: id(3) }, add(3)], 'MEMBER_REMOVED'],
    ['member 0', three, [add(0)], 'INVALID'],
    ['an id that is no number', three, [add(1.5)], 'INVALID'],
    ['to promote a stranger', active, [{ type: 'promote', id: id(7) }], 'MEMBER_UNKNOWN'],
    ['to demote a stranger', active, [{ type: 'demote', id: id(7) }], 'MEMBER_UNKNOWN'],
    ['to remove a stranger', active, [{ type: 'remove', id: id(7) }], 'MEMBER_UNKNOWN'],
    ['to remove one twice', active, [{ type: 'remove', id: id(9) }], 'MEMBER_REMOVED'],
    ['to replace a stranger', active, [{ type: 'replace', id: id(7), member: member(6) }], 'MEMBER_UNKNOWN'],
    ['to update a stranger', active, [{ type: 'update', member: member(7) }], 'MEMBER_UNKNOWN'],
    ['to promote a voter', active, [{ type: 'promote', id: id(1) }], 'INVALID'],
    ['to demote a learner', active, [{ type: 'demote', id: id(4) }], 'INVALID'],
    ['to replace a learner', active, [{ type: 'replace', id: id(4), member: member(6) }], 'INVALID'],
    ['to replace one twice', active, [{ type: 'replace', id: id(2), member: member(6) }], 'INVALID'],
    ['no voters', foundingConfiguration([member(1)]), [{ type: 'remove', id: id(1) }], 'INVALID'],
    [
      'only witnesses',
      active,
      [
        { type: 'remove', id: id(1) },
        { type: 'demote', id: id(2) },
      ],
      'INVALID',
    ],
    [
      'more witnesses than data',
      active,
      [{ type: 'remove', id: id(1) }, add(6, { witness: true }), { type: 'promote', id: id(6) }],
      'INVALID',
    ],
  ])('refuses %s', (_name, from, changes, refused) => {
    expect(nextConfiguration(from, changes)).toMatchObject({ refused, reason: expect.any(String) })
  })
})

const anyId = fc.integer({ min: 1, max: 9 }).map(asMemberId)
const anyMember = fc.record({
  id: anyId,
  address: fc.constantFrom('', 'a', 'b', 'c', 'd'),
  clientAddress: fc.constant(''),
  name: fc.constant(''),
})
const anyChange: fc.Arbitrary<MembershipChange> = fc.oneof(
  fc.record({ type: fc.constant('add' as const), member: anyMember, promote: fc.boolean(), witness: fc.boolean() }),
  fc.record({ type: fc.constantFrom('promote' as const, 'demote' as const, 'remove' as const), id: anyId }),
  fc.record({ type: fc.constant('replace' as const), id: anyId, member: anyMember }),
  fc.record({ type: fc.constant('update' as const), member: anyMember }),
)

const subsets = (all: readonly MemberId[]): MemberId[][] =>
  all.reduce<MemberId[][]>((found, one) => [...found, ...found.map((subset) => [...subset, one])], [[]])
const isMajority = (subset: readonly MemberId[], of: readonly MemberId[]): boolean =>
  of.length === 0 || of.filter((one) => subset.includes(one)).length * 2 > of.length

/** By brute force: is there no way to decide in both at once without anybody in common? Whoever is no quorum leaves the rest to be one. */
function quorumsOverlap(a: Configuration, b: Configuration): boolean {
  const isQuorum = (subset: readonly MemberId[], of: Configuration): boolean =>
    isMajority(subset, of.voters) && isMajority(subset, of.votersOutgoing)
  const everybody = [...new Set([...a.voters, ...a.votersOutgoing, ...b.voters, ...b.votersOutgoing])]
  return subsets(everybody).every((subset) => {
    const rest = everybody.filter((one) => !subset.includes(one))
    return !(isQuorum(subset, a) && isQuorum(rest, b))
  })
}

describe('any sequence of accepted changes', () => {
  const sorted = (values: Iterable<MemberId>): MemberId[] => [...new Set(values)].sort((a, b) => a - b)

  function check(before: Configuration, after: Configuration, gone: Set<MemberId>): void {
    expect(quorumsOverlap(before, after)).toBe(true)
    const data = after.voters.filter((one) => !after.witnesses.includes(one))
    expect(data.length).toBeGreaterThan(0)
    expect(data.length * 2).toBeGreaterThanOrEqual(after.voters.length)
    expect(sorted(memberIds(after))).toEqual(sorted([...after.voters, ...after.votersOutgoing, ...after.learners]))
    expect(after.removed).toEqual(sorted(after.removed))
    for (const one of gone) expect([memberIds(after).includes(one), after.removed.includes(one)]).toEqual([false, true])
    for (const one of memberIds(before)) {
      if (memberIds(after).includes(one)) expect(after.witnesses.includes(one)).toBe(before.witnesses.includes(one))
      else gone.add(one)
    }
    for (const one of gone) expect(after.removed).toContain(one)
  }

  it('keeps voters with data, overlapping quorums, ids that never come back, and nobody in the list who has no part', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyChange, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), (list) => {
        let now = foundingConfiguration(ids(1, 2, 3).map((one) => member(one, { address: '', name: '' })))
        const gone = new Set<MemberId>()
        for (const changes of list) {
          const next = nextConfiguration(now, changes)
          if ('refused' in next) continue
          check(now, accepted(now, ...changes), gone)
          now = next.configuration
          if (!isJoint(now)) continue
          const left = leaveJoint(now)
          expect(mayFollow(now, left)).toBe(true)
          expect(decodeConfiguration(encodeConfiguration(left))).toEqual(left)
          check(now, left, gone)
          now = left
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is not the only thing that may follow: mayFollow says yes to exactly what overlaps, for plain changes of voters', () => {
    const plain = (voters: readonly MemberId[]): Configuration => ({
      ...foundingConfiguration(ids(1, 2, 3, 4, 5).map((one) => member(one))),
      voters,
    })
    const some = fc.subarray(ids(1, 2, 3, 4, 5), { minLength: 1 })
    fc.assert(
      fc.property(some, some, some, fc.boolean(), (a, b, c, joint) => {
        const [from, to] = [joint ? { ...plain(a), votersOutgoing: c } : plain(a), plain(b)]
        // Yes must be right; no may be too careful.
        if (mayFollow(from, to)) expect(quorumsOverlap(from, to)).toBe(true)
        if (mayFollow(plain(a), { ...plain(b), votersOutgoing: c }))
          expect(quorumsOverlap(plain(a), { ...plain(b), votersOutgoing: c })).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('never turns a witness into a member with data, or the other way round', () => {
    expect(mayFollow(active, { ...active, witnesses: [] })).toBe(false)
    expect(mayFollow(active, { ...active, witnesses: ids(2, 3) })).toBe(false)
    expect(mayFollow(active, { ...active, voters: [] })).toBe(false)
    expect(mayFollow(active, active)).toBe(true)
  })
})
