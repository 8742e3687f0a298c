import { ManualClock } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { type Lookup, type LookupResult, Resolver } from './resolver.js'

function setup() {
  const clock = new ManualClock()
  const asked: { host: string; answer: (result: LookupResult) => void }[] = []
  const lookup: Lookup = (host, answer) => asked.push({ host, answer })
  const resolver = new Resolver(clock, lookup)
  const results: string[] = []
  const resolve = (host: string) =>
    resolver.resolve(host, (result) => results.push('addresses' in result ? `${host} ${result.addresses.join()}` : result.failure))
  return { clock, asked, resolver, results, resolve }
}

describe('Resolver', () => {
  it('asks nothing for IP literals', () => {
    const { asked, results, resolve } = setup()
    resolve('127.0.0.1')
    resolve('::1')
    expect(results).toEqual(['127.0.0.1 127.0.0.1', '::1 ::1'])
    expect(asked).toEqual([])
  })

  it('asks one question at a time, equal ones once', () => {
    const { asked, results, resolve } = setup()
    for (const host of ['a', 'b', 'a']) resolve(host)
    expect(asked.map(({ host }) => host)).toEqual(['a'])
    asked[0]?.answer({ addresses: ['1.1.1.1'] })
    expect(results).toEqual(['a 1.1.1.1', 'a 1.1.1.1'])
    expect(asked.map(({ host }) => host)).toEqual(['a', 'b'])
    asked[1]?.answer({ failure: 'no b' })
    expect(results.at(-1)).toBe('no b')
  })

  it('remembers answers for a short time, failures never', () => {
    const { clock, asked, results, resolve } = setup()
    resolve('a')
    asked[0]?.answer({ addresses: ['1.1.1.1'] })
    clock.advance(4999)
    resolve('a')
    expect(results.length).toBe(2)
    clock.advance(1)
    resolve('a')
    expect(asked.length).toBe(2)
    asked[1]?.answer({ failure: 'gone' })
    resolve('a')
    expect(asked.length).toBe(3)
  })

  it('answers nobody after close', () => {
    const { asked, results, resolver, resolve } = setup()
    resolve('a')
    resolver.close()
    asked[0]?.answer({ addresses: ['1.1.1.1'] })
    expect(results).toEqual([])
  })

  it('resolves real names', async () => {
    const result = await new Promise<LookupResult>((answer) => new Resolver(new ManualClock()).resolve('localhost', answer))
    expect(result).toMatchObject({ addresses: expect.arrayContaining([expect.stringMatching(/^(127\.|::1)/)]) })
  })
})
