import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allTypes, anyMessage, foreignRoot } from './foreign.test-support.js'
import { balsav1, etcdserverpb, fromJson, fromJsonText, mvccpb, toJson, toJsonText, v3electionpb } from './index.js'

const { PutRequestType, RangeRequestType, RangeResponseType, TxnRequestType, WatchCreateRequestType, LeaseGrantRequestType } = etcdserverpb
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const malformed = (message: RegExp): object => expect.objectContaining({ code: 'MALFORMED', message: expect.stringMatching(message) })

describe('writes', () => {
  it('what the gateway of etcd answers', () => {
    const response = {
      header: { clusterId: 14_841_639_068_965_178_418n, memberId: 10_276_657_743_932_975_437n, revision: 3, raftTerm: 2 },
      kvs: [{ ...mvccpb.newKeyValue(), key: bytes('foo'), createRevision: 2, modRevision: 3, version: 2, value: bytes('bar') }],
      more: false,
      count: 1,
    }
    expect(toJsonText(RangeResponseType, response)).toBe(
      '{"header":{"cluster_id":"14841639068965178418","member_id":"10276657743932975437","revision":"3","raft_term":"2"},' +
        '"kvs":[{"key":"Zm9v","create_revision":"2","mod_revision":"3","version":"2","value":"YmFy"}],"count":"1"}',
    )
  })

  it('present but empty messages, names as in the .proto files, small numbers as numbers, enums by name', () => {
    const put = { ...etcdserverpb.newPutResponse(), header: etcdserverpb.newResponseHeader() }
    expect(toJson(etcdserverpb.PutResponseType, put)).toEqual({ header: {} })
    const ttl = { ...etcdserverpb.newLeaseTimeToLiveResponse(), ID: 7n, TTL: -1, grantedTTL: 5, keys: [bytes('a'), bytes('')] }
    expect(toJson(etcdserverpb.LeaseTimeToLiveResponseType, ttl)).toEqual({ ID: '7', TTL: '-1', grantedTTL: '5', keys: ['YQ==', ''] })
    expect(toJson(etcdserverpb.HashResponseType, { header: null, hash: 4_294_967_295 })).toEqual({ hash: 4_294_967_295 })
    expect(toJson(mvccpb.EventType, { type: 1, kv: null, prevKv: null })).toEqual({ type: 'DELETE' })
    expect(toJson(mvccpb.EventType, { type: 9, kv: null, prevKv: null })).toEqual({ type: 9 })
  })

  it('a oneof that holds zero, and an optional field that does', () => {
    const compare = { ...etcdserverpb.newCompare(), targetUnion: { case: 'version', value: 0 } as const }
    expect(toJson(etcdserverpb.CompareType, compare)).toEqual({ version: '0' })
    expect(toJson(balsav1.RoleEventType, { ...balsav1.newRoleEvent(), leaderId: 0n })).toEqual({ leader_id: '0' })
  })
})

