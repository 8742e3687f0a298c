import {
  type LockRequest,
  type LockResponseInit,
  LockService as LockMethods,
  type UnlockRequest,
  type UnlockResponseInit,
} from '@balsa/proto/v3lockpb'
import { type Caller, type Endpoint, unary } from './endpoint.js'
import type { EtcdMember } from './member.js'
import { awaitTurn, takePlace } from './queue-key.js'

/** v3lockpb.Lock. The owner is whoever came first and whose key still lives: with the lease the lock ends. */
export class LockService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = LockMethods
    return [unary(methods.Lock, (request, caller) => this.lock(request, caller)), unary(methods.Unlock, (request) => this.unlock(request))]
  }

  /** Waits as long as its caller does. The same lease again answers at once. */
  async lock({ name, lease }: LockRequest, caller: Caller): Promise<LockResponseInit> {
    const place = await takePlace(this.#member, name, lease, new Uint8Array(0))
    const revision = await awaitTurn(this.#member, name, place, caller)
    return { header: this.#member.header(revision), key: place.key }
  }

  /** Nothing to unlock is no error. */
  async unlock({ key }: UnlockRequest): Promise<UnlockResponseInit> {
    const deleted = await this.#member.write({ type: 'delete', stamp: null, key }, 'deleted')
    return { header: this.#member.header(deleted.revision) }
  }
}
