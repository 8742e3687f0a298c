import { SeededRandom } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clusterIdOf, drawId, formatId, memberIdOf, parseId } from './ids.js'

const founding = (name: string, port: number) => ({ name, address: `127.0.0.1:${port}` })

describe('drawId', () => {
  it('has 48 random bits, and is never 0', () => {
    const random = new SeededRandom(5)
    const ids = Array.from({ length: 1000 }, () => drawId(random))
    expect(new Set(ids.map((id) => id % 2 ** 24)).size).toBeGreaterThan(990)
    expect(Math.max(...ids)).toBeGreaterThan(2 ** 47)
    expect(drawId({ next: () => 0 })).toBe(1)
  })
})

describe('ids', () => {
  it('are the same for ever: a change here orphans every data directory', () => {
    expect(formatId(memberIdOf('balsa-cluster', 'default'))).toBe('6e7b3532385e')
    expect(formatId(clusterIdOf('balsa-cluster', [founding('default', 2380)]))).toBe('99140fdd84ad')
  })

  it('are positive safe integers of 48 bits, and go through text unchanged', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (token, name) => {
        const id = memberIdOf(token, name)
        expect(id > 0 && id < 2 ** 48).toBe(true)
        expect(parseId(formatId(id))).toBe(id)
      }),
    )
  })

  it('of a cluster depend on every member and address, and not on the order', () => {
    const [a, b] = [founding('a', 1), founding('b', 2)]
    const id = clusterIdOf('t', [a, b])
    expect(clusterIdOf('t', [b, a])).toBe(id)
    const others = [clusterIdOf('u', [a, b]), clusterIdOf('t', [a]), clusterIdOf('t', [a, founding('b', 3)])]
    expect(new Set([id, ...others]).size).toBe(4)
  })

  it('of a member do not run into each other across token and name', () => expect(memberIdOf('ab', 'c')).not.toBe(memberIdOf('a', 'bc')))

  it.each(['', '0', 'xyz', '-1', 'ffffffffffffffff', '1 '])('refuses %j', (text) => expect(() => parseId(text)).toThrow(/is not an id/))
})
