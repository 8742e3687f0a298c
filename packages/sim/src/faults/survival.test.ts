import { asMemberId, type Configuration, foundingConfiguration } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import type { SimMember } from '../world/sim-member.js'
import type { World } from '../world/world.js'
import { memberOf } from '../world/world.js'
import { Survival } from './survival.js'

const founding = (size: number): Configuration => foundingConfiguration(Array.from({ length: size }, (_, at) => memberOf(at + 1)))

function survival(lost: readonly number[], ...possible: Configuration[]): (id: number) => boolean {
  const find = (id: number): SimMember => ({ id: asMemberId(id), lost: lost.includes(id) }) as SimMember
  const all = new Survival({ find } as unknown as World, () => possible)
  return (id) => all.mayLose(find(id))
}

describe('what may be lost', () => {
  it('leaves a majority of every configuration that may come', () => {
    expect(survival([], founding(3))(1)).toBe(true)
    expect(survival([1], founding(3))(2)).toBe(false)
    expect(survival([1], founding(5))(2)).toBe(true)
    expect(survival([1], founding(5), founding(3))(2)).toBe(false)
    expect(survival([1], founding(5))(9)).toBe(true)
  })

  it('counts both halves of a joint configuration', () => {
    const joint = { ...founding(5), votersOutgoing: founding(2).voters }
    expect(survival([], joint)(1)).toBe(false)
    expect(survival([], joint)(5)).toBe(true)
  })

  it('counts members that are about to vote, and whom they replace', () => {
    const joins = {
      ...founding(4),
      voters: founding(3).voters,
      learners: [asMemberId(4)],
      joining: [{ id: asMemberId(4), replaces: null }],
    }
    // Of 1, 2, 3 and 4 three must be left.
    expect(survival([4], joins)(1)).toBe(false)
    const replaces = { ...joins, joining: [{ id: asMemberId(4), replaces: asMemberId(1) }] }
    expect(survival([1], replaces)(4)).toBe(true)
    expect(survival([4], replaces)(2)).toBe(false)
  })

  it('does not count on witnesses for what only a lost member held', () => {
    const witnesses = (size: number, ids: readonly number[]): Configuration => ({
      ...founding(size),
      witnesses: ids.map((id) => asMemberId(id)),
    })
    expect(survival([], witnesses(3, [3]))(1)).toBe(false)
    expect(survival([], witnesses(3, [3]))(3)).toBe(true)
    expect(survival([], witnesses(5, [5]))(1)).toBe(true)
  })
})