describe('reads', () => {
  it('both kinds of names, and ignores what it does not know', () => {
    const text = '{"key":"Zm9v","range_end":"AA==","sortOrder":"DESCEND","sort_target":4,"keysOnly":true,"what":{"ever":[1]},"limit":null}'
    const expected = {
      ...etcdserverpb.newRangeRequest(),
      key: bytes('foo'),
      rangeEnd: new Uint8Array(1),
      sortOrder: 2,
      sortTarget: 4,
      keysOnly: true,
    }
    expect(fromJsonText(RangeRequestType, text)).toEqual(expected)
  })

  it.each(['', ' \n', '{}'])('an empty message from %j', (text) =>
    expect(fromJsonText(RangeRequestType, text)).toEqual(etcdserverpb.newRangeRequest()),
  )

  it('64-bit numbers as texts and as numbers, exactly', () => {
    const lease = (text: string): bigint => fromJsonText(PutRequestType, `{"lease": ${text}}`).lease
    expect(lease('"7587862094632321111"')).toBe(7587862094632321111n)
    expect(lease('7587862094632321111')).toBe(7587862094632321111n)
    expect(lease('-9223372036854775808')).toBe(-(2n ** 63n))
    expect(lease('12')).toBe(12n)
    expect(lease('1.2e1')).toBe(12n)
    expect(fromJsonText(LeaseGrantRequestType, '{"TTL":9223372036854775807, "ID":"1"}').TTL).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('long numbers without touching texts that look like them', () => {
    const text = '{"name":"7587862094632321111\\\\\\" 7587862094632321112","member":{"ID":7587862094632321113},"x":0.12345678901234567890}'
    expect(fromJsonText(etcdserverpb.AuthenticateRequestType, text).name).toBe('7587862094632321111\\" 7587862094632321112')
    expect(fromJsonText(etcdserverpb.MemberAddResponseType, text).member?.ID).toBe(7587862094632321113n)
  })

  it('base64 with and without padding, of both alphabets', () => {
    for (const text of ['+/+/8A==', '+/+/8A', '-_-_8A==', '-_-_8A']) {
      expect(fromJson(PutRequestType, { key: text }).key).toEqual(Uint8Array.of(0xfb, 0xff, 0xbf, 0xf0))
    }
    expect(fromJson(PutRequestType, { key: '' }).key.length).toBe(0)
  })

  it('transactions', () => {
    const json = {
      compare: [{ target: 'MOD', key: 'Zm9v', mod_revision: '5', result: 'EQUAL' }],
      success: [{ requestPut: { key: 'Zm9v', value: 'YmFy' } }],
      failure: [{ request_range: { key: 'Zm9v' } }, {}],
    }
    const txn = fromJson(TxnRequestType, json)
    expect(txn.compare[0]?.targetUnion).toEqual({ case: 'modRevision', value: 5 })
    expect(txn.success[0]?.request?.case).toBe('requestPut')
    expect(txn.failure.map((op) => op.request?.case ?? null)).toEqual(['requestRange', null])
  })
})

describe('refuses', () => {
  it.each([
    ['no JSON', '{"key":', /^not JSON/],
    ['an array', '[]', /RangeRequest: not an object/],
    ['a text', '"x"', /not an object/],
    ['null', 'null', /not an object/],
    ['a number as a key', '{"key":5}', /RangeRequest\.key: not base64/],
    ['a stray letter', '{"key":"a*=="}', /not base64/],
    ['half a byte', '{"key":"abcde"}', /not base64/],
    ['wrong padding', '{"key":"YQ="}', /not base64/],
    ['a text as a flag', '{"keys_only":"true"}', /keys_only: not true or false/],
    ['an unknown name', '{"sort_order":"UP"}', /sort_order: "UP" is none of NONE, ASCEND, DESCEND/],
    ['a name from elsewhere', '{"sort_order":"constructor"}', /is none of/],
    ['a fraction', '{"limit":1.5}', /limit: not a whole number/],
    ['words for numbers', '{"limit":"many"}', /not a whole number/],
    ['too many digits', `{"limit":"${'9'.repeat(50)}"}`, /not a whole number/],
    ['more than 64 bits', '{"limit":"9223372036854775808"}', /does not fit into int64/],
  ])('%s', (_name, text, message) => expect(() => fromJsonText(RangeRequestType, text)).toThrow(malformed(message)))

  it('two members of a oneof, lists that are none, numbers beyond 53 bits where they mean something', () => {
    expect(() => fromJson(etcdserverpb.CompareType, { version: 1, mod_revision: 2 })).toThrow(malformed(/targetUnion is given twice/))
    expect(() => fromJson(TxnRequestType, { compare: {} })).toThrow(malformed(/TxnRequest\.compare: not an array/))
    expect(() => fromJson(TxnRequestType, { compare: [1] })).toThrow(malformed(/TxnRequest\.compare\[0\]: not an object/))
    expect(() => fromJson(WatchCreateRequestType, { watch_id: '9007199254740993' })).toThrow(
      malformed(/watch_id: a number of more than 53 bits/),
    )
    expect(() => fromJson(v3electionpb.LeaderKeyType, { lease: 'x' })).toThrow(malformed(/whole number/))
    expect(() => fromJsonText(etcdserverpb.AuthenticateRequestType, '{"name":"\\ud800"}')).toThrow(malformed(/name: not a text/))
  })

  it('nesting without end', () => {
    const nested = (levels: number): string => `${'{"success":[{"requestTxn":'.repeat(levels)}{}${'}]}'.repeat(levels)}`
    expect(() => fromJsonText(TxnRequestType, nested(49))).not.toThrow()
    expect(() => fromJsonText(TxnRequestType, nested(50))).toThrow(malformed(/100 deep/))
    expect(() => fromJsonText(TxnRequestType, nested(20_000))).toThrow(malformed(/100 deep/))
    expect(() => fromJsonText(RangeRequestType, `{"x":${'['.repeat(50_000)}`)).toThrow(malformed(/not JSON/))
  })
})

const root = foreignRoot()

describe.each(allTypes.map((type) => ({ name: type.name, type })))('$name', ({ name, type }) => {
  const foreign = root.lookupType(name)

  it('is the same JSON in another implementation, and comes back', () => {
    fc.assert(
      fc.property(anyMessage(type), (message) => {
        const json = toJson(type, message)
        expect(foreign.toObject(foreign.decode(type.encode(message)), { longs: String, enums: String, bytes: String })).toEqual(json)
        expect(fromJsonText(type, toJsonText(type, message))).toEqual(message)
      }),
      { numRuns: 30 },
    )
  })
})
