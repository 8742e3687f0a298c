import { describe, expect, it } from 'vitest'
import { KeyValue } from './key-value-store.js'

const read = (...value: number[]): KeyValue => {
  const metadata = { createRevision: 2, modRevision: 3, version: 2 }
  return new KeyValue(Uint8Array.of(107), Uint8Array.from(value), metadata, 9)
}

describe('KeyValue', () => {
  it('reads text and JSON, and keeps a byte order mark', () => {
    expect(read(0xef, 0xbb, 0xbf, 65).text()).toBe('\ufeffA')
    expect(read(0x5b, 0x31, 0x5d).json<number[]>()).toEqual([1])
  })

  it('refuses what is no text and what is no JSON, instead of guessing', () => {
    const refused = expect.objectContaining({ code: 'INVALID', family: 'refused' })
    expect(() => read(0xff).text()).toThrow(refused)
    expect(() => read(0xed, 0xa0, 0x80).text()).toThrow(refused)
    expect(() => read(0x7b).json()).toThrow(refused)
  })

  it('gives JSON with the name __proto__ no power', () => {
    const parsed = read(...new TextEncoder().encode('{"__proto__":{"polluted":true}}')).json<Record<string, unknown>>()
    expect(Object.hasOwn(parsed, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
