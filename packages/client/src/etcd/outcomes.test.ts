/** What a caller is told about a call, whatever happens to it: above all, that a write which may have happened is never called refused, and never made twice. */
import { encodePutResponse, encodeRangeResponse, encodeTxnResponse, type TxnRequest } from '@balsa/proto/etcdserverpb'
import { BalsaError } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { GrpcCode } from '@balsa/proto/grpc-code'
import { HEADER, requestOf, ScriptedEtcd, type ScriptedStream } from './scripted-etcd.test-support.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const PUT_DONE = encodePutResponse({ header: HEADER(2) })
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof BalsaError ? error.code : String(error)),
  )

/** The first request is treated so, the others are answered. */
function firstOnly(etcd: ScriptedEtcd, treat: (stream: ScriptedStream) => void, answer = PUT_DONE): void {
  etcd.react = (stream) => {
    if (etcd.log.length === 1) treat(stream)
    else stream.answer(answer)
  }
}

describe('a write', () => {
  it('goes to the next endpoint when the first cannot be reached', async () => {
    const etcd = new ScriptedEtcd()
    etcd.down.add('a:1')
    etcd.react = (stream) => stream.answer(PUT_DONE)
    const done = await etcd.settle(etcd.store().put('a', '1'))
    expect([done.version, done.revision, etcd.log]).toEqual([1, 2, ['b:1 Put']])
  })

  it('is made again when it was certainly not done', async () => {
    for (const treat of [
      (stream: ScriptedStream) => stream.reset('refused stream', true),
      (stream: ScriptedStream) => stream.status(GrpcCode.UNAVAILABLE, 'etcdserver: no leader'),
      (stream: ScriptedStream) => stream.status(GrpcCode.RESOURCE_EXHAUSTED, 'etcdserver: too many requests'),
    ]) {
      const etcd = new ScriptedEtcd()
      firstOnly(etcd, treat)
      expect((await etcd.settle(etcd.store().put('a', '1'))).revision).toBe(2)
      expect(etcd.log.length).toBe(2)
    }
  })

  it('is of unknown outcome, and not made again, when it may have been done', async () => {
    for (const treat of [
      (stream: ScriptedStream) => stream.reset('connection reset', false),
      (stream: ScriptedStream) => stream.session.break('connection reset'),
      (stream: ScriptedStream) => stream.status(GrpcCode.UNAVAILABLE, 'etcdserver: leader changed'),
      (stream: ScriptedStream) => stream.status(GrpcCode.UNAVAILABLE, 'etcdserver: request timed out'),
      (stream: ScriptedStream) => stream.status(GrpcCode.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'),
      (stream: ScriptedStream) => stream.answer(Uint8Array.of(0xff)),
      (stream: ScriptedStream) => stream.status(GrpcCode.OK),
    ]) {
      const etcd = new ScriptedEtcd()
      firstOnly(etcd, treat)
      const store = etcd.store()
      expect(await etcd.settle(codeOf(store.put('a', '1')))).toBe('OUTCOME_UNKNOWN')
      expect(etcd.log).toEqual(['a:1 Put'])
      await etcd.settle(store.close())
      expect(etcd.clock.pending).toBe(0)
    }
  })

  it('is refused in the words of etcd', async () => {
    const etcd = new ScriptedEtcd()
    firstOnly(etcd, (stream) => stream.status(GrpcCode.NOT_FOUND, 'etcdserver: requested lease not found'))
    expect(await etcd.settle(codeOf(etcd.store().put('a', '1')))).toBe('LEASE_NOT_FOUND')
  })

  it('ends at its deadline: unknown once it was sent, refused before', async () => {
    const etcd = new ScriptedEtcd()
    const store = etcd.store({ deadlineMs: 3000 })
    expect(await etcd.settle(codeOf(store.put('a', '1')))).toBe('OUTCOME_UNKNOWN')
    expect(etcd.log).toEqual(['a:1 Put'])
    const nobody = new ScriptedEtcd()
    nobody.down.add('a:1').add('b:1')
    expect(await nobody.settle(codeOf(nobody.store({ deadlineMs: 3000 }).put('a', '1')))).toBe('DEADLINE')
    const deaf = new ScriptedEtcd()
    deaf.mute.add('a:1').add('b:1')
    expect(await deaf.settle(codeOf(deaf.store({ deadlineMs: 9000 }).put('a', '1')))).toBe('DEADLINE')
    expect(new Set(deaf.sessions.map(({ endpoint }) => endpoint))).toEqual(new Set(['a:1', 'b:1']))
  })

  it('ends when its signal is aborted', async () => {
    const etcd = new ScriptedEtcd()
    const controller = new AbortController()
    const sent = codeOf(etcd.store().put('a', '1', { signal: controller.signal }))
    await etcd.pass(10)
    controller.abort()
    expect([await etcd.settle(sent), etcd.log]).toEqual(['OUTCOME_UNKNOWN', ['a:1 Put']])
  })

  it('does not wait for ever on a connection that is dead', async () => {
    const etcd = new ScriptedEtcd()
    etcd.react = () => etcd.mute.add('a:1')
    const put = codeOf(etcd.store({ deadlineMs: Number.POSITIVE_INFINITY }).put('a', '1'))
    await etcd.pass(30_000)
    expect([await etcd.settle(put), etcd.pings, etcd.sessions[0]?.over]).toEqual(['OUTCOME_UNKNOWN', 1, true])
  })
})

describe('a transaction that can only read', () => {
  it('is asked again, elsewhere, when its answer is lost: nobody has to know whether it was done', async () => {
    for (const treat of [
      (stream: ScriptedStream) => stream.reset('connection reset', false),
      (stream: ScriptedStream) => stream.status(GrpcCode.UNAVAILABLE, 'etcdserver: leader changed'),
      (stream: ScriptedStream) => stream.status(GrpcCode.OK),
    ]) {
      const etcd = new ScriptedEtcd()
      firstOnly(etcd, treat, encodeTxnResponse({ header: HEADER(5), succeeded: true }))
      const read = await etcd.settle(etcd.store().transaction({ compare: [{ key: 'a', version: 1 }] }))
      expect([read, etcd.log]).toEqual([{ succeeded: true, revision: 5, results: [] }, ['a:1 Txn', 'b:1 Txn']])
    }
  })
})

describe('an append', () => {
  const pair = (value: string, modRevision: number) => ({
    key: bytes('a'),
    value: bytes(value),
    createRevision: 2,
    modRevision,
    version: modRevision - 1,
  })
  const rangeIn = (value: string, modRevision: number) =>
    ({ response: { case: 'responseRange', value: { kvs: [pair(value, modRevision)], count: 1 } } }) as const
  const putIn = { response: { case: 'responsePut', value: { prevKv: pair('xy', 3) } } } as const

  it('is made anew as long as somebody comes between', async () => {
    const etcd = new ScriptedEtcd()
    const asked: TxnRequest[] = []
    etcd.react = (stream, message) => {
      const txn = requestOf('Txn', stream, message)
      if (txn === null) return
      asked.push(txn)
      if (asked.length === 1) return stream.answer(encodeTxnResponse({ header: HEADER(2), succeeded: true, responses: [rangeIn('x', 2)] }))
      if (asked.length === 2)
        return stream.answer(encodeTxnResponse({ header: HEADER(3), succeeded: false, responses: [rangeIn('xy', 3)] }))
      const inner = { response: { case: 'responseTxn', value: { succeeded: true, responses: [putIn] } } } as const
      stream.answer(encodeTxnResponse({ header: HEADER(4), succeeded: true, responses: [inner] }))
    }
    const done = await etcd.settle(etcd.store().append('a', 'z'))
    expect([done.revision, done.version, done.createRevision, done.valueBytes, done.previous?.modRevision]).toEqual([4, 3, 2, 3, 3])
    expect(asked.slice(1).map(({ compare }) => compare[0]?.targetUnion)).toEqual([
      { case: 'modRevision', value: 2 },
      { case: 'modRevision', value: 3 },
    ])
    const inner = asked[2]?.success[0]?.request
    const put = inner?.case === 'requestTxn' ? inner.value.success[0]?.request : null
    expect(put?.case === 'requestPut' && [new TextDecoder().decode(put.value.value), put.value.ignoreLease]).toEqual(['xyz', true])
  })

  it('is made once, although it takes long to look', async () => {
    const etcd = new ScriptedEtcd()
    let made = 0
    etcd.react = (stream, message) => {
      const txn = requestOf('Txn', stream, message)
      const looks = encodeTxnResponse({ header: HEADER(2), succeeded: true, responses: [rangeIn('x', 2)] })
      if (txn?.compare.length === 0) return void etcd.clock.setTimer(3000, () => stream.answer(looks))
      made += 1
      const inner = { response: { case: 'responseTxn', value: { succeeded: true, responses: [putIn] } } } as const
      stream.answer(encodeTxnResponse({ header: HEADER(4), succeeded: true, responses: [inner] }))
    }
    const store = etcd.store()
    await etcd.settle(store.append('a', 'z'))
    await etcd.pass(20_000)
    expect([made, etcd.log]).toEqual([1, ['a:1 Txn', 'b:1 Txn']])
  })

  it('is refused for certain while it only looks, and unknown from then on', async () => {
    for (const [broken, code] of [
      [1, 'DEADLINE'],
      [2, 'OUTCOME_UNKNOWN'],
    ] as const) {
      const etcd = new ScriptedEtcd()
      etcd.react = (stream) => {
        if (etcd.log.length >= broken) stream.reset('connection reset', false)
        else stream.answer(encodeTxnResponse({ header: HEADER(2), succeeded: true, responses: [rangeIn('x', 2)] }))
      }
      expect(await etcd.settle(codeOf(etcd.store({ deadlineMs: 2000 }).append('a', 'z')))).toBe(code)
      if (broken === 2) expect(etcd.log.length).toBe(2)
    }
  })
})

describe('a read', () => {
  const FOUND = encodeRangeResponse({
    header: HEADER(2),
    kvs: [{ key: bytes('a'), value: bytes('1'), createRevision: 2, modRevision: 2, version: 1 }],
    count: 1,
  })

  it('is made again elsewhere, whatever happened to it', async () => {
    for (const treat of [
      (stream: ScriptedStream) => stream.reset('connection reset', false),
      (stream: ScriptedStream) => stream.session.break('connection reset'),
      (stream: ScriptedStream) => stream.status(GrpcCode.UNAVAILABLE, 'etcdserver: leader changed'),
      () => undefined,
    ]) {
      const etcd = new ScriptedEtcd()
      firstOnly(etcd, treat, FOUND)
      expect((await etcd.settle(etcd.store().get('a')))?.text()).toBe('1')
      expect(etcd.log).toEqual(['a:1 Range', 'b:1 Range'])
    }
  })

  it('whose answer makes no sense is malformed', async () => {
    const etcd = new ScriptedEtcd()
    etcd.react = (stream) => stream.answer(encodeRangeResponse({ count: 1 }))
    expect(await etcd.settle(codeOf(etcd.store().get('a')))).toBe('MALFORMED')
  })

  it('of a range comes in parts at one revision', async () => {
    const etcd = new ScriptedEtcd()
    const asked: (readonly [string, number, number])[] = []
    const value = new Uint8Array(20_000)
    etcd.react = (stream, message) => {
      const range = requestOf('Range', stream, message)
      if (range === null) return
      const from = new TextDecoder().decode(range.key)
      asked.push([from, range.revision, range.limit])
      const start = from === 'k' ? 0 : Number(from.slice(1, 4)) + 1
      const kvs = Array.from({ length: Math.min(range.limit, 100 - start) }, (_, at) => ({
        key: bytes(`k${String(start + at).padStart(3, '0')}`),
        value,
        createRevision: 2,
        modRevision: 2,
        version: 1,
      }))
      stream.answer(encodeRangeResponse({ header: HEADER(from === 'k' ? 7 : 9), kvs, count: 100 - start, more: start + kvs.length < 100 }))
    }
    const page = await etcd.settle(etcd.store().range({ prefix: 'k' }))
    // 1 MiB of entries of 20 kB.
    expect([page.entries.length, page.more, page.count, page.revision]).toEqual([53, true, 100, 7])
    // The second part is as long as what is probably left.
    expect(asked).toEqual([
      ['k', 0, 32],
      ['k031\0', 7, 21],
    ])
    asked.length = 0
    const all: string[] = []
    await etcd.settle(
      (async () => {
        for await (const entry of etcd.store().entries({ prefix: 'k' })) all.push(new TextDecoder().decode(entry.key))
      })(),
    )
    expect(all).toEqual(Array.from({ length: 100 }, (_, at) => `k${String(at).padStart(3, '0')}`))
    expect(asked.slice(1).every(([, revision]) => revision === 7)).toBe(true)
  })

  it('of a range asks for fewer entries when so many do not fit into a message', async () => {
    const etcd = new ScriptedEtcd()
    const limits: number[] = []
    const kvs = [{ key: bytes('k1'), value: new Uint8Array(30_000), createRevision: 2, modRevision: 2, version: 1 }]
    etcd.react = (stream, message) => {
      const range = requestOf('Range', stream, message)
      limits.push(range?.limit ?? 0)
      const many = Array.from({ length: range?.limit ?? 0 }, () => kvs[0] ?? {})
      stream.answer(encodeRangeResponse({ header: HEADER(2), kvs: range?.limit === 2 ? kvs : many, count: 1 }))
    }
    const store = etcd.store({ maxMessageBytes: 50_000 })
    expect((await etcd.settle(store.range({ prefix: 'k' }))).entries.length).toBe(1)
    expect(limits).toEqual([32, 8, 2])
    etcd.react = (stream) => stream.answer(encodeRangeResponse({ header: HEADER(2), kvs: [...kvs, ...kvs], count: 2 }))
    expect(await etcd.settle(codeOf(store.get('k1')))).toBe('TOO_LARGE')
  })
})

describe('a connection', () => {
  it('that the server leaves keeps its calls, and gets no new ones', async () => {
    const etcd = new ScriptedEtcd()
    const late: ScriptedStream[] = []
    etcd.react = (stream) => {
      if (etcd.log.length > 1) return stream.answer(PUT_DONE)
      late.push(stream)
      stream.session.handlers.onGoAway()
    }
    const store = etcd.store()
    const first = store.put('a', '1')
    await etcd.pass(10)
    expect((await etcd.settle(store.put('b', '1'))).revision).toBe(2)
    late[0]?.answer(PUT_DONE)
    expect((await etcd.settle(first)).revision).toBe(2)
    expect(etcd.sessions.map(({ endpoint, over }) => [endpoint, over])).toEqual([
      ['a:1', true],
      ['a:1', false],
    ])
  })

  it('answers nothing but nonsense: the call ends as one whose outcome is unknown, or is tried elsewhere', async () => {
    const etcd = new ScriptedEtcd()
    etcd.react = (stream) => stream.status(99, 'no such code')
    expect(await etcd.settle(codeOf(etcd.store({ deadlineMs: 1500 }).put('a', '1')))).toBe('OUTCOME_UNKNOWN')
    expect(await etcd.settle(codeOf(etcd.store({ deadlineMs: 1500 }).get('a')))).toBe('DEADLINE')
  })
})
