import { beforeEach, describe, expect, it } from 'vitest'
import { BalsaError } from '@balsa/raft'
import { GrpcCode, type GrpcError } from '../grpc/status.js'
import {
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  decodeDeleteRangeRequest,
  decodePutRequest,
  decodePutResponse,
  decodeRangeRequest,
  decodeRangeResponse,
  decodeTxnRequest,
  decodeTxnResponse,
  type DeleteRangeRequestInit,
  type DeleteRangeResponse,
  decodeDeleteRangeResponse,
  encodeDeleteRangeRequest,
  encodeDeleteRangeResponse,
  encodePutRequest,
  encodePutResponse,
  encodeRangeRequest,
  encodeRangeResponse,
  encodeTxnRequest,
  encodeTxnResponse,
  type PutRequestInit,
  type PutResponse,
  type RangeRequestInit,
  type RangeResponse,
  RangeRequest_SortOrder as Order,
  RangeRequest_SortTarget as Sort,
  type RequestOpInit,
  type TxnRequestInit,
  type TxnResponse,
} from '@balsa/proto/etcdserverpb'
import { ETCD_ERRORS, type EtcdErrorName } from './errors.js'
import { KvService } from './kv-service.js'
import { etcdMember, LocalStore, MEMBER } from './local-store.test-support.js'

const b = (text: string): Uint8Array => new TextEncoder().encode(text)
const t = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

let store: LocalStore
let kv: KvService

beforeEach(() => {
  store = new LocalStore()
  kv = new KvService(etcdMember(store))
})

// Over the codecs, as clients come.
const put = async (request: PutRequestInit): Promise<PutResponse> =>
  decodePutResponse(encodePutResponse(await kv.put(decodePutRequest(encodePutRequest(request)))))
const range = async (request: RangeRequestInit): Promise<RangeResponse> =>
  decodeRangeResponse(encodeRangeResponse(await kv.range(decodeRangeRequest(encodeRangeRequest(request)))))
const remove = async (request: DeleteRangeRequestInit): Promise<DeleteRangeResponse> =>
  decodeDeleteRangeResponse(encodeDeleteRangeResponse(await kv.deleteRange(decodeDeleteRangeRequest(encodeDeleteRangeRequest(request)))))
const txn = async (request: TxnRequestInit): Promise<TxnResponse> =>
  decodeTxnResponse(encodeTxnResponse(await kv.txn(decodeTxnRequest(encodeTxnRequest(request)))))
const set = (key: string, value = 'v'): Promise<PutResponse> => put({ key: b(key), value: b(value) })
const keys = (response: RangeResponse): string => response.kvs.map(({ key }) => t(key)).join(' ')
const opPut = (value: PutRequestInit): RequestOpInit => ({ request: { case: 'requestPut', value } })
const opRange = (value: RangeRequestInit): RequestOpInit => ({ request: { case: 'requestRange', value } })
const opDelete = (value: DeleteRangeRequestInit): RequestOpInit => ({ request: { case: 'requestDeleteRange', value } })

async function refusal(call: Promise<unknown>): Promise<readonly [GrpcCode, string]> {
  const error = (await call.then(
    () => null,
    (reason: unknown) => reason,
  )) as GrpcError
  return [error.code, error.message]
}
const refuses = async (call: Promise<unknown>, name: EtcdErrorName): Promise<void> =>
  expect(await refusal(call)).toEqual([...ETCD_ERRORS[name]])

