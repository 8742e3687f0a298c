import { describe, expect, it } from 'vitest'
import { ackFrom, heartbeatAnswer, LoneCore } from './lone-core.test-support.js'
import { configurationOf } from './test-cluster.test-support.js'

const HEARTBEAT_MS = 50
const NOTIFY_MS = 5

/** Leads term 1 of five members. Everybody but those in `lacking` holds its log, but has told so one after the other. */
function leading(lacking: readonly number[] = []): LoneCore {
  const lone = new LoneCore({
    configuration: configurationOf([1, 2, 3, 4, 5]),
    heartbeatIntervalMs: HEARTBEAT_MS,
    commitNotifyMs: NOTIFY_MS,
  })
  lone.lead()
  lone.propose('x')
  for (const id of [2, 3, 4, 5]) {
    lone.nowMs += 0.5
    if (!lacking.includes(id)) lone.receive(ackFrom(id, 1, 2))
  }
  lone.outbox()
  return lone
}

/** Goes on to the next moment at which the leader wants to wake; to whom it sends heart-beats then. */
function wake(lone: LoneCore): readonly number[] {
  lone.tick(lone.core.deadlineMs() - lone.nowMs)
  return lone
    .outbox()
    .filter(({ type }) => type === 'heartbeat')
    .map(({ to }) => to)
}

describe('heart-beats of all peers', () => {
  it('those who shall hear of a commit in a moment hear of it together, and beat together from then on', () => {
    const lone = leading()
    expect(wake(lone)).toEqual([2, 3, 4, 5])
    for (let beat = 0; beat < 4; beat++) {
      const beganMs = lone.nowMs
      for (const id of [2, 3, 4, 5]) lone.receive(heartbeatAnswer(id, 1))
      expect(wake(lone)).toEqual([2, 3, 4, 5])
      expect(lone.nowMs - beganMs).toBe(HEARTBEAT_MS)
    }
  })

  it('who lacks entries is not served early: an append may bring the same', () => {
    const lone = leading([5])
    lone.propose('y')
    for (const id of [2, 3]) lone.receive(ackFrom(id, 1, 3))
    lone.nowMs += 1
    lone.receive(ackFrom(4, 1, 2))
    lone.outbox()
    expect(wake(lone)).toEqual([2, 3])
  })

  it('nobody waits longer than one interval, whatever single peers get in between', () => {
    const lone = leading()
    const heardMs = new Map([2, 3, 4, 5].map((id) => [id, lone.nowMs]))
    for (let turn = 0; turn < 200; turn++) {
      if (turn % 7 === 0) lone.propose('z')
      const deaf = 2 + (turn % 4)
      for (const { id, matchIndex } of lone.core.peers())
        if (id !== deaf) lone.receive(turn % 3 === 0 ? ackFrom(id, 1, matchIndex) : ackFrom(id, 1, lone.core.lastIndex))
      lone.tick(lone.core.deadlineMs() - lone.nowMs)
      expect(lone.core.role).toBe('leader')
      for (const { to } of lone.outbox()) heardMs.set(to, lone.nowMs)
      for (const atMs of heardMs.values()) expect(lone.nowMs - atMs).toBeLessThanOrEqual(HEARTBEAT_MS)
    }
  })

  it('check-quorum costs no waking of its own while peers answer, and is not late when they fall silent', () => {
    const lone = leading()
    wake(lone)
    for (let beat = 0; beat < 20; beat++) {
      for (const id of [2, 3, 4, 5]) lone.receive(heartbeatAnswer(id, 1))
      expect(wake(lone)).toEqual([2, 3, 4, 5])
    }
    const heardMs = lone.nowMs - HEARTBEAT_MS
    while (lone.core.role === 'leader') wake(lone)
    expect(lone.nowMs).toBe(heardMs + 250)
  })
})
