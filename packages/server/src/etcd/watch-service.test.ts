import { beforeEach, describe, expect, it } from 'vitest'
import type { ManualClock } from '@balsa/raft'
import { GrpcCode, GrpcError } from '../grpc/status.js'
import {
  decodeWatchRequest,
  encodeWatchRequest,
  type WatchCreateRequestInit,
  type WatchRequest,
  type WatchResponseInit,
} from '@balsa/proto/etcdserverpb'
import { etcdMember, LocalStore } from './local-store.test-support.js'
import type { EtcdMember } from './member.js'
import { TestSink } from './sink.test-support.js'
import { WatchService } from './watch-service.js'

const b = (text: string): Uint8Array => new TextEncoder().encode(text)
const t = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

/** One client and its stream. */
class Client {
  readonly sink = new TestSink<WatchResponseInit>()
  readonly ended: Promise<unknown>
  #requests: WatchRequest[] = []
  #wake: () => void = () => {}
  #finished = false

  constructor(member: EtcdMember) {
    this.ended = new WatchService(member).watch(this.#iterate(), this.sink).catch((error: unknown) => error)
  }

  create(request: WatchCreateRequestInit): this {
    return this.#push(decodeWatchRequest(encodeWatchRequest({ requestUnion: { case: 'createRequest', value: request } })))
  }

  cancel(watchId: number): this {
    return this.#push({ requestUnion: { case: 'cancelRequest', value: { watchId } } })
  }

  progress(): this {
    return this.#push({ requestUnion: { case: 'progressRequest', value: {} } })
  }

  finish(): this {
    this.#finished = true
    this.#wake()
    return this
  }

  #push(request: WatchRequest): this {
    this.#requests.push(request)
    this.#wake()
    return this
  }

