/** The alarms of a cluster, whoever raised them. */
import type { AlarmDetail, KvStats } from '@balsa/kv'
import type { Divergence } from './divergence-watch.js'

/** As the asked member knows it. */
export interface AlarmSources {
  readonly stats: Pick<KvStats, 'noSpace' | 'alarms'>
  /** States that differ although the logs are equal; null = none. */
  readonly divergence: Divergence | null
  readonly memberId: bigint
  /** It says for all whether the quota is used up; 0 = unknown. */
  readonly leaderId: bigint
}

/**
 * What was raised by hand; `corrupt` for members whose state is, or may be, not what it should be, until they are replaced; `full` for the members whose quota is
 * used up. Each once.
 */
export function allAlarms({ stats, divergence, memberId, leaderId }: AlarmSources): readonly AlarmDetail[] {
  const raised = stats.alarms.map(
    ({ kind, member }): AlarmDetail => ({ kind, member: BigInt.asUintN(64, member), byHand: kind !== 'full' }),
  )
  const corrupt = suspects(divergence, memberId).map((member): AlarmDetail => ({ kind: 'corrupt', member, byHand: false }))
  const full: readonly AlarmDetail[] = stats.noSpace ? [{ kind: 'full', member: leaderId, byHand: false }] : []
  const all = new Map<string, AlarmDetail>()
  for (const alarm of [...raised, ...corrupt, ...full]) {
    const place = `${alarm.kind} ${alarm.member} ${alarm.byHand}`
    if (!all.has(place)) all.set(place, alarm)
  }
  return [...all.values()]
}

function suspects(divergence: Divergence | null, memberId: bigint): readonly bigint[] {
  if (divergence === null) return []
  const others = divergence.members.map(BigInt)
  if (divergence.suspect === 'other') return others
  return divergence.suspect === 'this' ? [memberId] : [memberId, ...others]
}
