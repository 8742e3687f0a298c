import { asMemberId } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { allAlarms, type AlarmSources } from './alarms.js'

const QUIET: AlarmSources = { stats: { noSpace: false, alarms: [] }, divergence: null, memberId: 1n, leaderId: 2n }
const divergence = (suspect: 'this' | 'other' | 'unknown') => ({ suspect, members: [asMemberId(3)], text: '' })

describe('alarms', () => {
  it('are none while all is well', () => {
    expect(allAlarms(QUIET)).toEqual([])
  })

  it('are those of operators, and of members whose quota is used up', () => {
    const alarms = [
      { kind: 'noSpace', member: -1n },
      { kind: 'full', member: 3n },
      { kind: 'full', member: 2n },
    ] as const
    expect(allAlarms({ ...QUIET, stats: { noSpace: true, alarms } })).toEqual([
      { kind: 'noSpace', member: 2n ** 64n - 1n, byHand: true },
      { kind: 'full', member: 3n, byHand: false },
      { kind: 'full', member: 2n, byHand: false },
    ])
  })

  it('name whoever differs, as far as that is known', () => {
    const members = (suspect: 'this' | 'other' | 'unknown') =>
      allAlarms({ ...QUIET, divergence: divergence(suspect) }).map(({ kind, member, byHand }) => [kind, member, byHand])
    expect(members('this')).toEqual([['corrupt', 1n, false]])
    expect(members('other')).toEqual([['corrupt', 3n, false]])
    expect(members('unknown')).toEqual([
      ['corrupt', 1n, false],
      ['corrupt', 3n, false],
    ])
  })
})
