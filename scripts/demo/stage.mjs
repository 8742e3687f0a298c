// @ts-check
/** What the plays of the demo have in common: who leads, who has caught up, and what makes a proof. */
import { until } from '../local-cluster.mjs'

/** @typedef {import('../local-cluster.mjs').LocalCluster} LocalCluster */
/** @typedef {import('../local-cluster.mjs').LocalMember} LocalMember */

/** @param {LocalCluster} cluster */
export const currentLeader = (cluster) => until(() => cluster.leader(), { what: 'a leader' })

/** The member has applied what the leader had committed when it was asked. @param {LocalCluster} cluster @param {LocalMember} member */
export async function caughtUp(cluster, member) {
  const leader = await currentLeader(cluster)
  const target = (await cluster.status(leader))?.commitIndex ?? 0
  await until(async () => ((await cluster.status(member))?.appliedIndex ?? -1) >= target, { what: `${member.name} to catch up` })
}

/** All members have applied the same log. @param {LocalCluster} cluster */
export async function agreement(cluster) {
  await until(
    async () => {
      const indexes = await Promise.all(cluster.members.map(async (member) => (await cluster.status(member))?.appliedIndex))
      return indexes.every((index) => index !== undefined && index === indexes[0])
    },
    { what: 'all members to apply the whole log' },
  )
}

/** Equal logs must have led to equal states. @param {LocalCluster} cluster */
export async function sameState(cluster) {
  const hashes = await Promise.all(cluster.members.map(async (member) => (await cluster.status(member))?.stateHash))
  return hashes.every((hash) => typeof hash === 'string' && hash === hashes[0])
}

/** Nothing lost, nothing done twice, and something was done. @param {Awaited<ReturnType<import('../journal.mjs').Journal['verify']>>} proof */
export const isProven = ({ lost, duplicated, disordered, foreign, acknowledged }) =>
  lost === 0 && duplicated === 0 && disordered === 0 && foreign === 0 && acknowledged > 0
