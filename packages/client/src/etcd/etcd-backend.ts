import {
  type Attempt,
  type AttemptHandlers,
  type Command,
  decodeCommand,
  type StoreAnswer,
  type StoreBackend,
  type StoreRequest,
  type WatchAttempt,
  type WatchHandlers,
  type WatchRequest,
} from '@balsa/kv'
import { BalsaError, type Clock } from '@balsa/raft'
import type { GrpcChannel } from '../grpc/grpc-channel.js'
import { isStale, readKey, readQuery } from './reads.js'
import { type Ask, EtcdTask } from './task.js'
import { EtcdWatch } from './watching.js'
import { write } from './writes.js'

/** A cluster of etcd as something that takes attempts. */
export class EtcdBackend implements StoreBackend {
  readonly #channel: GrpcChannel
  readonly #clock: Clock

  constructor(channel: GrpcChannel, clock: Clock) {
    this.#channel = channel
    this.#clock = clock
  }

  attempt(request: StoreRequest, handlers: AttemptHandlers): Attempt {
    const command = request.type === 'write' ? decodeCommand(request.command) : null
    const kind = { isLocal: 'consistency' in request && isStale(request), isWrite: command !== null && command.type !== 'leaseKeepAlive' }
    return new EtcdTask(this.#channel, kind, (ask) => answer(ask, request, command), handlers)
  }

  watch(request: WatchRequest, credit: number, handlers: WatchHandlers): WatchAttempt {
    return new EtcdWatch(this.#channel, this.#clock, request, credit, handlers)
  }

  async close(): Promise<void> {
    this.#channel.close()
  }
}

async function answer(ask: Ask, request: StoreRequest, command: Command | null): Promise<StoreAnswer> {
  if (command !== null) return { type: 'result', result: await write(ask, command) }
  switch (request.type) {
    case 'get':
      return readKey(ask, request.key, request)
    case 'query':
      return readQuery(ask, request.query, request)
    default:
      throw new BalsaError('UNSUPPORTED', `etcd has no ${request.type} of Balsa`)
  }
}
