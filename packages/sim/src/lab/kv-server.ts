import { type BalsaError, ByteWriter, FRAME_HEADER_BYTES, type ManualClock, type Replica } from '@balsa/raft'
import {
  type ClientRequest,
  type CommandResult,
  decodeRequest,
  type DecodedRequest,
  type KvAnswer,
  type KvQuery,
  type ServerResponse,
  wireError,
  writeRequest,
  writeResponse,
} from '@balsa/kv'
import type { RpcServer } from './network.js'

export type KvReplica = Replica<CommandResult, KvQuery, KvAnswer>

/**
 * A server is one thread: it takes this long for a client's request, one after the other. Without it a network without latency would give
 * endless throughput, and tests that run "for a second" would never end.
 */
const SERVICE_MS = 0.5

const writer = new ByteWriter(1024)
/** Nothing is ever damaged here, so nothing has to be noticed. */
const noChecksum = (): number => 0

/** A request or response as the client protocol has it, without the frame around it. */
export function encodeClientRequest(request: ClientRequest): Uint8Array {
  writer.reset()
  writeRequest(writer, request, noChecksum)
  return writer.take().subarray(FRAME_HEADER_BYTES)
}

function encodeResponse(response: ServerResponse): Uint8Array {
  writer.reset()
  writeResponse(writer, response, noChecksum)
  return writer.take().subarray(FRAME_HEADER_BYTES)
}

/** The client side of one life of a server: requests of the production protocol, answered by the production replica. */
export class KvClientServer implements RpcServer {
  readonly #clock: ManualClock
  readonly #replica: () => KvReplica | null
  #freeAtMs = 0

  constructor(clock: ManualClock, replica: () => KvReplica | null) {
    this.#clock = clock
    this.#replica = replica
  }

  handle(_caller: number, request: Uint8Array, reply: (bytes: Uint8Array) => void): void {
    const nowMs = this.#clock.now()
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + SERVICE_MS
    this.#clock.setTimer(this.#freeAtMs - nowMs, () => this.#serve(decodeRequest(request), reply))
  }

  #serve(request: DecodedRequest, reply: (bytes: Uint8Array) => void): void {
    if (request.type !== 'get' && request.type !== 'write') return
    const { id } = request
    this.#answer(request).then(
      (response) => reply(encodeResponse(response)),
      (error: BalsaError) => reply(encodeResponse({ type: 'error', id, error: wireError(error) })),
    )
  }

  async #answer(request: DecodedRequest & { readonly type: 'get' | 'write' }): Promise<ServerResponse> {
    const replica = this.#replica()
    // Dead: whatever it says is lost on the way.
    if (replica === null) return new Promise(() => undefined)
    const { id } = request
    if (request.type === 'write') return { type: 'result', id, result: (await replica.propose(request.command.slice())).result }
    const answer = await replica.read({ type: 'get', key: request.key.slice() })
    if (answer.type !== 'get') throw new TypeError('a get is answered by a get')
    return { type: 'value', id, revision: answer.revision, ageMs: 0, record: answer.record }
  }
}
