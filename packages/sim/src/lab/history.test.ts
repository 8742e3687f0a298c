import { ManualClock } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { type DigestInput, digestModel, type DigestOutput, EMPTY_DIGEST, extendDigest } from './digest-register.js'
import { History } from './history.js'

const digest = (text: string) => extendDigest(EMPTY_DIGEST, text)

describe('a history of digests', () => {
  const empty = () => new History<DigestInput, DigestOutput>(new ManualClock())

  it('is linearizable when what was read is what was written', () => {
    const history = empty()
    history.invoke(1, 'k', { f: 'put', value: 'ab' })('done')
    history.invoke(1, 'k', { f: 'append', value: 'cd' })({ becameLength: 4 })
    history.invoke(2, 'k', { f: 'get' })(digest('abcd'))
    expect(() => history.verify(digestModel)).not.toThrow()
  })

  it('tells a wrong read, a wrong length and a lost write', () => {
    const wrongRead = empty()
    wrongRead.invoke(1, 'k', { f: 'put', value: 'ab' })('done')
    wrongRead.invoke(2, 'k', { f: 'get' })(digest('ba'))
    expect(() => wrongRead.verify(digestModel)).toThrow('not linearizable')
    const wrongLength = empty()
    wrongLength.invoke(1, 'k', { f: 'append', value: 'ab' })({ becameLength: 4 })
    expect(() => wrongLength.verify(digestModel)).toThrow('not linearizable')
    const lost = empty()
    lost.invoke(1, 'k', { f: 'put', value: 'ab' })('done')
    lost.invoke(2, 'k', { f: 'get' })(EMPTY_DIGEST)
    expect(() => lost.verify(digestModel)).toThrow('put "ab"')
  })

  it('leaves a call without an answer open', () => {
    const history = empty()
    history.invoke(1, 'k', { f: 'put', value: 'ab' })
    history.invoke(2, 'k', { f: 'get' })(EMPTY_DIGEST)
    history.invoke(2, 'k', { f: 'get' })(digest('ab'))
    expect(() => history.verify(digestModel)).not.toThrow()
  })

  it('digests a value the same in one piece and in many', () => {
    expect(extendDigest(digest('abc'), 'def')).toEqual(digest('abcdef'))
    expect(digest('abcdef')).not.toEqual(digest('abcdfe'))
  })
})
