import {
  type AppliedCommand,
  asIndex,
  asTerm,
  BalsaError,
  ByteWriter,
  CLIENT_MAGIC,
  type Connection,
  FrameDecoder,
  ManualClock,
  MemoryStreams,
  SeededRandom,
} from '@balsa/raft'
import {
  type AdminAnswer,
  type AdminRequest,
  CLIENT_PROTOCOL,
  clientAnswer,
  type CommandResult,
  type DecodedRequest,
  decodeRequest,
  type KvAnswer,
  KvStateMachine,
  MAX_CLIENT_FRAME_BYTES,
  type MemberStatus,
  type ServerResponse,
  type Welcome,
  WatchStreams,
  wireError,
  writeResponse,
} from '@balsa/kv'
import { Client, type ClientOptions } from './client.js'

/** Any function of the bytes does here; the real one is the host's. */
export const testCrc32 = (data: Uint8Array, previous = 0): number => data.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, previous)

/** What a member does with a request. */
export type Reaction =
  /** As a correct member: the leader executes, others refuse with a hint. */
  | 'serve'
  /** Neither executes nor answers. */
  | 'ignore'
  /** Executes and keeps the answer for itself. */
  | 'executeMutely'
  /** Executes, then breaks the connection. */
  | 'executeAndBreak'
  /** Breaks the connection without executing. */
  | 'break'
  | { readonly refuse: BalsaError }
  | { readonly answerAfterMs: number }
  /** Executes later, as an entry that an old leader had in its log, and answers then. */
  | { readonly executeAfterMs: number }
  /** Raw bytes on the connection. */
  | { readonly send: Uint8Array }

export class ScriptedMember {
  readonly cluster: ScriptedCluster
  readonly endpoint: string
  readonly requests: DecodedRequest[] = []
  readonly connections = new Set<Connection>()
  readonly watches = new Map<Connection, WatchStreams>()
  connectionsSeen = 0
  pieces = 0
  script: (request: DecodedRequest) => Reaction = () => 'serve'
  hint: () => string = () => this.cluster.leader ?? ''
  welcome: Partial<Welcome> = {}
  /** Sent instead of the welcome. */
  greeting: Uint8Array | null = null
  /** Accepts connections and says nothing at all. */
  dumb = false

  constructor(cluster: ScriptedCluster, endpoint: string) {
    this.cluster = cluster
    this.endpoint = endpoint
  }

  accept(connection: Connection) {
    const decoder = new FrameDecoder({ crc32: testCrc32, maxBodyBytes: MAX_CLIENT_FRAME_BYTES, magic: CLIENT_MAGIC })
    this.connections.add(connection)
    this.connectionsSeen += 1
    const { machine, clock } = this.cluster
    const barrier = async (fresh: boolean): Promise<void> => {
      if (fresh && this.cluster.leader !== this.endpoint) throw new BalsaError('NOT_LEADER', `${this.endpoint} does not lead`)
    }
    const output = { send: (response: ServerResponse) => this.reply(connection, response), writable: () => true, now: () => clock.now() }
    this.watches.set(connection, new WatchStreams({ watches: machine.watches, barrier }, output, 1000))
    return {
      onOpen: () => undefined,
      onClose: () => this.#closed(connection),
      onData: (bytes: Uint8Array) => {
        this.pieces += 1
        if (this.dumb) return
        decoder.push(bytes)
        for (let body = decoder.next(); body !== null; body = decoder.next()) this.#react(connection, decodeRequest(body))
      },
    }
  }

  breakConnections(): void {
    for (const connection of [...this.connections]) this.#close(connection)
  }

