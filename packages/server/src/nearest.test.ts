import { describe, expect, it } from 'vitest'
import { nearest } from './nearest.js'

const known = ['data-dir', 'name', 'election-timeout', 'log-level']

describe('nearest', () => {
  it.each([
    ['data-dri', 'data-dir'],
    ['datadir', 'data-dir'],
    ['naem', 'name'],
    ['election-timout', 'election-timeout'],
    ['log_level', 'log-level'],
  ])('%s means %s', (word, meant) => expect(nearest(word, known)).toBe(meant))

  it.each(['', 'zzzzzzzz', 'x'.repeat(10_000)])('%.10s means nothing', (word) => expect(nearest(word, known)).toBeNull())
})
