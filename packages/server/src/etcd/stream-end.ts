import type { Timer } from '@balsa/raft'
import type { Caller } from './endpoint.js'
import { etcdError } from './errors.js'
import type { EtcdMember } from './member.js'

/** So many election time-outs without a leader, and who asked for one hears of it. */
const PATIENCE = 3

/**
 * Does the work of a stream that has no end of its own, until its client goes away, the member stops, or, when the client wants that, no leader is
 * known any more. What is still running then must end by itself when the caller is cancelled.
 */
export async function untilEnd(member: EtcdMember, caller: Caller, work: Promise<void>): Promise<void> {
  let forget = (): void => {}
  let timer: Timer | null = null
  const end = new Promise<never>((_, reject) => {
    caller.onCancelled(reject)
    forget = member.onStop(() => reject(etcdError('stopped')))
    if (caller.header('hasleader') !== 'true') return
    if (!member.hasLeader) return reject(etcdError('noLeader'))
    let without = 0
    const check = (): void => {
      without = member.hasLeader ? 0 : without + 1
      if (without > PATIENCE) reject(etcdError('noLeader'))
      else timer = member.clock.setTimer(member.electionTimeoutMs, check)
    }
    timer = member.clock.setTimer(member.electionTimeoutMs, check)
  })
  try {
    await Promise.race([work, end])
  } finally {
    forget()
    ;(timer as Timer | null)?.cancel()
  }
}
