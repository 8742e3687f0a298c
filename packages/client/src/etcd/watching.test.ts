import process from 'node:process'
import { type WatchCreateRequest, decodeWatchRequest } from '@balsa/proto/etcdserverpb'
import { Event_EventType, type EventInit } from '@balsa/proto/mvccpb'
import { BalsaError, SeededRandom } from '@balsa/raft'
import type { KeyValueStore, WatchEvent } from '@balsa/kv'
import { describe, expect, it } from 'vitest'
import { GrpcCode } from '@balsa/proto/grpc-code'
import { createdBy, ScriptedEtcd, type ScriptedStream, watchAnswer } from './scripted-etcd.test-support.js'

const FIRST_SEED = Number(process.env['BALSA_SEED'] ?? 1)
const SEEDS = process.env['BALSA_SEED'] === undefined ? 40 : 1

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (given: Uint8Array): string => new TextDecoder().decode(given)
const put = (key: string, modRevision: number, value = 'v'): EventInit => ({
  type: Event_EventType.PUT,
  kv: { key: bytes(key), value: bytes(value), createRevision: modRevision, modRevision, version: 1 },
})
const shown = (event: WatchEvent): string =>
  event.type === 'progress' ? `progress ${event.revision}` : `${event.revision} ${text(event.key)}${event.more ? ' ...' : ''}`

/** What is seen, as it comes. */
function follow(
  store: KeyValueStore,
  options: Parameters<KeyValueStore['watch']>[1],
): { readonly seen: string[]; readonly end: Promise<string> } {
  const seen: string[] = []
  const end = (async () => {
    for await (const event of store.watch({ prefix: '' }, options)) seen.push(shown(event))
    return 'ended'
  })().catch((error: unknown) => (error instanceof BalsaError ? error.code : String(error)))
  return { seen, end }
}

/** Streams of watches that were asked for, and with what. */
function collect(etcd: ScriptedEtcd): { readonly stream: ScriptedStream; readonly request: WatchCreateRequest }[] {
  const asked: { readonly stream: ScriptedStream; readonly request: WatchCreateRequest }[] = []
  etcd.react = (stream, message) => {
    const request = createdBy(stream, message)
    if (request !== null) asked.push({ stream, request })
  }
  return asked
}

const startsOf = (asked: ReturnType<typeof collect>): readonly number[] => asked.map(({ request }) => request.startRevision)

describe('a watch over etcd’s interface', () => {
  it('goes on behind what it has heard for certain, elsewhere', async () => {
    const etcd = new ScriptedEtcd()
    const asked = collect(etcd)
    const { seen } = follow(etcd.store(), {})
    await etcd.pass(5)
    const last = (): ScriptedStream => asked.at(-1)?.stream ?? expect.fail('nothing was asked')
    watchAnswer(last(), 7, { created: true })
    last().reset('connection reset', false)
    await etcd.pass(1000)
    watchAnswer(last(), 9, { created: true })
    // The member is further than this watch.
    watchAnswer(last(), 30, { events: [put('a', 8), put('b', 9)] })
    last().status(GrpcCode.UNAVAILABLE, 'etcdserver: no leader')
    await etcd.pass(1000)
    watchAnswer(last(), 40, { created: true })
    watchAnswer(last(), 20, {})
    last().reset('connection reset', false)
    await etcd.pass(1000)
    expect([startsOf(asked), seen]).toEqual([
      [0, 8, 10, 21],
      ['8 a', '9 b'],
    ])
    expect(new Set(etcd.log)).toEqual(new Set(['a:1 Watch', 'b:1 Watch']))
  })

  it('believes events, and not an answer to a question for progress that has overtaken them', async () => {
    const etcd = new ScriptedEtcd()
    const asked = collect(etcd)
    const { seen } = follow(etcd.store(), { fromRevision: 5, progress: true })
    await etcd.pass(10_010)
    const stream = asked[0]?.stream ?? expect.fail()
    const questions = stream.messages.map((message) => decodeWatchRequest(message).requestUnion?.case)
    expect(questions).toEqual(['createRequest', 'progressRequest'])
    watchAnswer(stream, 9, { watchId: -1 })
    watchAnswer(stream, 9, { events: [put('a', 9)] })
    await etcd.pass(10)
    stream.reset('connection reset', false)
    await etcd.pass(1000)
    expect([seen, startsOf(asked)]).toEqual([
      ['progress 4', '9 a'],
      [5, 10],
    ])
  })

  it('says of parts of a revision that they belong together, and skips those that it has had', async () => {
    const etcd = new ScriptedEtcd()
    const asked = collect(etcd)
    const { seen } = follow(etcd.store(), { fromRevision: 2 })
    await etcd.pass(5)
    const [first] = asked
    expect(first?.request.fragment).toBe(true)
    const stream = first?.stream ?? expect.fail()
    watchAnswer(stream, 3, { fragment: true, events: [put('a', 2), put('b', 2)] })
    watchAnswer(stream, 3, { fragment: true, events: [put('c', 2), put('a', 3)] })
    watchAnswer(stream, 3, { fragment: true, events: [put('b', 3), put('c', 3)] })
    stream.reset('connection reset', false)
    await etcd.pass(1000)
    const again = asked[1]?.stream ?? expect.fail()
    watchAnswer(again, 3, { events: [put('a', 3), put('b', 3), put('c', 3)] })
    await etcd.pass(5)
    expect([seen, startsOf(asked)]).toEqual([
      ['2 a ...', '2 b ...', '2 c', '3 a ...', '3 b ...', '3 c'],
      [2, 3],
    ])
  })

  it('ends when the history is gone, or when it is refused', async () => {
    for (const [answer, code] of [
      [{ canceled: true, compactRevision: 9 }, 'COMPACTED'],
      [{ created: true, canceled: true, watchId: -1, cancelReason: 'etcdserver: mvcc: required revision has been compacted' }, 'COMPACTED'],
      [{ created: true, canceled: true, watchId: -1, cancelReason: 'rpc error: permission denied' }, 'INVALID'],
    ] as const) {
      const etcd = new ScriptedEtcd()
      const asked = collect(etcd)
      const { end } = follow(etcd.store(), { fromRevision: 2 })
      await etcd.pass(5)
      watchAnswer(asked[0]?.stream ?? expect.fail(), 0, answer)
      expect(await etcd.settle(end)).toBe(code)
      expect(asked.length).toBe(1)
    }
  })

  it('begins anew elsewhere when its connection gives no sign of life', async () => {
    const etcd = new ScriptedEtcd()
    const asked = collect(etcd)
    follow(etcd.store(), { fromRevision: 2 })
    await etcd.pass(5)
    watchAnswer(asked[0]?.stream ?? expect.fail(), 5, { created: true })
    await etcd.pass(5)
    etcd.mute.add('a:1')
    await etcd.pass(24_000)
    expect([asked.map(({ stream }) => stream.endpoint), etcd.sessions[0]?.over]).toEqual([['a:1', 'b:1'], true])
  })

  it('stops reading when nobody takes what comes', async () => {
    const etcd = new ScriptedEtcd()
    const asked = collect(etcd)
    const events = etcd.store().watch({ prefix: '' }, { fromRevision: 2 })[Symbol.asyncIterator]()
    const first = events.next()
    await etcd.pass(5)
    const stream = asked[0]?.stream ?? expect.fail()
    for (let revision = 2; revision < 12; revision++) watchAnswer(stream, revision, { events: [put('a', revision, 'x'.repeat(50_000))] })
    await etcd.pass(5)
    expect([(await first).value?.type, stream.paused]).toEqual(['put', true])
    let taken = 1
    while (taken < 10) {
      await etcd.settle(events.next())
      taken += 1
    }
    expect(stream.paused).toBe(false)
    await events.return?.()
    expect(stream.over).toBe(true)
  })
})

