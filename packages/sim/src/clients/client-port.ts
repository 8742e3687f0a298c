import {
  CLIENT_PROTOCOL,
  type DecodedRequest,
  decodeRequest,
  type CommandResult,
  type KvAnswer,
  MAX_CLIENT_FRAME_BYTES,
  type ServerResponse,
  wireError,
  writeResponse,
} from '@balsa/kv'
import { BalsaError, ByteWriter, CLIENT_MAGIC, type Connection, type ConnectionHandlers, crc32, FrameDecoder } from '@balsa/raft'
import type { AnyReplica, Life } from '../world/sim-member.js'

/** The client side of one life of a member: production frames and requests, without the limits that the server package adds. */
export class SimClientPort {
  readonly #life: Life
  readonly #replica: AnyReplica
  readonly #requestTimeoutMs: number

  constructor(life: Life, replica: AnyReplica, requestTimeoutMs: number) {
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
    return {
      onOpen: () => connection.write(CLIENT_MAGIC.slice()),
      onClose: () => undefined,
      onData: (bytes) => {
        try {
          decoder.push(bytes)
          for (let body = decoder.next(); body !== null; body = decoder.next()) this.#request(decodeRequest(body), send)
        } catch (error) {
          if (!(error instanceof BalsaError) || error.family !== 'refused') throw error
          send({ type: 'error', id: 0, error: wireError(error) })
          connection.close()
        }
      },
    }
  }

  #request(request: DecodedRequest, send: (response: ServerResponse) => void): void {
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
        const sliced = query.type === 'range' ? ({ ...query, type: 'scan' } as const) : query
        replica.readWithAge(sliced, { timeoutMs: this.#requestTimeoutMs, ...mode }).then(
          async ({ answer, ageMs }) => {
            const found = answer as KvAnswer
            const result = found.type === 'scan' ? await found.answer : found
            if (result.type === 'range' || result.type === 'lease' || result.type === 'leases')
              send({ type: 'answer', id, ageMs, answer: result })
          },
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