  #close(connection: Connection): void {
    this.#closed(connection)
    connection.close()
  }

  #closed(connection: Connection): void {
    this.connections.delete(connection)
    this.watches.get(connection)?.close()
    this.watches.delete(connection)
  }

  reply(connection: Connection, response: ServerResponse): void {
    connection.write(encodeResponse(response))
  }

  #answer(connection: Connection, response: ServerResponse | Promise<ServerResponse>): void {
    if (response instanceof Promise) void response.then((late) => this.reply(connection, late))
    else this.reply(connection, response)
  }

  #react(connection: Connection, request: DecodedRequest): void {
    if (request.type === 'hello') return this.#greet(connection)
    this.requests.push(request)
    const reaction = this.script(request)
    if (reaction === 'ignore') return
    if (reaction === 'break') return this.#close(connection)
    if (typeof reaction === 'object' && 'refuse' in reaction) {
      return this.reply(connection, { type: 'error', id: request.id, error: wireError(reaction.refuse) })
    }
    if (typeof reaction === 'object' && 'send' in reaction) return connection.write(reaction.send)
    if (request.type === 'watch') return this.watches.get(connection)?.open(request.id, request.watch, request.credit)
    if (request.type === 'credit') return this.watches.get(connection)?.credit(request.id, request.bytes)
    if (request.type === 'cancel') return this.watches.get(connection)?.cancel(request.id)
    if (typeof reaction === 'object' && 'executeAfterMs' in reaction) {
      this.cluster.clock.setTimer(reaction.executeAfterMs, () => this.#answer(connection, this.#serve(request)))
      return
    }
    if (reaction === 'serve') return this.#answer(connection, this.#serve(request))
    const response = this.#serve(request)
    if (reaction === 'executeAndBreak') connection.close()
    if (typeof reaction === 'object') this.cluster.clock.setTimer(reaction.answerAfterMs, () => this.#answer(connection, response))
  }

  #greet(connection: Connection): void {
    connection.write(CLIENT_MAGIC)
    if (this.greeting !== null) return connection.write(this.greeting)
    const welcome: Welcome = {
      protocol: CLIENT_PROTOCOL.max,
      clusterId: 77,
      memberId: 1,
      leaderAddress: this.hint(),
      maxFrameBytes: MAX_CLIENT_FRAME_BYTES,
      maxInFlight: 10_000,
      ...this.welcome,
    }
    this.reply(connection, { type: 'welcome', welcome })
  }

  #serve(request: Exclude<DecodedRequest, { type: 'hello' | 'watch' | 'credit' | 'cancel' }>): ServerResponse | Promise<ServerResponse> {
    const { id } = request
    if (request.type === 'status') return { type: 'status', id, status: this.#status() }
    const needsLeader = request.type === 'write' || request.type === 'admin' || request.consistency !== 'stale'
    if (needsLeader && this.cluster.leader !== this.endpoint) {
      const leaderAddress = this.hint()
      const details = leaderAddress === '' ? {} : { leaderAddress }
      return { type: 'error', id, error: wireError(new BalsaError('NOT_LEADER', `${this.endpoint} does not lead`, details)) }
    }
    if (request.type === 'admin') return { type: 'admin', id, admin: adminAnswer(request.admin) }
    if (request.type === 'write') return { type: 'result', id, result: this.cluster.execute(request.command) }
    if (request.type === 'query') {
      const answer: KvAnswer = this.cluster.machine.query(request.query)
      if (answer.type === 'range' || answer.type === 'lease' || answer.type === 'leases') return { type: 'answer', id, ageMs: 0, answer }
      return clientAnswer(answer).then((found) => ({ type: 'answer', id, ageMs: 0, answer: found }))
    }
    const { revision, record } = this.cluster.machine.query({ type: 'get', key: request.key })
    return { type: 'value', id, revision, ageMs: 0, record }
  }

  #advertised(): MemberStatus['members'] {
    return this.cluster.advertised.map((clientAddress, at) => ({ id: at + 1, name: '', address: '', clientAddress, role: 'voter' }))
  }

  #status(): MemberStatus {
    const stats = this.cluster.machine.query({ type: 'stats' })
    const none = { firstIndex: 1, snapshotIndex: 0, logBytes: 0, members: this.#advertised(), stateHashIndex: stats.appliedIndex }
    const here = { clusterId: 77, memberId: 1, name: this.endpoint, version: '0', role: 'follower' as const, term: 1, leaderId: null }
    const indexes = { commitIndex: stats.appliedIndex, appliedIndex: stats.appliedIndex, lastIndex: stats.appliedIndex }
    const { revision, keys, dataBytes, sessions, stateHash } = stats
    return { ...here, leaderAddress: this.hint(), ...indexes, ...none, revision, keys, dataBytes, sessions, stateHash }
  }
}