/** A server with a history, which cuts it into parts and breaks at random. Every other server is behind or ahead. */
function serve(etcd: ScriptedEtcd, random: SeededRandom, history: readonly (readonly string[])[]): void {
  etcd.react = (stream, message) => {
    const request = createdBy(stream, message)
    if (request === null) return
    watchAnswer(stream, history.length + 1, { created: true })
    let part: EventInit[] = []
    let revision = 2
    for (const keys of history) {
      if (revision >= request.startRevision)
        for (const [at, key] of keys.entries()) {
          part.push(put(key, revision))
          const isWhole = at === keys.length - 1
          if (!random.bool(0.4) && revision <= history.length) continue
          if (random.bool(0.05)) return stream.reset('connection reset', false)
          if (random.bool(0.1) && isWhole) watchAnswer(stream, history.length + 1, { watchId: -1 })
          watchAnswer(stream, history.length + 1, { fragment: !isWhole || (revision <= history.length && random.bool(0.3)), events: part })
          part = []
        }
      revision += 1
    }
    if (part.length > 0) watchAnswer(stream, history.length + 1, { events: part })
    if (random.bool(0.7)) stream.status(GrpcCode.UNAVAILABLE, 'etcdserver: leader changed')
    else if (random.bool(0.5)) watchAnswer(stream, history.length + 1, {})
  }
}

describe('watches of a server that breaks and cuts at random', () => {
  it.each(Array.from({ length: SEEDS }, (_, at) => FIRST_SEED + at))(
    'seed %i tells everything once, in order (again: BALSA_SEED=<seed> npx vitest run packages/client/src/etcd/watching.test.ts)',
    async (seed) => {
      const random = new SeededRandom(seed)
      const history = Array.from({ length: 30 }, (_, at) => Array.from({ length: 1 + random.int(4) }, (__, part) => `k${at}/${part}`))
      const expected = history.flatMap((keys, at) => keys.map((key, part) => `${at + 2} ${key}${part < keys.length - 1 ? ' ...' : ''}`))
      const etcd = new ScriptedEtcd(seed)
      serve(etcd, random, history)
      const seen: string[] = []
      const work = (async () => {
        for await (const event of etcd.store().watch({ prefix: '' }, { fromRevision: 2 })) {
          seen.push(shown(event))
          if (seen.length === expected.length) return
          if (random.bool(0.1)) await new Promise<void>((resolve) => void etcd.clock.setTimer(random.int(500), resolve))
        }
      })()
      await etcd.settle(work)
      expect(seen).toEqual(expected)
    },
  )
})