describe('puts', () => {
  it('answer with the revision after themselves, and a whole header', async () => {
    const { header } = await set('a')
    expect(header).toEqual({ clusterId: 0x1000n, memberId: BigInt(MEMBER), revision: 2, raftTerm: 7 })
    expect((await set('a')).header?.revision).toBe(3)
  })

  it('answer the pair before when asked, and nothing when there was none', async () => {
    expect((await put({ key: b('a'), value: b('1'), prevKv: true })).prevKv).toBeNull()
    const { prevKv } = await put({ key: b('a'), value: b('2'), prevKv: true })
    expect(prevKv).toMatchObject({ createRevision: 2, modRevision: 2, version: 1, lease: 0n })
    expect(t(prevKv?.value ?? b(''))).toBe('1')
  })

  it('keep value or lease when told so', async () => {
    await store.execute({ type: 'leaseGrant', stamp: null, lease: 5n, ttlMs: 10_000 })
    await put({ key: b('a'), value: b('1'), lease: 5n })
    await put({ key: b('a'), ignoreValue: true, lease: 5n })
    await put({ key: b('a'), value: b('2'), ignoreLease: true })
    expect((await range({ key: b('a') })).kvs[0]).toMatchObject({ lease: 5n, version: 3 })
    await set('a', '3')
    expect((await range({ key: b('a') })).kvs[0]?.lease).toBe(0n)
  })

  it('are refused in the words of etcd', async () => {
    await refuses(put({}), 'emptyKey')
    await refuses(put({ key: b('a'), value: b('1'), ignoreValue: true }), 'valueProvided')
    await refuses(put({ key: b('a'), lease: 1n, ignoreLease: true }), 'leaseProvided')
    await refuses(put({ key: b('a'), ignoreValue: true }), 'keyNotFound')
    await refuses(put({ key: b('a'), ignoreLease: true }), 'keyNotFound')
    await refuses(put({ key: b('a'), lease: 9n }), 'leaseNotFound')
    await refuses(put({ key: b('a'), value: new Uint8Array(1536 * 1024) }), 'requestTooLarge')
  })
})

describe('ranges', () => {
  beforeEach(async () => {
    for (const [key, value] of Object.entries({ a: '3', b: '1', c: '2', d: '0' })) await set(key, value)
    await set('b', '1')
  })
  const all = { key: b('\0'), rangeEnd: b('\0') }

  it('take one key, an interval, a prefix, everything behind a key, everything', async () => {
    expect(keys(await range({ key: b('b') }))).toBe('b')
    expect(keys(await range({ key: b('b'), rangeEnd: b('d') }))).toBe('b c')
    expect(keys(await range({ key: b('c'), rangeEnd: b('\0') }))).toBe('c d')
    expect(keys(await range(all))).toBe('a b c d')
    expect(keys(await range({ key: b('d'), rangeEnd: b('b') }))).toBe('')
  })

  it('count before filters and limit, and say when something was cut off', async () => {
    const cut = await range({ ...all, limit: 2 })
    expect([keys(cut), cut.more, cut.count]).toEqual(['a b', true, 4])
    const filtered = await range({ ...all, minModRevision: 5 })
    expect([keys(filtered), filtered.more, filtered.count]).toEqual(['b d', false, 4])
    const counted = await range({ ...all, countOnly: true, limit: 1 })
    expect([counted.kvs.length, counted.more, counted.count]).toEqual([0, false, 4])
    expect((await range({ ...all, limit: -1 })).kvs).toHaveLength(4)
  })

  it('sort before they cut, by values also when these are left out', async () => {
    const sorted = await range({ ...all, sortTarget: Sort.VALUE, sortOrder: Order.DESCEND, limit: 2, keysOnly: true })
    expect([keys(sorted), sorted.kvs[0]?.value.length]).toEqual(['a c', 0])
    expect(keys(await range({ ...all, sortTarget: Sort.MOD }))).toBe('a c d b')
    await refuses(range({ ...all, sortTarget: 9 }), 'invalidSort')
    await refuses(range({ ...all, sortOrder: 9 }), 'invalidSort')
  })

  it('read old revisions under the header of now, and refuse what is compacted or to come', async () => {
    const old = await range({ key: b('b'), revision: 3 })
    expect([old.kvs[0]?.modRevision, old.header?.revision]).toEqual([3, 6])
    expect((await kv.compact({ revision: 5, physical: true })).header?.revision).toBe(6)
    await refuses(range({ key: b('b'), revision: 4 }), 'compacted')
    expect((await range({ key: b('b'), revision: 5 })).kvs).toHaveLength(1)
    await refuses(range({ key: b('b'), revision: 7 }), 'futureRevision')
    await refuses(kv.compact({ revision: 5, physical: false }), 'compacted')
    await refuses(kv.compact({ revision: 0, physical: false }), 'compacted')
    await refuses(kv.compact({ revision: 7, physical: false }), 'futureRevision')
  })

  it('are linearizable unless they say that they need not be', async () => {
    await range({ key: b('a') })
    await range({ key: b('a'), serializable: true })
    expect(store.reads.map(({ consistency }) => consistency)).toEqual(['linearizable', 'stale'])
  })
})

