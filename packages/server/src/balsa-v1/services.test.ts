/** balsa.v1 as a foreign client sees it: grpc-js against members with real sockets. */
import { Client, type ClientReadableStream, credentials, type Metadata, type ServiceError } from '@grpc/grpc-js'
import { type Event, EventType, NodeService, SessionsService, Standing, StoreService, type WriteRequestInit } from '@balsa/proto/balsa-v1'
import { AlarmType, KVService, type RangeResponse } from '@balsa/proto/etcdserverpb'
import { ServerReflectionService } from '@balsa/proto/grpc-reflection-v1'
import { asMemberId, BalsaError, ManualClock } from '@balsa/raft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { etcdMember, LocalStore } from '../etcd/local-store.test-support.js'
import { TestSink } from '../etcd/sink.test-support.js'
import { GrpcCode, GrpcError } from '../grpc/status.js'
import { MemberCluster } from '../member-cluster.test-support.js'
import { balsaStatus } from './errors.js'
import { NodeService as Node } from './node-service.js'

const b = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const same = (bytes: Buffer): Buffer => bytes

interface TypedMethod<Request, Response> {
  readonly path: string
  readonly request: { encode(message: Request): Uint8Array }
  readonly response: { decode(bytes: Uint8Array): Response }
}

let cluster: MemberCluster
let clients: Client[]

beforeAll(async () => {
  cluster = await MemberCluster.start(3)
  await cluster.ready()
  clients = cluster.members.map(({ clientAddress }) => new Client(clientAddress, credentials.createInsecure()))
})

afterAll(async () => {
  for (const client of clients) client.close()
  await cluster.close()
})

/** Asks member `at`. */
function call<Request, Response>(at: number, method: TypedMethod<Request, Response>, request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(method.request.encode(request))
    clients[at]?.makeUnaryRequest(method.path, same, same, bytes, (error: ServiceError | null, answer?: Buffer) =>
      error === null && answer !== undefined ? resolve(method.response.decode(answer)) : reject(error ?? new Error('no answer')),
    )
  })
}

async function trouble(asked: Promise<unknown>): Promise<readonly unknown[]> {
  const error = await asked.then(
    () => null,
    (reason: ServiceError) => reason,
  )
  const metadata = error?.metadata as Metadata
  return [error?.code, metadata.get('balsa-code')[0], metadata.get('balsa-family')[0]]
}

const { Append, Write } = StoreService.methods
const { Open, KeepAlive, Close } = SessionsService.methods
const read = async (key: string): Promise<RangeResponse> => call(1, KVService.methods.Range, { key: b(key) })

describe('append', () => {
  it('adds to a value, on any member, and answers its length', async () => {
    expect((await call(0, Append, { key: b('log'), value: b('one') })).length).toBe(3)
    const { length, header } = await call(2, Append, { key: b('log'), value: b(' two') })
    expect(length).toBe(7)
    const { kvs } = await read('log')
    expect([text(kvs[0]?.value), kvs[0]?.modRevision]).toEqual(['one two', header?.revision])
  })

  it('is refused with a code, a family and a status that fit', async () => {
    expect(await trouble(call(0, Append, { key: b(''), value: b('x') }))).toEqual([GrpcCode.INVALID_ARGUMENT, 'INVALID', 'refused'])
    expect(await trouble(call(0, Append, { key: b('big'), value: new Uint8Array(1536 * 1024) }))).toEqual([
      GrpcCode.INVALID_ARGUMENT,
      'TOO_LARGE',
      'refused',
    ])
  })
})

