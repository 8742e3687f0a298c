import {
  asIndex,
  asMemberId,
  asTerm,
  BalsaError,
  type EventOf,
  foundingConfiguration,
  type MemberId,
  type ReplicaStatus,
} from '@balsa/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import { ReadinessTracker } from './readiness.js'

type RoleEvent = EventOf<'role'>

/** A replica whose leader, term and catching up the test decides. */
class FakeReplica {
  state: ReplicaStatus['state'] = 'running'
  leaderId: MemberId | null = null
  term = asTerm(1)
  readonly #listeners: ((event: RoleEvent) => void)[] = []
  readonly waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []

  status(): ReplicaStatus {
    const { state, leaderId, term } = this
    const zero = asIndex(0)
    const configuration = foundingConfiguration([])
    const indexes = { commitIndex: asIndex(9), appliedIndex: asIndex(4), firstIndex: zero, lastIndex: zero, snapshotIndex: zero }
    const counts = { peers: [], logBytes: 0, pendingProposals: 0, pendingReads: 0, droppedMessages: 0 }
    return { state, id: asMemberId(1), role: 'follower', term, leaderId, configuration, ...indexes, ...counts }
  }

  on(_type: unknown, listener: (event: never) => void): Disposable {
    this.#listeners.push(listener as (event: RoleEvent) => void)
    return { [Symbol.dispose]: () => undefined }
  }

  waitFor(): Promise<void> {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }

  lead(leaderId: number | null, term: number): void {
    this.leaderId = leaderId === null ? null : asMemberId(leaderId)
    this.term = asTerm(term)
    for (const listener of this.#listeners)
      listener({ type: 'role', role: 'follower', term: this.term, leaderId: this.leaderId, reason: '' })
  }
}

let replica: FakeReplica
let tracker: ReadinessTracker
const settle = () => new Promise((resolve) => setImmediate(resolve))

beforeEach(() => {
  replica = new FakeReplica()
  tracker = new ReadinessTracker(replica)
})

describe('ReadinessTracker', () => {
  it('is ready when a leader is known and the member has caught up in its term', async () => {
    expect(tracker.current).toEqual({ ready: false, reason: expect.stringMatching(/no leader is known in term 1/) })
    replica.lead(2, 3)
    expect(tracker.current).toEqual({ ready: false, reason: 'catching up in term 3: applied 4 of 9 known to be committed' })
    replica.waiting.shift()?.resolve()
    await tracker.first
    expect(tracker.current).toEqual({ ready: true, reason: 'follower in term 3, applied 4' })
  })

  it('is not ready in a new term, or without a leader, until it has caught up again', async () => {
    replica.lead(2, 3)
    replica.waiting.shift()?.resolve()
    await tracker.first
    replica.lead(null, 3)
    expect(tracker.current.ready).toBe(false)
    replica.lead(2, 3)
    expect(tracker.current.ready).toBe(true)
    replica.lead(3, 4)
    expect(tracker.current.ready).toBe(false)
  })

  it('does not count what was confirmed in a term that is over', async () => {
    replica.lead(2, 3)
    const old = replica.waiting.shift()
    replica.lead(3, 4)
    old?.resolve()
    await settle()
    expect(tracker.current.ready).toBe(false)
    replica.waiting.shift()?.resolve()
    await settle()
    expect(tracker.current.ready).toBe(true)
  })

  it('is not ready once it stops or has failed', async () => {
    replica.lead(2, 3)
    replica.waiting.shift()?.reject(new BalsaError('STOPPED', 'x'))
    await settle()
    replica.state = 'failed'
    expect(tracker.current).toMatchObject({ ready: false, reason: expect.stringMatching(/fatal/) })
    replica.state = 'running'
    tracker.stop()
    expect(tracker.current).toEqual({ ready: false, reason: 'the member is stopping' })
  })

  it('sees a leader that is known when it begins', () => {
    replica.leaderId = asMemberId(1)
    new ReadinessTracker(replica)
    expect(replica.waiting).toHaveLength(1)
  })
})