describe('deletions', () => {
  it('take one revision when they delete something, none otherwise', async () => {
    await set('a')
    await set('b')
    const deleted = await remove({ key: b('a'), rangeEnd: b('z'), prevKv: true })
    expect([deleted.deleted, deleted.header?.revision, deleted.prevKvs.map(({ key }) => t(key))]).toEqual([2, 4, ['a', 'b']])
    const nothing = await remove({ key: b('a') })
    expect([nothing.deleted, nothing.header?.revision]).toEqual([0, 4])
    await refuses(remove({}), 'emptyKey')
  })
})

describe('transactions', () => {
  it('take the branch that the compares decide, and answer each operation', async () => {
    await set('a', '1')
    const done = await txn({
      compare: [{ key: b('a'), target: Target.VALUE, result: Result.EQUAL, targetUnion: { case: 'value', value: b('1') } }],
      success: [opPut({ key: b('a'), value: b('2'), prevKv: true }), opRange({ key: b('a') }), opDelete({ key: b('x') })],
      failure: [opPut({ key: b('never') })],
    })
    expect([done.succeeded, done.header?.revision]).toEqual([true, 3])
    const [first, second, third] = done.responses.map(({ response }) => response)
    expect(first).toMatchObject({ case: 'responsePut', value: { header: { revision: 3, clusterId: 0n }, prevKv: { modRevision: 2 } } })
    expect(second?.case === 'responseRange' && t(second.value.kvs[0]?.value ?? b(''))).toBe('2')
    expect(third).toMatchObject({ case: 'responseDeleteRange', value: { deleted: 0 } })
  })

  it('compare an absent key as zero, and its value never', async () => {
    const holds = async (target: Target, result: Result): Promise<boolean> =>
      (await txn({ compare: [{ key: b('x'), target, result }] })).succeeded
    for (const target of [Target.VERSION, Target.CREATE, Target.MOD, Target.LEASE]) expect(await holds(target, Result.EQUAL)).toBe(true)
    expect(await holds(Target.VALUE, Result.NOT_EQUAL)).toBe(false)
  })

  it('answer each operation with the revision that the store is at there: up to the first change that of before', async () => {
    await set('a', '1')
    const inside = (value: TxnRequestInit): RequestOpInit => ({ request: { case: 'requestTxn', value } })
    const revisionsOf = ({ responses }: TxnResponse): unknown[] =>
      responses.map(({ response }) => (response?.case === 'responseTxn' ? revisionsOf(response.value) : response?.value.header?.revision))
    const [read, none] = [opRange({ key: b('a') }), opDelete({ key: b('x') })]
    const changed = await txn({ success: [read, none, inside({ success: [read, opPut({ key: b('n') })] }), read, none] })
    expect([changed.header?.revision, revisionsOf(changed)]).toEqual([3, [2, 2, [2, 3], 3, 3]])
    const deleted = await txn({ success: [read, opDelete({ key: b('n') }), read] })
    expect([deleted.header?.revision, revisionsOf(deleted)]).toEqual([4, [3, 4, 4]])
    const unchanged = await txn({ success: [read, none, inside({ success: [none] })] })
    expect([unchanged.header?.revision, revisionsOf(unchanged)]).toEqual([4, [4, 4, [4]]])
  })

  it('nest; the header of a nested answer is empty', async () => {
    const nested: RequestOpInit = {
      request: { case: 'requestTxn', value: { success: [opPut({ key: b('n') })], failure: [opPut({ key: b('n') })] } },
    }
    const done = await txn({ success: [nested] })
    expect(done.responses[0]?.response).toMatchObject({
      case: 'responseTxn',
      value: {
        header: { revision: 0 },
        succeeded: true,
        responses: [{ response: { case: 'responsePut', value: { header: { revision: 2 } } } }],
      },
    })
  })

  it('are refused in the words of etcd, whichever branch is wrong', async () => {
    const many = Array.from({ length: 129 }, (_, at) => opPut({ key: b(`k${at}`) }))
    await refuses(txn({ failure: many }), 'tooManyOperations')
    await refuses(txn({ success: [opPut({ key: b('a') }), opPut({ key: b('a') })] }), 'duplicateKey')
    await refuses(txn({ success: [opPut({ key: b('a') }), opDelete({ key: b('a'), rangeEnd: b('b') })] }), 'duplicateKey')
    await refuses(txn({ failure: [opPut({})] }), 'emptyKey')
    await refuses(txn({ compare: [{}] }), 'emptyKey')
    await refuses(txn({ success: [{}] }), 'keyNotFound')
    await refuses(txn({ success: [opPut({ key: b('a'), ignoreValue: true })] }), 'keyNotFound')
    await refuses(txn({ success: [opRange({ key: b('a'), revision: 99 })] }), 'futureRevision')
    expect((await txn({ failure: [opPut({ key: b('a'), lease: 77n })] })).succeeded).toBe(true)
  })
})

