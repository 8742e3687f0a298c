import type { MemberStatus } from '@balsa/kv'
import { ManualClock } from '@balsa/raft'
import { expect, it } from 'vitest'
import type { Caller } from './endpoint.js'
import { etcdMember, LocalStore } from './local-store.test-support.js'
import type { EtcdMember } from './member.js'
import { TestSink } from './sink.test-support.js'
import { untilEnd } from './stream-end.js'

class ElectingStore extends LocalStore {
  hasLeader = true
  looks = 0

  override status(): MemberStatus {
    this.looks += 1
    return { ...super.status(), leaderId: this.hasLeader ? this.memberId : null }
  }
}

class WantingSink extends TestSink<unknown> {
  override header(): string | undefined {
    return 'true'
  }
}

const forEver = new Promise<void>(() => undefined)

/** What it ended with; empty while it goes on. */
function follow(member: EtcdMember, caller: Caller = new WantingSink()): { text: string } {
  const outcome = { text: '' }
  void untilEnd(member, caller, forEver).catch((error: unknown) => {
    outcome.text = error instanceof Error ? error.message : String(error)
  })
  return outcome
}

it('streams whose clients want a leader end some election time-outs after it has gone, and look for it together', async () => {
  const store = new ElectingStore()
  const clock = new ManualClock()
  const member = etcdMember(store, { clock })
  const streams = Array.from({ length: 50 }, () => follow(member))
  const indifferent = follow(member, new TestSink())
  store.looks = 0
  await clock.advanceAsync(10_000)
  expect(store.looks).toBe(10)
  store.hasLeader = false
  await clock.advanceAsync(3000)
  expect(streams.map(({ text }) => text)).toEqual(streams.map(() => ''))
  store.hasLeader = true
  await clock.advanceAsync(1000)
  store.hasLeader = false
  await clock.advanceAsync(3000)
  expect(streams[0]?.text).toBe('')
  await clock.advanceAsync(1000)
  expect(streams.map(({ text }) => text)).toEqual(streams.map(() => 'etcdserver: no leader'))
  expect(indifferent.text).toBe('')
  expect(clock.pending).toBe(0)
  const late = follow(member)
  await clock.advanceAsync(0)
  expect(late.text).toBe('etcdserver: no leader')
  store.hasLeader = true
  const again = follow(member)
  await clock.advanceAsync(5000)
  expect([again.text, clock.pending]).toEqual(['', 1])
  member.stop()
  await clock.advanceAsync(0)
  expect([again.text, indifferent.text, clock.pending]).toEqual(['etcdserver: server stopped', 'etcdserver: server stopped', 0])
})