describe('sessions', () => {
  it('are found again by their nonce, kept alive, closed', async () => {
    const clientNonce = b('sixteen bytes !!')
    const { session, ttlMs } = await call(0, Open, { ttlMs: 60_000, clientNonce })
    expect(ttlMs).toBe(60_000)
    expect((await call(1, Open, { ttlMs: 60_000, clientNonce })).session).toBe(session)
    expect((await call(1, Open, { ttlMs: 60_000 })).session).not.toBe(session)
    await call(2, KeepAlive, { session })
    await call(2, Close, { session })
    expect(await trouble(call(0, KeepAlive, { session }))).toEqual([GrpcCode.FAILED_PRECONDITION, 'SESSION_EXPIRED', 'refused'])
    expect(await trouble(call(0, Open, { clientNonce: b('short') }))).toEqual([GrpcCode.INVALID_ARGUMENT, 'INVALID', 'refused'])
    expect(await trouble(call(0, Close, { session: 0 }))).toEqual([GrpcCode.INVALID_ARGUMENT, 'INVALID', 'refused'])
  })

  it('make every kind of write happen once, however often and wherever it is asked for', async () => {
    const { session } = await call(0, Open, { ttlMs: 60_000 })
    const put = { key: b('once'), value: b('v'), prevKv: true }
    const operations: readonly NonNullable<WriteRequestInit['operation']>[] = [
      { case: 'append', value: { key: b('counted'), value: b('+') } },
      { case: 'put', value: put },
      { case: 'put', value: { ...put, prevKv: false } },
      { case: 'txn', value: { success: [{ request: { case: 'requestPut', value: { key: b('t'), value: b('1') } } }] } },
      { case: 'deleteRange', value: { key: b('once'), prevKv: true } },
    ]
    for (const [at, operation] of operations.entries()) {
      const stamp = { session, sequence: at + 1, firstUnanswered: at + 1 }
      const first = await call(0, Write, { stamp, operation })
      for (const member of [1, 2]) {
        const again = await call(member, Write, { stamp, operation })
        expect(again.result).toEqual({ case: operation.case, value: { ...again.result?.value, header: again.header } })
        expect([again.result?.case, again.header?.revision]).toEqual([first.result?.case, first.header?.revision])
      }
    }
    expect(text((await read('counted')).kvs[0]?.value)).toBe('+')
    expect(
      await trouble(call(0, Write, { stamp: { session, sequence: 1, firstUnanswered: 1 }, operation: operations[0] ?? null })),
    ).toEqual([GrpcCode.FAILED_PRECONDITION, 'STALE_REQUEST', 'refused'])
  })

  it('say of a repeated answer that was too long to be kept that it is shortened', async () => {
    const { session } = await call(0, Open, { ttlMs: 60_000 })
    await call(0, KVService.methods.Put, { key: b('long'), value: new Uint8Array(20_000) })
    const request: WriteRequestInit = {
      stamp: { session, sequence: 1, firstUnanswered: 1 },
      operation: { case: 'deleteRange', value: { key: b('long'), prevKv: true } },
    }
    const first = await call(0, Write, request)
    const again = await call(0, Write, request)
    expect([first.shortened, again.shortened, again.header?.revision]).toEqual([false, true, first.header?.revision])
  })

  it('refuse stamps and writes that mean nothing', async () => {
    const operation = { case: 'put', value: { key: b('x') } } as const
    const stamps = [
      { session: 0, sequence: 1, firstUnanswered: 1 },
      { session: 1, sequence: 0, firstUnanswered: 0 },
      { session: 1, sequence: 1, firstUnanswered: 0 },
      { session: 1, sequence: 1, firstUnanswered: 2 },
    ]
    for (const stamp of stamps) expect((await trouble(call(0, Write, { stamp, operation })))[1]).toBe('INVALID')
    expect((await trouble(call(0, Write, {})))[1]).toBe('INVALID')
    expect((await trouble(call(0, Write, { operation: { case: 'put', value: {} } })))[1]).toBe('INVALID')
  })
})

describe('a member about itself', () => {
  it('tells its status', async () => {
    const status = await call(1, NodeService.methods.Status, {})
    const own = cluster.members[1]?.status()
    expect([status.name, status.ready, status.version, status.header?.memberId]).toEqual([
      'n2',
      true,
      own?.version,
      BigInt(own?.memberId ?? 0),
    ])
    expect(status.leaderId).toBe(BigInt(own?.leaderId ?? 0))
    expect(status.members.map(({ name, standing, clientAddress }) => [name, standing, clientAddress !== ''])).toEqual(
      ['n1', 'n2', 'n3'].map((name) => [name, Standing.VOTER, true]),
    )
  })

  it('tells what happens, beginning with how things are', async () => {
    const events: Event[] = []
    const stream: ClientReadableStream<Event> | undefined = clients[0]?.makeServerStreamRequest(
      NodeService.methods.Events.path,
      same,
      (bytes: Buffer) => EventType.decode(bytes),
      Buffer.alloc(0),
    )
    if (stream === undefined) throw new Error('no client')
    let heard = (): void => {}
    stream.on('data', (event: Event) => {
      events.push(event)
      heard()
    })
    stream.on('error', () => {})
    const until = async (seen: (event: Event) => boolean): Promise<void> => {
      while (!events.some(seen)) await new Promise<void>((resolve) => (heard = resolve))
    }
    await until(({ event }) => event?.case === 'membership' && event.value.members.length === 3)
    expect(events[0]?.event?.case).toBe('role')
    const successor = cluster.follower()
    await cluster.leader().replica.transferLeadership(successor.replica.id)
    await until(({ event }) => event?.case === 'role' && event.value.leaderId === BigInt(successor.replica.id))
    expect(events.some(({ event }) => event?.case === 'commit')).toBe(false)
    stream.cancel()
  })

  it('tells of its steps when that is asked for, and of alarms while they last', async () => {
    const store = new LocalStore()
    let diverged = true
    const clock = new ManualClock()
    const member = etcdMember(store, {
      clock,
      divergence: () => (diverged ? { suspect: 'other', members: [asMemberId(5)], text: 'differs' } : null),
      events: async function* () {
        yield { type: 'commit', index: 3 as never }
        yield { type: 'overflow', lost: 7 }
        await new Promise(() => {})
      },
    })
    const sink = new TestSink<object>()
    const ended = new Node(member).events({ commits: true }, sink)
    await sink.count(5)
    expect(sink.messages.slice(2)).toEqual([
      { event: { case: 'alarm', value: { alarm: { memberID: 5n, alarm: AlarmType.CORRUPT }, raised: true } } },
      { event: { case: 'commit', value: { index: 3 } } },
      { event: { case: 'overflow', value: { lost: 7 } } },
    ])
    diverged = false
    clock.advance(500)
    await sink.count(6)
    expect(sink.messages[5]).toMatchObject({ event: { value: { raised: false } } })
    sink.cancel(new GrpcError(GrpcCode.CANCELLED, 'enough'))
    await expect(ended).rejects.toThrow('enough')
  })
})

