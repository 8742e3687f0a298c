import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asMemberId, type Configuration, foundingConfiguration, type MemberId } from '../types.js'
import { decodeConfiguration, encodeConfiguration } from './configuration-codec.js'

const member = (id: number, name = '') => ({ id: asMemberId(id), address: `127.0.0.1:${id}`, clientAddress: '', name })
const ids = (...values: number[]): MemberId[] => values.map(asMemberId)

const configurations: fc.Arbitrary<Configuration> = fc
  .uniqueArray(
    fc.record({ id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), name: fc.string({ unit: 'binary' }), role: fc.nat({ max: 5 }) }),
    {
      selector: ({ id }) => id,
      maxLength: 12,
    },
  )
  .map((drawn) => ({
    ...foundingConfiguration([]),
    members: drawn.map(({ id, name }) => ({ id: asMemberId(id), address: name, clientAddress: `http://${name}`, name })),
    voters: drawn.filter(({ role }) => role <= 2).map(({ id }) => asMemberId(id)),
    votersOutgoing: drawn.filter(({ role }) => role % 2 === 1).map(({ id }) => asMemberId(id)),
    learners: drawn.filter(({ role }) => role === 3 || role === 4).map(({ id }) => asMemberId(id)),
    joining: drawn
      .filter(({ role }) => role === 4)
      .map(({ id }, position) => {
        const replaced = drawn.filter(({ role }) => role === 0)[position]?.id
        return { id: asMemberId(id), replaces: replaced === undefined || position % 3 === 2 ? null : asMemberId(replaced) }
      }),
    witnesses: drawn.filter(({ id, role }) => role < 5 && id % 2 === 0).map(({ id }) => asMemberId(id)),
    removed: [...new Set(drawn.map(({ id }) => (id > 2 ** 50 ? id - 7 : id + 7)))]
      .filter((id) => drawn.every((other) => other.id !== id))
      .sort((a, b) => a - b)
      .map(asMemberId),
  }))

const base: Configuration = {
  ...foundingConfiguration([member(1), member(2), member(3)]),
  voters: ids(1, 2),
  learners: ids(3),
  joining: [{ id: asMemberId(3), replaces: asMemberId(2) }],
  removed: ids(5, 9),
}
const joins = (id: number, replaces: number | null = null) => ({
  id: asMemberId(id),
  replaces: replaces === null ? null : asMemberId(replaces),
})
const malformed = (text: string) => expect.objectContaining({ code: 'MALFORMED', message: expect.stringContaining(text) })

describe('configuration codec', () => {
  it('gives back every configuration', () => {
    fc.assert(
      fc.property(configurations, (configuration) => {
        expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration)
      }),
    )
  })

  it('is a fixed format: logs of today must be readable for ever', () => {
    const bytes = encodeConfiguration({
      ...foundingConfiguration([
        { ...member(300, 'é'), address: 'a' },
        { ...member(7), address: '' },
      ]),
      voters: ids(300),
      learners: ids(7),
      joining: [joins(7, 300)],
      witnesses: ids(7),
      removed: ids(1, 2),
    })
    const members = '02' + 'ac02016100' + '02c3a9' + '07000000'
    expect(Buffer.from(bytes).toString('hex')).toBe(`02${members}` + '01ac02' + '00' + '0107' + '0107ac02' + '0107' + '020102')
  })

  it.each<[string, Configuration, string]>([
    ['a member twice', { ...base, members: [member(1), member(2), member(3), member(1)] }, 'members.id'],
    ['member 0', { ...base, members: [member(0)] }, 'members.id'],
    ['a voter that is no member', { ...base, voters: ids(1, 4) }, 'voters'],
    ['a voter twice', { ...base, voters: ids(1, 1) }, 'voters'],
    ['an outgoing voter that is no member', { ...base, votersOutgoing: ids(9) }, 'votersOutgoing'],
    ['a learner that is no member', { ...base, learners: ids(9) }, 'learners'],
    ['a learner that votes', { ...base, learners: ids(1) }, 'learners'],
    ['a voter that joins', { ...base, joining: [joins(1)] }, 'joining'],
    ['one that joins twice', { ...base, joining: [joins(3), joins(3)] }, 'joining'],
    ['one that replaces a stranger', { ...base, joining: [joins(3, 8)] }, 'joining.replaces'],
    ['one that replaces itself', { ...base, joining: [joins(3, 3)] }, 'joining.replaces'],
    [
      'one that is replaced twice',
      { ...base, voters: ids(1), learners: ids(2, 3), joining: [joins(3, 1), joins(2, 1)] },
      'joining.replaces',
    ],
    ['a witness that is no member', { ...base, witnesses: ids(4) }, 'witnesses'],
    ['a witness twice', { ...base, witnesses: ids(2, 2) }, 'witnesses'],
    ['a removed one that is a member', { ...base, removed: ids(2) }, 'removed'],
    ['removed ones out of order', { ...base, removed: ids(9, 5) }, 'removed'],
    ['a removed one twice', { ...base, removed: ids(5, 5) }, 'removed'],
  ])('refuses %s', (_name, configuration, field) => {
    expect(() => decodeConfiguration(encodeConfiguration(configuration))).toThrowError(malformed(field))
  })

  it('refuses another format, trailing bytes and every truncation', () => {
    const bytes = encodeConfiguration(base)
    expect(() => decodeConfiguration(Uint8Array.of(1, ...bytes.subarray(1)))).toThrowError(malformed('format'))
    expect(() => decodeConfiguration(Uint8Array.of(...bytes, 0))).toThrowError(malformed('end'))
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeConfiguration(bytes.subarray(0, length))).toThrowError(expect.objectContaining({ code: 'MALFORMED' }))
    }
  })

  it('refuses mutated bytes or reads what encodes to exactly them', () => {
    fc.assert(
      fc.property(configurations, fc.nat(), fc.integer({ min: 1, max: 255 }), (configuration, where, change) => {
        const bytes = encodeConfiguration(configuration).slice()
        const at = where % bytes.length
        bytes[at] = (bytes[at] ?? 0) ^ change
        let decoded: Configuration
        try {
          decoded = decodeConfiguration(bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED' })
          return
        }
        expect(encodeConfiguration(decoded)).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })
})
