/** The generated codecs: answers worked out by hand, a foreign implementation, and bytes from people who mean no good. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allTypes, anyMessage, type ForeignRoot, foreignRoot, protobufjs, protobufjsDescriptors } from './foreign.test-support.js'
import { balsav1, etcdserverpb, FILE_DESCRIPTORS, MAX_DEPTH, mvccpb, reflectionv1 } from './index.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const foreign: ForeignRoot = foreignRoot()

describe('known answers', () => {
  it('PutRequest', () => {
    const put = { key: bytes('foo'), value: bytes('bar'), lease: 1n, prevKv: true, ignoreValue: false, ignoreLease: true }
    const wire = '0a 03 666f6f 12 03 626172 18 01 20 01 30 01'
    expect(hex(etcdserverpb.encodePutRequest(put))).toBe(wire.replaceAll(' ', ''))
    expect(etcdserverpb.decodePutRequest(unhex(wire))).toEqual(put)
  })

  it('defaults are not written, and absent fields have them', () => {
    expect(etcdserverpb.encodeRangeRequest({}).length).toBe(0)
    expect(etcdserverpb.encodeRangeRequest(etcdserverpb.newRangeRequest()).length).toBe(0)
    expect(etcdserverpb.decodeRangeRequest(new Uint8Array(0))).toEqual(etcdserverpb.newRangeRequest())
  })

  it('ids use all 64 bits, with and without sign', () => {
    const header = { clusterId: 0xffff_ffff_ffff_ffffn, memberId: 1n << 63n, revision: 0, raftTerm: 2 }
    const wire = '08 ffffffffffffffffff01 10 80808080808080808001 20 02'
    expect(hex(etcdserverpb.encodeResponseHeader(header))).toBe(wire.replaceAll(' ', ''))
    expect(etcdserverpb.decodeResponseHeader(unhex(wire))).toEqual(header)
    const lease = etcdserverpb.decodeLeaseRevokeRequest(unhex('08 ffffffffffffffffff01'))
    expect(lease.ID).toBe(-1n)
  })

  it('a comparison with its far field 64 and a oneof that holds zero', () => {
    const compare = {
      result: etcdserverpb.Compare_CompareResult.GREATER,
      target: etcdserverpb.Compare_CompareTarget.CREATE,
      key: bytes('k'),
      targetUnion: { case: 'createRevision', value: 0 } as const,
      rangeEnd: bytes('l'),
    }
    const wire = '08 01 10 01 1a 01 6b 28 00 82 04 01 6c'
    expect(hex(etcdserverpb.encodeCompare(compare))).toBe(wire.replaceAll(' ', ''))
    expect(etcdserverpb.decodeCompare(unhex(wire))).toEqual(compare)
  })

  it('transactions in transactions', () => {
    const inner = { compare: [], success: [{ request: { case: 'requestPut', value: { key: bytes('k') } } as const }], failure: [] }
    const wire = '12 09 22 07 12 05 12 03 0a 01 6b'
    const outer = { success: [{ request: { case: 'requestTxn', value: inner } as const }] }
    expect(hex(etcdserverpb.encodeTxnRequest(outer))).toBe(wire.replaceAll(' ', ''))
    const decoded = etcdserverpb.decodeTxnRequest(unhex(wire))
    const [op] = decoded.success
    expect(op?.request?.case === 'requestTxn' ? op.request.value.success[0]?.request : null).toEqual({
      case: 'requestPut',
      value: { ...etcdserverpb.newPutRequest(), key: bytes('k') },
    })
  })

  it('repeated numbers are written packed and read either way', () => {
    const wire = '2a 02 00 01'
    expect(hex(etcdserverpb.encodeWatchCreateRequest({ filters: [0, 1] }))).toBe(wire.replaceAll(' ', ''))
    for (const form of [wire, '28 00 28 01', '2a 01 00 28 01', '28 00 2a 01 01']) {
      expect(etcdserverpb.decodeWatchCreateRequest(unhex(form)).filters).toEqual([0, 1])
    }
    expect(reflectionv1.decodeExtensionNumberResponse(unhex('12 0a ffffffffffffffffff01')).extensionNumber).toEqual([-1])
  })

  it('optional fields tell absent from zero', () => {
    expect(balsav1.decodeStatusResponse(new Uint8Array(0)).leaderId).toBeNull()
    expect(hex(balsav1.encodeStatusResponse({ leaderId: 0n }))).toBe('2800')
    expect(balsav1.decodeStatusResponse(unhex('2800')).leaderId).toBe(0n)
  })

  it('enums keep values that are not known here', () => {
    expect(mvccpb.decodeEvent(unhex('08 63')).type).toBe(99)
    expect(hex(mvccpb.encodeEvent({ type: 99 }))).toBe('0863')
    expect(mvccpb.decodeEvent(unhex('08 ffffffffffffffffff01')).type).toBe(-1)
  })

  it('bounds of requests beyond 53 bits mean the largest number; elsewhere they are refused', () => {
    expect(etcdserverpb.decodeRangeRequest(unhex('18 ffffffffffffffff7f')).limit).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => mvccpb.decodeKeyValue(unhex('10 ffffffffffffffff7f'))).toThrow(
      expect.objectContaining({ code: 'MALFORMED', message: 'mvccpb.KeyValue: field 2 at byte 10: a number of more than 53 bits' }),
    )
  })
})

describe('fields that come again', () => {
  it('replace what was there', () => {
    expect(etcdserverpb.decodePutRequest(unhex('0a 01 61 0a 01 62')).key).toEqual(bytes('b'))
    expect(etcdserverpb.decodePutRequest(unhex('20 01 20 00')).prevKv).toBe(false)
  })

  it('merge messages', () => {
    expect(mvccpb.decodeEvent(unhex('12 03 0a 01 61 12 02 20 05')).kv).toMatchObject({ key: bytes('a'), version: 5 })
    const twice = etcdserverpb.decodeRequestOp(unhex('12 03 0a 01 61 12 03 12 01 62')).request
    expect(twice).toMatchObject({ case: 'requestPut', value: { key: bytes('a'), value: bytes('b') } })
  })

  it('of a oneof leave the last', () => {
    expect(etcdserverpb.decodeRequestOp(unhex('12 03 0a 01 61 0a 03 0a 01 62')).request).toMatchObject({
      case: 'requestRange',
      value: { key: bytes('b') },
    })
    expect(etcdserverpb.decodeCompare(unhex('20 05 28 06')).targetUnion).toEqual({ case: 'createRevision', value: 6 })
  })
})

describe.each(allTypes.map((type) => ({ name: type.name, type })))('$name', ({ name, type }) => {
  const other = foreign.lookupType(name)
  const message = anyMessage(type)

  it('comes back, from the wire and through another implementation', () => {
    fc.assert(
      fc.property(message, (value) => {
        const wire = type.encode(value)
        expect(type.decode(wire)).toEqual(value)
        expect(hex(other.encode(other.decode(wire)).finish())).toBe(hex(wire))
      }),
      { numRuns: 40 },
    )
  })

  it('damaged, is refused or is another message, and never anything else', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(message, edits, fc.nat(), (value, changes, cut) => {
        const wire = type.encode(value).slice()
        for (const [at, byte] of changes) if (wire.length > 0) wire[at % wire.length] = byte
        const damaged = wire.subarray(0, wire.length - (cut % 3 === 0 ? cut % (wire.length + 1) : 0))
        try {
          const decoded = type.decode(damaged)
          expect(type.decode(type.encode(decoded))).toEqual(decoded)
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED' })
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('hostile bytes', () => {
  it('at random are refused or read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...allTypes), (data, type) => {
        try {
          type.decode(data)
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED' })
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('do not nest without end', () => {
    let wire: Uint8Array = new Uint8Array(0)
    const wrap = (tag: number, content: Uint8Array): Uint8Array => {
      const length = content.length < 128 ? [content.length] : [(content.length & 127) | 128, content.length >> 7]
      return Uint8Array.from([tag, ...length, ...content])
    }
    // Two levels each: the operation and the transaction in it.
    for (let level = 0; level < MAX_DEPTH / 2 - 1; level++) wire = wrap(0x12, wrap(0x22, wire))
    expect(() => etcdserverpb.decodeTxnRequest(wire)).not.toThrow()
    wire = wrap(0x12, wrap(0x22, wire))
    expect(() => etcdserverpb.decodeTxnRequest(wire)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  it('cost no more than their size', () => {
    const repeated = new Uint8Array(1_000_000)
    for (let at = 0; at < repeated.length; at += 2) repeated[at] = 0x0a
    expect(etcdserverpb.decodePutResponse(repeated).header).toEqual(etcdserverpb.newResponseHeader())
    expect(mvccpb.decodeKeyValue(repeated).key.length).toBe(0)
  })
})

describe('descriptors', () => {
  const files = FILE_DESCRIPTORS.map((file) => Buffer.from(file.base64, 'base64'))

  it('make another implementation understand every message', () => {
    const descriptors = protobufjsDescriptors()
    const set = descriptors.FileDescriptorSet.decode(Buffer.concat(files.flatMap((file) => [lengthDelimited(file.length), file])))
    const root = protobufjs().Root.fromDescriptor(set)
    for (const type of allTypes) {
      const other = root.lookupType(type.name)
      fc.assert(
        fc.property(anyMessage(type), (value) => {
          const wire = type.encode(value)
          expect(hex(other.encode(other.decode(wire)).finish())).toBe(hex(wire))
        }),
        { numRuns: 5 },
      )
    }
  })

  it('name their files, imports and symbols', () => {
    const kv = FILE_DESCRIPTORS.find(({ name }) => name === 'etcdserverpb/kv.proto')
    expect(kv?.imports).toEqual(['etcdserverpb/header.proto', 'mvccpb/kv.proto'])
    expect(kv?.symbols).toEqual(expect.arrayContaining(['etcdserverpb.KV', 'etcdserverpb.KV.Range', 'etcdserverpb.RangeRequest.SortOrder']))
  })
})

function lengthDelimited(length: number): Uint8Array {
  const prefix = [0x0a]
  let rest = length
  for (; rest > 127; rest >>= 7) prefix.push((rest & 127) | 128)
  return Uint8Array.from([...prefix, rest])
}

it('services know their paths', () => {
  const { Range, RangeStream } = etcdserverpb.KVService.methods
  expect(Range).toMatchObject({ path: '/etcdserverpb.KV/Range', clientStreaming: false, serverStreaming: false, http: ['/v3/kv/range'] })
  expect(RangeStream).toMatchObject({ serverStreaming: true, http: [] })
  expect(etcdserverpb.WatchService.methods.Watch).toMatchObject({ clientStreaming: true, serverStreaming: true })
  expect(etcdserverpb.LeaseService.methods.LeaseRevoke.http).toEqual(['/v3/lease/revoke', '/v3/kv/lease/revoke'])
})
