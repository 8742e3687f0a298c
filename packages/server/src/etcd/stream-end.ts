import type { Caller } from './endpoint.js'
import { etcdError } from './errors.js'
import type { EtcdMember } from './member.js'

/**
 * Does the work of a stream that has no end of its own, until its client goes away, the member stops, or, when the client wants that, no leader is
 * known any more. What is still running then must end by itself when the caller is cancelled.
 */
export async function untilEnd(member: EtcdMember, caller: Caller, work: Promise<void>): Promise<void> {
  const forget: (() => void)[] = []
  const end = new Promise<never>((_, reject) => {
    caller.onCancelled(reject)
    forget.push(member.onStop(() => reject(etcdError('stopped'))))
    if (caller.header('hasleader') !== 'true') return
    if (!member.hasLeader) return reject(etcdError('noLeader'))
    forget.push(member.onLeaderGone(() => reject(etcdError('noLeader'))))
  })
  try {
    await Promise.race([work, end])
  } finally {
    for (const each of forget) each()
  }
}