  async *#iterate(): AsyncGenerator<WatchRequest, void, undefined> {
    for (;;) {
      const next = this.#requests.shift()
      if (next !== undefined) yield next
      else if (this.#finished) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** What was sent, in short: `id rev key=value -key`. */
const shown = ({ watchId, header, created, canceled, events = [], compactRevision, fragment }: WatchResponseInit): string => {
  const changes = events.map(({ type, kv }) => (type === 1 ? `-${t(kv?.key)}` : `${t(kv?.key)}=${t(kv?.value)}`))
  const words = [
    created ? 'created' : '',
    canceled ? 'canceled' : '',
    compactRevision ? `compacted ${compactRevision}` : '',
    fragment ? 'more' : '',
  ]
  return [watchId, `r${header?.revision}`, ...words.filter((word) => word !== ''), ...changes].join(' ')
}

let store: LocalStore
let member: EtcdMember
let clients: Client[]

const client = (): Client => {
  const made = new Client(member)
  clients.push(made)
  return made
}
const put = (key: string, value: string) => store.execute({ type: 'put', stamp: null, key: b(key), value: b(value) })
const remove = (key: string) => store.execute({ type: 'delete', stamp: null, key: b(key) })
const seen = async (from: Client, count: number): Promise<string[]> => (await from.sink.count(count)).map(shown)
const ALL = { key: b('\0'), rangeEnd: b('\0') }

beforeEach(() => {
  store = new LocalStore()
  member = etcdMember(store)
  clients = []
  return async () => {
    for (const { sink, ended } of clients) {
      sink.cancel(new GrpcError(GrpcCode.CANCELLED, 'gone'))
      await ended
    }
    expect(store.watches.size).toBe(0)
  }
})

describe('a watch', () => {
  it('is created before its events, and hears what happens after that', async () => {
    await put('a', '1')
    const one = client().create({ key: b('a') })
    await one.sink.count(1)
    await put('a', '2')
    await put('b', '3')
    await remove('a')
    expect(await seen(one, 3)).toEqual(['0 r2 created', '0 r3 a=2', '0 r5 -a'])
  })

  it('hears the past from a revision on, and never a header below the one of its creation', async () => {
    await put('a', '1')
    await put('a', '2')
    const one = client().create({ key: b('a'), startRevision: 2 })
    const [created, events] = await seen(one, 2)
    expect([created, events]).toEqual(['0 r3 created', '0 r3 a=1 a=2'])
  })

  it('carries the pair before when asked; filters leave kinds out, and nothing empty is sent', async () => {
    await put('a', '1')
    const one = client()
      .create({ ...ALL, prevKv: true })
      .create({ ...ALL, filters: [0] })
      .create({ ...ALL, filters: [1] })
    await one.sink.count(3)
    await put('a', '2')
    await one.sink.count(5)
    await remove('a')
    const sent = (await seen(one, 7)).slice(3).sort()
    expect(sent).toEqual(['0 r3 a=2', '0 r4 -a', '1 r4 -a', '2 r3 a=2'])
    const first = one.sink.messages.find(({ watchId, events }) => watchId === 0 && (events?.length ?? 0) > 0)
    expect(t(first?.events?.[0]?.prevKv?.value)).toBe('1')
  })

  it('can wait for a revision that is to come', async () => {
    const one = client().create({ ...ALL, startRevision: 3 })
    await one.sink.count(1)
    await put('a', '1')
    await put('a', '2')
    expect(await seen(one, 2)).toEqual(['0 r1 created', '0 r3 a=2'])
  })

  it('ends when cancelled; an unknown one is met with silence', async () => {
    const one = client()
      .create(ALL)
      .cancel(9)
      .cancel(0)
      .create({ ...ALL, watchId: 7 })
    expect(await seen(one, 3)).toEqual(['0 r1 created', '0 r1 canceled', '7 r1 created'])
  })

  it('from before a compaction is created and then canceled with the revision; from that revision on it works', async () => {
    for (const value of ['1', '2', '3']) await put('a', value)
    await store.execute({ type: 'compact', stamp: null, revision: 3 })
    const one = client().create({ ...ALL, startRevision: 2 })
    expect(await seen(one, 2)).toEqual(['0 r4 created', '0 r0 canceled compacted 3'])
    const other = client().create({ ...ALL, startRevision: 3 })
    expect(await seen(other, 2)).toEqual(['0 r4 created', '0 r4 a=2 a=3'])
  })

  it('is refused with id -1 and a reason, and the stream lives on', async () => {
    const one = client()
      .create({ key: b('b'), rangeEnd: b('a') })
      .create({ ...ALL, watchId: 5 })
      .create({ ...ALL, watchId: 5 })
      .create({ ...ALL, startRevision: -1 })
      .create(ALL)
    expect(await seen(one, 5)).toEqual([
      '-1 r1 created canceled',
      '5 r1 created',
      '-1 r1 created canceled',
      '-1 r1 created canceled',
      '0 r1 created',
    ])
    expect(one.sink.messages.map(({ cancelReason }) => cancelReason ?? '')).toEqual([
      'mvcc: watcher range is empty',
      '',
      'mvcc: duplicate watch ID provided on the WatchStream',
      'etcdserver: mvcc: required revision has been compacted',
      '',
    ])
  })

  it('goes on when its client says no more', async () => {
    const one = client().create(ALL).finish()
    await one.sink.count(1)
    await put('a', '1')
    expect(await seen(one, 2)).toEqual(['0 r1 created', '0 r2 a=1'])
  })
})

describe('a revision that is larger than a message', () => {
  const large = async (): Promise<void> => {
    const value = new Uint8Array(400 * 1024)
    for (let at = 0; at < 8; at++) await store.execute({ type: 'put', stamp: null, key: b(`k${at}`), value })
    const operation = { type: 'delete', ...ALL, previous: false } as const
    await store.execute({ type: 'txn', stamp: null, txn: { compares: [], success: [operation], failure: [] } })
  }

  it('comes in parts when asked for, else in one message', async () => {
    await large()
    const request = { ...ALL, startRevision: 10, prevKv: true }
    const parts = client().create({ ...request, fragment: true })
    await parts.sink.count(4)
    const messages = parts.sink.messages.slice(1)
    expect(messages.map(({ fragment }) => fragment)).toEqual([true, true, false])
    expect(messages.flatMap(({ events = [] }) => events)).toHaveLength(8)
    const whole = client().create(request)
    expect((await whole.sink.count(2))[1]?.events).toHaveLength(8)
  })
})

describe('progress', () => {
  it('is told for the whole stream when asked, once every watch is where the store is', async () => {
    await put('a', '1')
    const one = client()
      .create({ ...ALL, startRevision: 1 })
      .create({ key: b('x') })
      .progress()
    const sent = await seen(one, 4)
    expect([...sent.slice(0, 3)].sort()).toEqual(['0 r2 a=1', '0 r2 created', '1 r2 created'])
    expect(sent[3]).toBe('-1 r2')
  })

  it('is told to a watch that wants it when nothing has happened for a while', async () => {
    const one = client().create({ key: b('x'), progressNotify: true })
    await one.sink.count(1)
    await put('a', '1')
    ;(member.clock as ManualClock).advance(600_000)
    expect(await seen(one, 2)).toEqual(['0 r1 created', '0 r2'])
  })
})

describe('a client that does not read', () => {
  it('costs its position: nothing is sent until it reads, then everything in order', async () => {
    const one = client().create(ALL)
    await one.sink.count(1)
    one.sink.stuck = true
    for (let at = 0; at < 50; at++) await put('a', String(at))
    expect(one.sink.messages.length).toBeLessThanOrEqual(2)
    one.sink.read()
    await put('end', '')
    for (let count = 3; !(await seen(one, 2)).some((text) => text.includes('end=')); count++) await one.sink.count(count)
    const values = one.sink.messages.flatMap(({ events = [] }) => events.map(({ kv }) => t(kv?.value)))
    expect(values).toEqual([...Array.from({ length: 50 }, (_, at) => String(at)), ''])
  })
})

describe('the end of a stream', () => {
  it('comes when the member stops', async () => {
    const one = client().create(ALL)
    await one.sink.count(1)
    member.stop()
    expect(await one.ended).toMatchObject({ code: GrpcCode.UNAVAILABLE, message: 'etcdserver: server stopped' })
  })
})
