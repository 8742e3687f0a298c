import {
  type CampaignRequest,
  type CampaignResponseInit,
  ElectionService as ElectionMethods,
  type LeaderKey,
  type LeaderRequest,
  type LeaderResponseInit,
  type ProclaimRequest,
  type ProclaimResponseInit,
  type ResignRequest,
  type ResignResponseInit,
} from '@balsa/proto/v3electionpb'
import { type Caller, type Endpoint, serverStream, type Sink, unary } from './endpoint.js'
import { etcdError } from './errors.js'
import type { EtcdMember } from './member.js'
import { awaitTurn, firstOf, giveUp, takePlace, underName } from './queue-key.js'
import { pairOfEntry } from './range.js'
import { untilEnd } from './stream-end.js'

/** v3electionpb.Election: a queue as for locks, whose keys hold what the candidates proclaim. */
export class ElectionService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = ElectionMethods
    return [
      unary(methods.Campaign, (request, caller) => this.campaign(request, caller)),
      unary(methods.Proclaim, (request) => this.proclaim(request)),
      unary(methods.Leader, (request) => this.leader(request)),
      serverStream(methods.Observe, (request, sink) => untilEnd(this.#member, sink, this.observe(request, sink))),
      unary(methods.Resign, (request) => this.resign(request)),
    ]
  }

  /** Waits until it leads, as long as its caller does. */
  async campaign({ name, lease, value }: CampaignRequest, caller: Caller): Promise<CampaignResponseInit> {
    const place = await takePlace(this.#member, name, lease, value)
    const leader = { name, key: place.key, rev: place.createRevision, lease: place.lease }
    if (!place.isNew) await this.#put(leader, value)
    const revision = await awaitTurn(this.#member, name, place, caller)
    return { header: this.#member.header(revision), leader }
  }

  async proclaim({ leader, value }: ProclaimRequest): Promise<ProclaimResponseInit> {
    if (leader === null) throw etcdError('electionNoLeaderField')
    return { header: this.#member.header(await this.#put(leader, value)) }
  }

  async leader({ name }: LeaderRequest): Promise<LeaderResponseInit> {
    const { first, revision } = await firstOf(this.#member, name)
    if (first === null) throw etcdError('electionNoLeader')
    return { header: this.#member.header(revision), kv: pairOfEntry(first) }
  }

  /** The leader now, when there is one, and every one after it and every value that one proclaims, as far as the client keeps up. */
  async observe({ name }: LeaderRequest, sink: Sink<LeaderResponseInit>): Promise<void> {
    let sent = 0
    let wake = (): void => {}
    let changed = false
    const request = { ...underName(name), startRevision: 0, previous: false, noPut: false, noDelete: false }
    const watcher = this.#member.store.watches.open(request, () => {
      changed = true
      wake()
    })
    sink.onCancelled(() => wake())
    const forget = this.#member.onStop(() => wake())
    try {
      while (sink.cancelled === null) {
        while (watcher.pull(PULL_BYTES)?.type === 'events') continue
        changed = false
        const { first, revision } = await firstOf(this.#member, name)
        if (first !== null && first.modRevision !== sent) {
          sent = first.modRevision
          if (!sink.send({ header: this.#member.header(revision), kv: pairOfEntry(first) })) await sink.writable()
        }
        if (this.#member.stopped) return
        if (!changed && sink.cancelled === null) await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      watcher.close()
      forget()
    }
  }

  /** Not being the leader (any more) is no error. */
  async resign({ leader }: ResignRequest): Promise<ResignResponseInit> {
    if (leader === null) throw etcdError('electionNoLeaderField')
    return { header: this.#member.header(await giveUp(this.#member, { key: leader.key, createRevision: leader.rev })) }
  }

  async #put({ key, rev, lease }: LeaderKey, value: Uint8Array): Promise<number> {
    const { succeeded, revision } = await this.#member.write(
      {
        type: 'txn',
        stamp: null,
        txn: {
          compares: [{ key, rangeEnd: new Uint8Array(0), result: 'equal', target: 'createRevision', operand: rev }],
          success: [{ type: 'put', key, value, lease, previous: false }],
          failure: [],
        },
      },
      'txn',
    )
    if (!succeeded) throw etcdError('electionNotLeader')
    return revision
  }
}

const PULL_BYTES = 64 * 1024
