import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LANES } from '../ports/transport.js'
import { asMemberId } from '../types.js'
import {
  CLIENT_MAGIC,
  commonVersion,
  decodePeerHandshake,
  encodeHello,
  encodeRefusal,
  encodeWelcome,
  PEER_MAGIC,
  type PeerHello,
  refusalError,
} from './handshake.js'

const hello: PeerHello = {
  clusterId: 7,
  memberId: asMemberId(1),
  expectedPeer: asMemberId(2),
  lane: 'append',
  protocol: { min: 1, max: 1 },
  clientAddress: '127.0.0.1:2379',
  incarnation: 5,
  peerAddress: '127.0.0.1:2380',
}
const malformed = expect.objectContaining({ code: 'MALFORMED' })

describe('peer handshake', () => {
  it('begins with letters that tell the port apart', () => {
    expect(new TextDecoder().decode(PEER_MAGIC)).toBe('BALSAP\0\x01')
    expect(new TextDecoder().decode(CLIENT_MAGIC)).toBe('BALSAC\0\x01')
  })

  it('gives back hello, welcome and refusal', () => {
    const id = fc.maxSafeNat().map((value) => Math.max(1, value))
    fc.assert(
      fc.property(id, id, fc.constantFrom(...LANES), fc.string({ maxLength: 200 }), (clusterId, member, lane, text) => {
        const one = { ...hello, clusterId, memberId: asMemberId(member), lane, incarnation: clusterId, peerAddress: text }
        expect(decodePeerHandshake(encodeHello(one))).toEqual({ type: 'hello', hello: one })
        const welcome = { clusterId, memberId: asMemberId(member), protocol: 1, incarnation: member }
        expect(decodePeerHandshake(encodeWelcome(welcome))).toEqual({ type: 'welcome', welcome })
        const refusal = { code: 'VERSION_MISMATCH', ours: text, theirs: '' } as const
        expect(decodePeerHandshake(encodeRefusal(refusal))).toEqual({ type: 'refusal', refusal })
      }),
    )
  })

  it('takes the highest common version, or none', () => {
    expect(commonVersion({ min: 1, max: 3 }, { min: 2, max: 9 })).toBe(3)
    expect(commonVersion({ min: 1, max: 3 }, { min: 4, max: 9 })).toBeNull()
    expect(commonVersion({ min: 4, max: 9 }, { min: 1, max: 3 })).toBeNull()
  })

  it('lets a newer version say more', () => {
    const newer = encodeHello({ ...hello, protocol: { min: 1, max: 2 } })
    expect(decodePeerHandshake(Uint8Array.of(...newer, 1, 2, 3))).toMatchObject({ type: 'hello', hello: { protocol: { max: 2 } } })
    expect(() => decodePeerHandshake(Uint8Array.of(...encodeHello(hello), 1))).toThrowError(malformed)
  })

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['a message before the handshake', Uint8Array.of(4, 1, 2)],
    ['cluster 0', encodeHello({ ...hello, clusterId: 0 })],
    ['incarnation 0', encodeHello({ ...hello, incarnation: 0 })],
    ['member 0', encodeHello({ ...hello, memberId: asMemberId(0) })],
    ['an unknown lane', Uint8Array.of(1, 7, 1, 2, 3, 1, 0, 1, 0)],
    ['versions upside down', encodeHello({ ...hello, protocol: { min: 2, max: 1 } })],
    ['an unknown refusal', Uint8Array.of(3, 99, 0, 0)],
    ['a truncated welcome', encodeWelcome({ clusterId: 1, memberId: asMemberId(1), protocol: 1, incarnation: 1 }).subarray(0, 3)],
  ])('refuses %s', (_name, body) => {
    expect(() => decodePeerHandshake(body)).toThrowError(malformed)
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
        try {
          decodePeerHandshake(body)
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED' })
        }
      }),
    )
  })

  it('turns a refusal into an error with both values', () => {
    const error = refusalError({ code: 'CLUSTER_MISMATCH', ours: 'cluster 1', theirs: 'cluster 2' }, asMemberId(3))
    expect(error).toMatchObject({ code: 'CLUSTER_MISMATCH', family: 'refused' })
    expect(error.message).toContain('cluster 1')
    expect(error.message).toContain('cluster 2')
  })
})
