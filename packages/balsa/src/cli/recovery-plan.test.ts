import { asIndex, asMemberId, asTerm, type Configuration, foundingConfiguration, type StoreSurvey } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { planRecovery, roleOf, type Survivor } from './recovery-plan.js'

const members = (...ids: readonly number[]) =>
  ids.map((id) => ({ id: asMemberId(id), name: `n${id}`, address: `a:${id}`, clientAddress: `c:${id}` }))
const of = (...ids: readonly number[]): Configuration => foundingConfiguration(members(...ids))

function survivor(id: number, lastTerm: number, lastIndex: number, more: Partial<StoreSurvey> = {}): Survivor {
  return {
    directory: `/d${id}`,
    survey: {
      identity: { clusterId: 0xab, memberId: asMemberId(id), incarnation: 1, home: 0 },
      hardState: { term: asTerm(lastTerm), votedFor: null },
      lastTerm: asTerm(lastTerm),
      lastIndex: asIndex(lastIndex),
      snapshotIndex: asIndex(0),
      snapshotTerm: asTerm(0),
      configuration: of(1, 2, 3, 4, 5),
      holdsData: true,
      ...more,
    },
  }
}

describe('which survivor to keep', () => {
  it('the one with the later term, then the longer log, as in an election', () => {
    expect(planRecovery([survivor(1, 3, 90), survivor(2, 4, 10)], false).kept.directory).toBe('/d2')
    const plan = planRecovery([survivor(1, 4, 90), survivor(2, 4, 91)], false)
    expect(plan).toMatchObject({
      clusterId: 0xab,
      kept: { directory: '/d2' },
      reason: expect.stringMatching(/furthest: .* term 4 at index 91/),
    })
    expect(planRecovery([survivor(1, 4, 9), survivor(2, 4, 9)], false).reason).toMatch(/^no other log goes further/)
    const withSnapshot = planRecovery([survivor(1, 4, 9, { snapshotIndex: asIndex(7) })], false)
    expect(withSnapshot.reason).toMatch(/up to index 7, where its snapshot ends, it is certain/)
  })

  it('is the only voter of the new configuration, and nobody of the old one may come back', () => {
    const { configuration } = planRecovery([survivor(2, 4, 9, { configuration: { ...of(1, 2, 3), removed: [asMemberId(9)] } })], false)
    expect(configuration).toEqual({ ...of(2), removed: [1, 3, 9] })
  })

  it('says what may be lost, and when nothing can be', () => {
    expect(planRecovery([survivor(1, 3, 90), survivor(2, 3, 80)], false).loss).toMatch(
      /^writes that were acknowledged behind term 3, index 90, by members that are not here \(n3, n4, n5\)\.$/,
    )
    // Of four, three must have a write: two that are left cannot both lack it.
    const four = { configuration: of(1, 2, 3, 4) }
    expect(planRecovery([survivor(1, 3, 90, four), survivor(2, 3, 80, four)], false).loss).toMatch(/^no acknowledged write/)
  })

  it('counts a witness, and believes what it has seen', () => {
    const configuration = { ...of(1, 2, 3, 4, 5), witnesses: [asMemberId(5)] }
    const plan = planRecovery([survivor(1, 3, 90, { configuration }), survivor(5, 4, 95, { configuration, holdsData: false })], false)
    expect(plan.kept.directory).toBe('/d1')
    expect(plan.quorum).toMatch(/3 of them are needed, 2 are here/)
    expect(plan.loss).toMatch(/\/d5 \(witness\) has seen term 4, index 95: what lies between is lost/)
  })
})

describe('what is refused', () => {
  const refusal = (survivors: readonly Survivor[], force = false) => {
    try {
      planRecovery(survivors, force)
    } catch (error) {
      return error
    }
    return null
  }

  it('directories that do not belong together', () => {
    const foreign = survivor(2, 1, 1, { identity: { clusterId: 0xcd, memberId: asMemberId(2), incarnation: 1, home: 0 } })
    expect(refusal([survivor(1, 1, 1), foreign])).toMatchObject({
      code: 'IDENTITY_MISMATCH',
      message: expect.stringContaining('0000000000cd'),
    })
    expect(refusal([survivor(1, 1, 1), { ...survivor(1, 1, 2), directory: '/copy' }])).toMatchObject({
      code: 'IDENTITY_MISMATCH',
      message: expect.stringMatching(/^\/d1 and \/copy are both of member/),
    })
  })

  it('a majority, unless forced', () => {
    const majority = [survivor(1, 1, 1), survivor(2, 1, 1), survivor(3, 1, 1)]
    expect(refusal(majority)).toMatchObject({ code: 'NOT_RECOVERABLE', message: expect.stringContaining('3 of 5 voters are here') })
    expect(refusal(majority, true)).toBeNull()
    expect(refusal([survivor(1, 1, 1, { configuration: of(1) })])).toMatchObject({
      message: expect.stringContaining('its only voter is here'),
    })
    // In the middle of a change both majorities are needed.
    const joint = { configuration: { ...of(1, 2, 3), voters: [asMemberId(1)], votersOutgoing: [asMemberId(2), asMemberId(3)] } }
    expect(refusal([survivor(1, 1, 1, joint)])).toBeNull()
  })

  it('witnesses and members that were removed; a learner unless forced', () => {
    const configuration = { ...of(1, 2, 3, 4), voters: [1, 2, 3].map(asMemberId), witnesses: [asMemberId(3)], learners: [asMemberId(4)] }
    const [witness, learner, gone] = [
      survivor(3, 1, 1, { configuration, holdsData: false }),
      survivor(4, 1, 1, { configuration }),
      survivor(6, 1, 1),
    ]
    expect([witness, learner, gone].map(({ survey }) => roleOf(survey))).toEqual(['witness', 'learner', 'removed'])
    expect(refusal([witness])).toMatchObject({
      code: 'NOT_RECOVERABLE',
      message: '/d3 is of a witness',
      hint: expect.stringMatching(/voter/),
    })
    expect(refusal([gone])).toMatchObject({ code: 'NOT_RECOVERABLE', message: '/d6 is of a member that was removed' })
    expect(refusal([learner])).toMatchObject({ code: 'NOT_RECOVERABLE', hint: expect.stringMatching(/--force keeps the learner/) })
    expect(planRecovery([learner, witness], true)).toMatchObject({ kept: learner })
    // What goes furthest holds all that the others hold.
    const further = survivor(4, 9, 9, { configuration })
    expect(planRecovery([further, survivor(1, 1, 1, { configuration })], true).kept.directory).toBe('/d4')
    expect(planRecovery([further, survivor(1, 1, 1, { configuration })], false).loss).toMatch(/\/d4 \(learner\) has seen term 9/)
  })
})
