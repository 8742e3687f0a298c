import {
  CLIENT_PROTOCOL,
  clientAnswer,
  type DecodedRequest,
  decodeRequest,
  inSlices,
  type CommandResult,
  type KvAnswer,
  MAX_CLIENT_FRAME_BYTES,
  type ServerResponse,
  type WatchHub,
  type WatchService,
  WatchStreams,
  wireError,
  writeResponse,
} from '@balsa/kv'
import { BalsaError, ByteWriter, CLIENT_MAGIC, type Connection, type ConnectionHandlers, crc32, FrameDecoder } from '@balsa/raft'
import type { AnyReplica, Life } from '../world/sim-member.js'

const MAX_WATCHES = 1000
const SWEEP_MS = 500
const LEADERLESS_MS = 3000

/** The client side of one life of a member: production frames and requests, without the limits that the server package adds. */
export class SimClientPort {
  readonly #life: Life
  readonly #replica: AnyReplica
  readonly #requestTimeoutMs: number

  readonly #watching: WatchService
  readonly #open = new Set<WatchStreams>()
  #sweeping = false
  #ledAtMs = 0

  constructor(life: Life, replica: AnyReplica, watches: WatchHub, requestTimeoutMs: number) {
    const barrier = async (fresh: boolean): Promise<void> => {
      await replica.readWithAge({ type: 'stats' }, { timeoutMs: requestTimeoutMs, consistency: fresh ? 'linearizable' : 'stale' })
    }
    this.#watching = { watches, barrier }
    this.#life = life
    this.#replica = replica
    this.#requestTimeoutMs = requestTimeoutMs
  }

  accept(connection: Connection): ConnectionHandlers {
    const decoder = new FrameDecoder({ crc32, maxBodyBytes: MAX_CLIENT_FRAME_BYTES, magic: CLIENT_MAGIC })
    const writer = new ByteWriter(256)
    const send = (response: ServerResponse): void => {
      if (!this.#life.alive) return
      writeResponse(writer, response, crc32)
      connection.write(writer.take())
    }
    const { clock } = this.#life
    const watches = new WatchStreams(this.#watching, { send, writable: () => true, now: () => clock.now() }, MAX_WATCHES)
    this.#open.add(watches)
    return {
      onOpen: () => connection.write(CLIENT_MAGIC.slice()),
      onClose: () => {
        this.#open.delete(watches)
        watches.close()
      },
      onData: (bytes) => {
        try {
          decoder.push(bytes)
          for (let body = decoder.next(); body !== null; body = decoder.next()) this.#handle(decodeRequest(body), send, watches)
        } catch (error) {
          if (!(error instanceof BalsaError) || error.family !== 'refused') throw error
          send({ type: 'error', id: 0, error: wireError(error) })
          connection.close()
        }
      },
    }
  }

  #handle(request: DecodedRequest, send: (response: ServerResponse) => void, watches: WatchStreams): void {
    if (request.type === 'credit') watches.credit(request.id, request.bytes)
    else if (request.type === 'cancel') watches.cancel(request.id)
    else if (request.type === 'watch') {
      watches.open(request.id, request.watch, request.credit)
      if (!this.#sweeping) this.#sweep()
    } else this.#request(request, send)
  }

  /** Tells positions, and ends watches when this member knows no leader for long, as the server does. */
  #sweep(): void {
    const { clock } = this.#life
    const nowMs = clock.now()
    if (!this.#sweeping || this.#replica.status().leaderId !== null) this.#ledAtMs = nowMs
    const alone = nowMs - this.#ledAtMs >= LEADERLESS_MS
    for (const watches of this.#open) {
      if (alone) watches.end(new BalsaError('NO_LEADER', 'this member has not known a leader for long'))
      watches.progress()
    }
    this.#sweeping = [...this.#open].some((watches) => watches.size > 0)
    if (this.#sweeping) clock.setTimer(SWEEP_MS, () => this.#sweep())
  }

  #request(request: Exclude<DecodedRequest, { type: 'watch' | 'credit' | 'cancel' }>, send: (response: ServerResponse) => void): void {
    const replica = this.#replica
    const failed = (id: number, error: unknown): void => send({ type: 'error', id, error: wireError(error) })
    switch (request.type) {
      case 'hello':
        return send({ type: 'welcome', welcome: this.#welcome() })
      case 'status':
      case 'admin':
        return failed(request.id, new BalsaError('UNAVAILABLE', `the simulated port has no ${request.type}`))
      case 'get': {
        const { id, key } = request
        const mode = { consistency: request.consistency, ...(request.maxStaleMs === undefined ? {} : { maxStaleMs: request.maxStaleMs }) }
        replica.readWithAge({ type: 'get', key }, { timeoutMs: this.#requestTimeoutMs, ...mode }).then(
          ({ answer, ageMs }) => {
            const value = answer as KvAnswer
            if (value.type === 'get') send({ type: 'value', id, revision: value.revision, ageMs, record: value.record })
          },
          (error: unknown) => failed(id, error),
        )
        return
      }
      case 'query': {
        const { id, query, type: _, ...mode } = request
        replica.readWithAge(inSlices(query), { timeoutMs: this.#requestTimeoutMs, ...mode }).then(
          async ({ answer, ageMs }) => send({ type: 'answer', id, ageMs, answer: await clientAnswer(answer as KvAnswer) }),
          (error: unknown) => failed(id, error),
        )
        return
      }
      case 'write': {
        const { id, command } = request
        replica.propose(command, { timeoutMs: this.#requestTimeoutMs }).then(
          ({ result }) => send({ type: 'result', id, result: result as CommandResult }),
          (error: unknown) => failed(id, error),
        )
      }
    }
  }

  #welcome(): Extract<ServerResponse, { type: 'welcome' }>['welcome'] {
    const { leaderId, configuration } = this.#replica.status()
    const leader = configuration.members.find(({ id }) => id === leaderId)
    const { world, id } = this.#life.member
    return {
      protocol: CLIENT_PROTOCOL.max,
      clusterId: world.options.clusterId,
      memberId: id,
      leaderAddress: leader?.clientAddress ?? '',
      maxFrameBytes: MAX_CLIENT_FRAME_BYTES,
      maxInFlight: 1024,
    }
  }
}