function adminAnswer(request: AdminRequest): AdminAnswer {
  if (request.type === 'alarms') return { type: 'alarms', alarms: [], cleared: [] }
  if (request.type === 'transfer') return { type: 'transferred', leaderId: 1 }
  if (request.type === 'change') return { type: 'changed', index: 9, ids: [] }
  throw new Error(`a scripted server has no answer to ${request.type}`)
}

export function encodeResponse(response: ServerResponse): Uint8Array {
  const writer = new ByteWriter()
  writeResponse(writer, response, testCrc32)
  return writer.take()
}

/** Members that share one state machine, as if consensus were perfect; everything between them and the client is scripted. */
export class ScriptedCluster {
  readonly clock = new ManualClock()
  readonly random: SeededRandom
  readonly streams: MemoryStreams
  readonly machine = new KvStateMachine()
  readonly members = new Map<string, ScriptedMember>()
  leader: string | null
  /** What members say of each other. */
  advertised: readonly string[] = []
  #index = 0
  /** Added to the clock to make cluster time. */
  timeOffsetMs = 0

  constructor(endpoints: readonly string[] = ['a:1', 'b:1', 'c:1'], seed = 1) {
    this.random = new SeededRandom(seed)
    this.streams = new MemoryStreams(this.clock, this.random, { delayMs: 1 })
    this.leader = endpoints[0] ?? null
    for (const endpoint of endpoints) {
      const member = new ScriptedMember(this, endpoint)
      this.members.set(endpoint, member)
      this.streams.listen(endpoint, (connection) => member.accept(connection))
    }
  }

  member(endpoint: string): ScriptedMember {
    const member = this.members.get(endpoint)
    if (member === undefined) throw new Error(`no member ${endpoint}`)
    return member
  }

  /** Makes every member react in this way. */
  script(script: (request: DecodedRequest) => Reaction): void {
    for (const member of this.members.values()) member.script = script
  }

  execute(command: Uint8Array): CommandResult {
    this.#index += 1
    const timeMs = Math.floor(this.clock.now() + this.timeOffsetMs)
    const entry: AppliedCommand = { index: asIndex(this.#index), term: asTerm(1), timeMs, command: command.slice() }
    const [result] = this.machine.applyAtOnce([entry])
    if (result === undefined) throw new Error('the machine gave no result')
    return result
  }

  value(key: string): string | null {
    const { record } = this.machine.query({ type: 'get', key: new TextEncoder().encode(key) })
    return record === null ? null : new TextDecoder().decode(record.value)
  }

  client(options: Partial<ClientOptions> = {}): Client {
    return Client.open({
      endpoints: [...this.members.keys()],
      dialer: this.streams.dialer(),
      clock: this.clock,
      random: this.random.fork(),
      crc32: testCrc32,
      ...options,
    })
  }

  /** Lets virtual time pass until the promise is settled; fails when nothing is left that could settle it. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const watched = promise.finally(() => {
      settled = true
    })
    watched.catch(() => undefined)
    for (;;) {
      for (let turn = 0; turn < 20 && !settled; turn++) await Promise.resolve()
      if (settled) return watched
      if (!this.clock.step()) throw new Error('the call can never be settled: nothing is left to happen')
    }
  }

  /** Code of the rejection, or what it resolved to. */
  async outcome(promise: Promise<unknown>): Promise<unknown> {
    try {
      return await this.settle(promise)
    } catch (error) {
      if (error instanceof BalsaError) return `${error.code} ${error.family}`
      throw error
    }
  }
}
