import { describe, expect, it } from 'vitest'
import { catalogue, ENTRIES, entryOf, FIRST, patchedFiles } from '../../scripts/mutants/catalogue.mjs'

describe('the planted bugs', () => {
  it('all fit the built code: each text to be replaced is there exactly once', () => {
    const misfits = catalogue.flatMap((mutant) => {
      try {
        patchedFiles(mutant)
        return []
      } catch (error) {
        return [(error as Error).message]
      }
    })
    expect(misfits).toEqual([])
  })

  it('cover every entry of the list, at least a hundred of them planted', () => {
    expect(new Set(catalogue.map(entryOf)).size).toBe(ENTRIES)
    expect(new Set(catalogue.filter(({ patches }) => patches.length > 0).map(entryOf)).size).toBeGreaterThanOrEqual(100)
    expect(new Set(catalogue.map(({ key }) => key)).size).toBe(catalogue.length)
  })

  it('say why, where nothing is planted', () => {
    expect(catalogue.filter(({ patches, reason }) => patches.length === 0 && reason === undefined)).toEqual([])
    expect(FIRST.filter((entry) => !catalogue.some((mutant) => entryOf(mutant) === entry && mutant.patches.length > 0))).toEqual([])
  })
})