describe('beside gRPC', () => {
  const post = (path: string, body: object) =>
    fetch(`http://${cluster.members[0]?.clientAddress}${path}`, { method: 'POST', body: JSON.stringify(body) })

  it('the same as JSON', async () => {
    const { session } = (await (await post('/balsa/v1/session/open', { ttl_ms: '60000' })).json()) as { session: string }
    const write = { stamp: { session, sequence: 1, first_unanswered: 1 }, append: { key: 'anM=', value: 'eA==' } }
    for (const _ of [1, 2]) expect(await (await post('/balsa/v1/write', write)).json()).toMatchObject({ append: { length: '1' } })
    const refused = await post('/balsa/v1/session/keepalive', { session: '999999999' })
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { code: GrpcCode.FAILED_PRECONDITION, trailers: { 'balsa-code': 'SESSION_EXPIRED', 'balsa-family': 'refused' } },
    ])
    expect(await (await post('/balsa/v1/status', {})).json()).toMatchObject({ name: 'n1' })
  })

  it('reflection lists it', async () => {
    const method = ServerReflectionService.methods.ServerReflectionInfo
    const stream = clients[0]?.makeBidiStreamRequest(
      method.path,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => method.response.decode(bytes),
    )
    stream?.write(method.request.encode({ messageRequest: { case: 'listServices', value: '' } }))
    const answer = await new Promise<ReturnType<typeof method.response.decode>>((resolve) => stream?.once('data', resolve))
    stream?.end()
    const response = answer.messageResponse
    const names = response?.case === 'listServicesResponse' ? response.value.service.map(({ name }) => name) : []
    expect(names).toEqual(expect.arrayContaining(['balsa.v1.Store', 'balsa.v1.Sessions', 'balsa.v1.Node', 'etcdserverpb.KV']))
  })
})

describe('errors', () => {
  it('tell apart what certainly did not happen from what may have', () => {
    const of = (error: unknown): readonly unknown[] => {
      const { code, trailers } = balsaStatus(error)
      return [code, Object.fromEntries(trailers)['balsa-family']]
    }
    expect(of(new BalsaError('NO_LEADER', ''))).toEqual([GrpcCode.UNAVAILABLE, 'refused'])
    expect(of(new BalsaError('LEADERSHIP_LOST', ''))).toEqual([GrpcCode.UNKNOWN, 'unknown'])
    expect(of(new BalsaError('DISK_FULL', ''))).toEqual([GrpcCode.UNAVAILABLE, 'fatal'])
    expect(of(new BalsaError('CORRUPT', ''))).toEqual([GrpcCode.DATA_LOSS, 'fatal'])
    expect(of(new TypeError('a bug'))).toEqual([GrpcCode.INTERNAL, undefined])
    expect(of(new GrpcError(GrpcCode.CANCELLED, 'gone'))).toEqual([GrpcCode.CANCELLED, undefined])
    expect(balsaStatus(new BalsaError('OVERLOADED', '', { hint: 'wäit' })).trailers).toContainEqual(['balsa-hint', 'w%C3%A4it'])
  })
})
