import { behindKey, behindLease } from '@balsa/kv'
import type { Random } from '@balsa/raft'
import {
  type LeaseGrantRequest,
  type LeaseGrantResponseInit,
  type LeaseKeepAliveRequest,
  type LeaseKeepAliveResponseInit,
  type LeaseLeasesResponseInit,
  type LeaseRevokeRequest,
  type LeaseRevokeResponseInit,
  LeaseService as LeaseMethods,
  type LeaseTimeToLiveRequest,
  type LeaseTimeToLiveResponseInit,
} from '@balsa/proto/etcdserverpb'
import { bidi, type Endpoint, type Sink, unary } from './endpoint.js'
import { etcdError } from './errors.js'
import type { EtcdMember } from './member.js'
import { keyBytes } from './range.js'

const MAX_TTL_SECONDS = 9_000_000_000
/** What clients take in one message unless told otherwise. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/** Of a key, and of a lease, in a message, at most and about. */
const FIELD_BYTES = 4
const LEASE_BYTES = 12
/** No lease is called so: whoever asks for this id gets another one. */
const NO_LEASE = 0n

/** Positive, 63 bits. It does not depend on the clock of a member, so members never draw the same one by being started together. */
export function drawLeaseId(random: Random): bigint {
  for (;;) {
    const part = (): bigint => BigInt(Math.floor(random.next() * 2 ** 24))
    const id = ((part() << 48n) | (part() << 24n) | part()) & 0x7fff_ffff_ffff_ffffn
    if (id > 0n) return id
  }
}

/** etcdserverpb.Lease. Leases are kept, renewed and ended through the log: their time goes on where it was after a change of leader. */
export class LeaseService {
  readonly #member: EtcdMember
  /** As in etcd: a lease must outlive an election. */
  readonly #minTtlSeconds: number

  constructor(member: EtcdMember) {
    this.#member = member
    this.#minTtlSeconds = Math.ceil((1.5 * member.electionTimeoutMs) / 1000)
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = LeaseMethods
    return [
      unary(methods.LeaseGrant, (request) => this.grant(request)),
      unary(methods.LeaseRevoke, (request) => this.revoke(request)),
      bidi(methods.LeaseKeepAlive, (requests, sink) => this.keepAlive(requests, sink)),
      unary(methods.LeaseTimeToLive, (request) => this.timeToLive(request)),
      unary(methods.LeaseLeases, () => this.leases()),
    ]
  }

  async grant({ TTL, ID }: LeaseGrantRequest): Promise<LeaseGrantResponseInit> {
    if (TTL > MAX_TTL_SECONDS) throw etcdError('leaseTtlTooLarge')
    const lease = ID === 0n ? drawLeaseId(this.#member.random) : ID
    const ttlMs = 1000 * Math.max(this.#minTtlSeconds, TTL)
    const granted = await this.#member.write({ type: 'leaseGrant', stamp: null, lease, ttlMs }, 'leaseGranted')
    return { header: this.#member.header(granted.revision), ID: granted.lease, TTL: wholeSeconds(granted.ttlMs) }
  }

  async revoke({ ID }: LeaseRevokeRequest): Promise<LeaseRevokeResponseInit> {
    const { revision } = await this.#member.write({ type: 'leaseRevoke', stamp: null, lease: ID }, 'leaseRevoked')
    return { header: this.#member.header(revision) }
  }

  /** One answer for each request, in order. A lease that has ended is no error: TTL 0. */
  async keepAlive(requests: AsyncIterable<LeaseKeepAliveRequest>, sink: Sink<LeaseKeepAliveResponseInit>): Promise<void> {
    for await (const { ID } of requests) {
      const { ttlMs, revision } = await this.#member.write({ type: 'leaseKeepAlive', stamp: null, lease: ID }, 'leaseKept')
      if (!sink.send({ header: this.#member.header(revision), ID, TTL: wholeSeconds(ttlMs) })) await sink.writable()
    }
  }

  async timeToLive({ ID, keys }: LeaseTimeToLiveRequest): Promise<LeaseTimeToLiveResponseInit> {
    // What is left is known as of the newest command: so there is one, which renews a lease that nobody has.
    await this.#member.write({ type: 'leaseKeepAlive', stamp: null, lease: NO_LEASE }, 'leaseKept')
    const found: Uint8Array[] = []
    let bytes = 0
    for (let keysFrom = ''; ; ) {
      const { revision, lease } = await this.#member.read({ type: 'lease', lease: ID, withKeys: keys, keysFrom }, false)
      const header = this.#member.header(revision)
      if (lease === null) return { header, ID, TTL: -1 }
      for (const key of lease.keys) {
        found.push(keyBytes(key))
        bytes += key.length + FIELD_BYTES
      }
      const { ttlMs, remainingMs } = lease
      if (!lease.more) return { header, ID, TTL: wholeSeconds(Math.max(0, remainingMs)), grantedTTL: wholeSeconds(ttlMs), keys: found }
      // The interface has no pages.
      if (bytes > MAX_ANSWER_BYTES) throw etcdError('tooManyLeaseKeys')
      keysFrom = behindKey(lease.keys)
    }
  }

  async leases(): Promise<LeaseLeasesResponseInit> {
    const found: { readonly ID: bigint }[] = []
    for (let from = 0n; ; ) {
      const { revision, leases, more } = await this.#member.read({ type: 'leases', from }, false)
      for (const ID of leases) found.push({ ID })
      if (!more) return { header: this.#member.header(revision), leases: found }
      if (found.length * LEASE_BYTES > MAX_ANSWER_BYTES) throw etcdError('tooManyLeases')
      from = behindLease(leases)
    }
  }
}

const wholeSeconds = (ms: number): number => Math.floor(ms / 1000)
