import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { type KvStats, saysFull } from '@balsa/kv'
import type { Clock, ReplicaStatus } from '@balsa/raft'
import { kindOf } from '../member-status.js'
import { CONNECTION_PROTOCOLS, type MemberMetrics, MEMBERSHIP_KINDS, ROLES } from './member-metrics.js'

export interface CollectSources {
  readonly clock: Clock
  status(): ReplicaStatus
  store(): KvStats
  ready(): boolean
  connections(protocol: (typeof CONNECTION_PROTOCOLS)[number]): number
  inFlight(): number
  peersUp(): number
  snapshotBytes(): number
  /** Members whose state differs from this one's. */
  diverged(): number
}

const LOOP_RESOLUTION_MS = 10
const LOOP_WINDOW_MS = 60_000
const NANOSECONDS = 1e9

/** Fills the gauges from their sources whenever somebody asks for the metrics. Answers how to stop. */
export function collectMetrics(metrics: MemberMetrics, sources: CollectSources): () => void {
  const stopLoop = collectLoopDelay(metrics, sources.clock)
  metrics.registry.collect(() => {
    collectConsensus(metrics, sources.status())
    collectStore(metrics, sources.store())
    metrics.ready.set({}, sources.ready() ? 1 : 0)
    metrics.peersUp.set({}, sources.peersUp())
    metrics.snapshotBytes.set({}, sources.snapshotBytes())
    metrics.diverged.set({}, sources.diverged())
    metrics.inFlight.set({}, sources.inFlight())
    for (const protocol of CONNECTION_PROTOCOLS) metrics.connectionsOpen.set({ protocol }, sources.connections(protocol))
    collectProcess(metrics)
  })
  return stopLoop
}

function collectConsensus(metrics: MemberMetrics, status: ReplicaStatus): void {
  for (const role of ROLES) metrics.role.set({ role }, status.role === role ? 1 : 0)
  collectMembership(metrics, status)
  metrics.hasLeader.set({}, status.leaderId === null ? 0 : 1)
  metrics.term.set({}, status.term)
  metrics.commitIndex.set({}, status.commitIndex)
  metrics.appliedIndex.set({}, status.appliedIndex)
  metrics.firstIndex.set({}, status.firstIndex)
  metrics.lastIndex.set({}, status.lastIndex)
  metrics.followerLag.set({}, Math.max(0, ...status.peers.map((peer) => peer.lag)))
  metrics.logBytes.set({}, status.logBytes)
  metrics.snapshotIndex.set({}, status.snapshotIndex)
}

function collectMembership(metrics: MemberMetrics, { id, configuration }: ReplicaStatus): void {
  const kinds = new Map(configuration.members.map((member) => [member.id, kindOf(configuration, member.id)]))
  const own = kinds.get(id) ?? 'none'
  for (const kind of MEMBERSHIP_KINDS) {
    metrics.membership.set({ kind }, own === kind ? 1 : 0)
    if (kind !== 'none') metrics.members.set({ kind }, [...kinds.values()].filter((candidate) => candidate === kind).length)
  }
}

function collectStore(metrics: MemberMetrics, store: KvStats): void {
  metrics.keys.set({}, store.keys)
  metrics.dataBytes.set({}, store.dataBytes)
  metrics.noSpace.set({}, store.noSpace || saysFull(store.alarms) ? 1 : 0)
  metrics.revision.set({}, store.revision)
  metrics.sessions.set({}, store.sessions)
  metrics.sessionResults.set({}, store.sessionResults)
}

function collectProcess(metrics: MemberMetrics): void {
  const memory = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  metrics.residentMemory.set({}, memory.rss)
  metrics.heapUsed.set({}, memory.heapUsed)
  metrics.externalMemory.set({}, memory.external)
  metrics.cpu.set({}, (user + system) / 1e6)
  metrics.startTime.set({}, Math.round(performance.timeOrigin) / 1000)
  metrics.info.set({}, 1)
}

function collectLoopDelay(metrics: MemberMetrics, clock: Clock): () => void {
  const histogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  histogram.enable()
  let sinceMs = clock.now()
  // What is measured is the distance between two ticks of the sampling timer; the delay is what exceeds its interval.
  const seconds = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS - LOOP_RESOLUTION_MS / 1000) : 0
  metrics.registry.collect(() => {
    metrics.loopDelay.set({ quantile: 'p50' }, seconds(histogram.percentile(50)))
    metrics.loopDelay.set({ quantile: 'p99' }, seconds(histogram.percentile(99)))
    metrics.loopDelay.set({ quantile: 'max' }, histogram.count === 0 ? 0 : seconds(histogram.max))
    if (clock.now() - sinceMs < LOOP_WINDOW_MS) return
    histogram.reset()
    sinceMs = clock.now()
  })
  return () => void histogram.disable()
}