describe('transactions that write nothing', () => {
  const consistency = (): readonly unknown[] => store.reads.map((read) => read.consistency)

  it('are reads: nothing goes through the log, and all of it is of one revision', async () => {
    await set('a', '1')
    await set('b', '2')
    const before = store.status().commitIndex
    const done = await txn({
      compare: [{ key: b('a'), targetUnion: { case: 'value', value: b('1') }, target: 3 }],
      success: [
        opRange({ key: b('a'), rangeEnd: b('z') }),
        {
          request: { case: 'requestTxn', value: { failure: [opRange({ key: b('b') })], success: [opRange({ key: b('a'), revision: 2 })] } },
        },
      ],
      failure: [opRange({ key: b('none') })],
    })
    expect([done.succeeded, done.header?.revision, store.status().commitIndex]).toEqual([true, 3, before])
    const [first, second] = done.responses.map(({ response }) => response)
    expect(first?.case === 'responseRange' && keys(first.value)).toBe('a b')
    expect(second?.case === 'responseTxn' && second.value.responses[0]?.response?.case).toBe('responseRange')
    await set('c', '3')
    expect((await txn({})).header?.revision).toBe(4)
  })

  it('are linearizable unless every range in them is serializable, and there is one', async () => {
    const here = opRange({ key: b('a'), serializable: true })
    const inside = (operation: RequestOpInit): RequestOpInit => ({ request: { case: 'requestTxn', value: { success: [operation] } } })
    await txn({ success: [here], failure: [here] })
    await txn({ success: [inside(here)] })
    await txn({ success: [here], failure: [opRange({ key: b('a') })] })
    await txn({ success: [here, inside(opRange({ key: b('a') }))] })
    await txn({})
    expect(consistency()).toEqual(['stale', 'stale', 'linearizable', 'linearizable', 'linearizable'])
  })

  it('are refused for what the branch taken asks for', async () => {
    for (const at of ['a', 'a', 'a']) await set(at)
    await kv.compact({ revision: 3, physical: false })
    await refuses(txn({ success: [opRange({ key: b('a'), revision: 2 })] }), 'compacted')
    await refuses(txn({ success: [opRange({ key: b('a'), revision: 99 })] }), 'futureRevision')
    expect((await txn({ failure: [opRange({ key: b('a'), revision: 99 })] })).succeeded).toBe(true)
  })

  it('go on while writes are refused', async () => {
    await set('a')
    await store.execute({ type: 'alarm', raise: true, alarm: { kind: 'corrupt', member: 1n } })
    await refuses(set('a'), 'corrupt')
    expect((await txn({ success: [opRange({ key: b('a') })] })).succeeded).toBe(true)
  })
})

describe('what goes wrong behind the store', () => {
  it.each([
    ['NO_LEADER', 'noLeader'],
    ['LEADERSHIP_LOST', 'leaderChanged'],
    ['DEADLINE', 'timeout'],
    ['OUTCOME_UNKNOWN', 'timeout'],
    ['STOPPED', 'stopped'],
    ['OVERLOADED', 'tooManyRequests'],
    ['SYNC_FAILED', 'stopped'],
    ['CORRUPT', 'corrupt'],
  ] as const)('%s is told as %s', async (code, name) => {
    store.failure = new BalsaError(code, 'because')
    await refuses(range({ key: b('a') }), name)
    await refuses(set('a'), name)
  })

  it('outages are unavailable, so that clients try again', () => {
    for (const name of ['noLeader', 'leaderChanged', 'timeout', 'stopped'] as const) expect(ETCD_ERRORS[name][0]).toBe(GrpcCode.UNAVAILABLE)
  })
})
