import {
  decodeDeleteRangeRequest,
  decodePutRequest,
  decodeRangeRequest,
  decodeTxnRequest,
  decodeWatchRequest,
  type WatchCreateRequest,
  encodeWatchResponse,
  type WatchResponseInit,
} from '@balsa/proto/etcdserverpb'
import { ManualClock, SeededRandom } from '@balsa/raft'
import { framed, MessageFrames } from '../grpc/message-frames.js'
import type { HeaderFields, Http2Dialer, Http2Session, Http2SessionHandlers, Http2Stream, Http2StreamHandlers } from '../grpc/http2.js'
import { EtcdStore, type EtcdStoreOptions } from './etcd-store.js'

/** One request as a server sees it, and what the test lets it answer. */
export class ScriptedStream implements Http2Stream {
  readonly session: ScriptedSession
  readonly fields: HeaderFields
  readonly messages: Uint8Array[] = []
  readonly #handlers: Http2StreamHandlers
  readonly #frames = new MessageFrames(1 << 24)
  #begun = false
  /** What came while the client did not read. */
  #held: Uint8Array[] = []
  paused = false
  over = false

  constructor(session: ScriptedSession, fields: HeaderFields, handlers: Http2StreamHandlers) {
    this.session = session
    this.fields = fields
    this.#handlers = handlers
  }

  get method(): string {
    return (this.fields[':path'] ?? '').split('/').at(-1) ?? ''
  }

  get endpoint(): string {
    return this.session.endpoint
  }

  write(bytes: Uint8Array, _last: boolean): void {
    for (const message of this.#frames.push(bytes)) {
      this.messages.push(message)
      this.session.server.clock.defer(() => {
        if (!this.over) this.session.server.onRequest(this, message)
      })
    }
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    for (const bytes of this.#held.splice(0)) this.#later(() => this.#handlers.onData(bytes))
  }

  cancel(): void {
    this.over = true
    this.session.streams.delete(this)
  }

  reply(message: Uint8Array): void {
    if (!this.#begun) this.#later(() => this.#handlers.onHeaders({ ':status': '200' }))
    this.#begun = true
    const bytes = framed(message)
    if (this.paused) this.#held.push(bytes)
    else this.#later(() => this.#handlers.onData(bytes))
  }

  status(code: number, message = ''): void {
    this.#later(() => this.#handlers.onTrailers({ 'grpc-status': `${code}`, 'grpc-message': encodeURIComponent(message) }))
    this.reset('', false)
  }

  answer(message: Uint8Array): void {
    this.reply(message)
    this.status(0)
  }

  /** The end without a status; as after a broken connection, or a refused stream. */
  reset(reason: string, unprocessed: boolean): void {
    this.#later(() => {
      this.cancel()
      this.#handlers.onClose(reason, unprocessed)
    })
  }

  #later(run: () => void): void {
    this.session.server.clock.defer(() => {
      if (!this.over) run()
    })
  }
}

export class ScriptedSession implements Http2Session {
  readonly server: ScriptedEtcd
  readonly endpoint: string
  readonly streams = new Set<ScriptedStream>()
  readonly handlers: Http2SessionHandlers
  over = false

  constructor(server: ScriptedEtcd, endpoint: string, handlers: Http2SessionHandlers) {
    this.server = server
    this.endpoint = endpoint
    this.handlers = handlers
    server.clock.defer(() => {
      if (server.down.has(endpoint)) this.break('connection refused')
      else if (!server.mute.has(endpoint)) handlers.onOpen()
    })
  }

  open(fields: HeaderFields, handlers: Http2StreamHandlers): Http2Stream {
    const stream = new ScriptedStream(this, fields, handlers)
    this.streams.add(stream)
    return stream
  }

  ping(onAnswer: () => void): void {
    this.server.pings += 1
    if (!this.server.mute.has(this.endpoint)) this.server.clock.defer(onAnswer)
  }

  close(): void {
    this.over = true
    for (const stream of [...this.streams]) stream.cancel()
  }

  break(reason: string): void {
    if (this.over) return
    for (const stream of [...this.streams]) stream.reset(reason, false)
    this.server.clock.defer(() => {
      if (this.over) return
      this.over = true
      this.handlers.onClose(reason)
    })
  }
}

/** Servers that say what a test lets them say. */
export class ScriptedEtcd implements Http2Dialer {
  readonly clock = new ManualClock()
  readonly sessions: ScriptedSession[] = []
  /** Refuse connections. */
  readonly down = new Set<string>()
  /** Neither open connections nor answer pings. */
  readonly mute = new Set<string>()
  readonly #seed: number
  /** `endpoint method` of each request, in their order. */
  readonly log: string[] = []
  pings = 0
  /** What is done with a request. */
  react: (stream: ScriptedStream, message: Uint8Array) => void = () => undefined

  constructor(seed = 1) {
    this.#seed = seed
  }

  store(options: Partial<EtcdStoreOptions> = {}): EtcdStore {
    return EtcdStore.open({ endpoints: ['a:1', 'b:1'], dialer: this, clock: this.clock, random: new SeededRandom(this.#seed), ...options })
  }

  dial(endpoint: string, handlers: Http2SessionHandlers): Http2Session {
    const session = new ScriptedSession(this, endpoint, handlers)
    this.sessions.push(session)
    return session
  }

  onRequest(stream: ScriptedStream, message: Uint8Array): void {
    this.log.push(`${stream.endpoint} ${stream.method}`)
    this.react(stream, message)
  }

  /** Lets time pass until the work is done. */
  async settle<Result>(work: Promise<Result>): Promise<Result> {
    let done = false
    const end = (): void => {
      done = true
    }
    work.then(end, end)
    for (let at = 0; at < 100_000 && !done; at++) {
      await this.clock.advanceAsync(0)
      if (!done && !this.clock.step()) break
    }
    return work
  }

  /** So many ms pass. */
  pass(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms)
  }
}

export const HEADER = (revision: number) => ({ clusterId: 1n, memberId: 1n, revision, raftTerm: 1 })

const REQUESTS = { Put: decodePutRequest, Range: decodeRangeRequest, DeleteRange: decodeDeleteRangeRequest, Txn: decodeTxnRequest } as const
type Requests = { readonly [Name in keyof typeof REQUESTS]: ReturnType<(typeof REQUESTS)[Name]> }

/** The message, when it is of this method. */
export const requestOf = <Name extends keyof Requests>(name: Name, stream: ScriptedStream, message: Uint8Array): Requests[Name] | null =>
  stream.method === name ? (REQUESTS[name](message) as Requests[Name]) : null

/** What a watch stream was asked to watch; null for other requests. */
export function createdBy(stream: ScriptedStream, message: Uint8Array): WatchCreateRequest | null {
  if (stream.method !== 'Watch') return null
  const { requestUnion } = decodeWatchRequest(message)
  return requestUnion?.case === 'createRequest' ? requestUnion.value : null
}

export const watchAnswer = (stream: ScriptedStream, revision: number, answer: WatchResponseInit): void =>
  stream.reply(encodeWatchResponse({ header: HEADER(revision), ...answer }))
