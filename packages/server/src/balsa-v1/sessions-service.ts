import { CLIENT_NONCE_BYTES, type SessionCommand } from '@balsa/kv'
import { BalsaError, type Random } from '@balsa/raft'
import {
  type CloseSessionRequest,
  type CloseSessionResponseInit,
  type KeepSessionRequest,
  type KeepSessionResponseInit,
  type OpenSessionRequest,
  type OpenSessionResponseInit,
  SessionsService as SessionMethods,
} from '@balsa/proto/balsa-v1'
import { type Endpoint, unary } from '../etcd/endpoint.js'
import type { EtcdMember } from '../etcd/member.js'
import { balsaStatus } from './errors.js'
import { fitting } from './results.js'

/** balsa.v1.Sessions */
export class SessionsService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = SessionMethods
    return [
      unary(methods.Open, (request) => this.open(request).catch(rethrow)),
      unary(methods.KeepAlive, (request) => this.keepAlive(request).catch(rethrow)),
      unary(methods.Close, (request) => this.close(request).catch(rethrow)),
    ]
  }

  async open({ ttlMs: wantedMs, clientNonce }: OpenSessionRequest): Promise<OpenSessionResponseInit> {
    if (clientNonce.length !== 0 && clientNonce.length !== CLIENT_NONCE_BYTES)
      throw new BalsaError('INVALID', `the nonce has ${clientNonce.length} bytes, not ${CLIENT_NONCE_BYTES}`)
    const nonce = clientNonce.length === 0 ? drawNonce(this.#member.random) : clientNonce
    const result = await this.#member.execute({ type: 'openSession', ttlMs: wantedMs, clientNonce: nonce })
    const { session, ttlMs } = fitting(result, 'sessionOpened')
    return { header: this.#member.header(), session, ttlMs }
  }

  async keepAlive({ session }: KeepSessionRequest): Promise<KeepSessionResponseInit> {
    fitting(await this.#member.execute(commandOf('keepAlive', session)), 'sessionAlive')
    return { header: this.#member.header() }
  }

  async close({ session }: CloseSessionRequest): Promise<CloseSessionResponseInit> {
    fitting(await this.#member.execute(commandOf('closeSession', session)), 'sessionClosed')
    return { header: this.#member.header() }
  }
}

const rethrow = (error: unknown): never => {
  throw balsaStatus(error)
}

function commandOf(type: SessionCommand['type'], session: number): SessionCommand {
  if (session === 0) throw new BalsaError('INVALID', 'no session is named')
  return { type, session }
}

function drawNonce(random: Random): Uint8Array {
  return Uint8Array.from({ length: CLIENT_NONCE_BYTES }, () => Math.floor(random.next() * 256))
}
