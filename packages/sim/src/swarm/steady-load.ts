import type { Plan } from './plan.js'
import { CALM_STREAMS } from '../network/sim-streams.js'

/** What the speed of the simulator is measured with. */
export interface SteadyLoad {
  readonly clients: number
  /** Calls of all clients together per second of virtual time; half of them read, linearizably. */
  readonly callsPerSecond: number
  readonly seconds: number
}

export const USUAL_LOAD: SteadyLoad = { clients: 5, callsPerSecond: 50, seconds: 120 }

/**
 * Five members with the settings that production has by default, on a good network (1 ms and an exponential tail of 0.5 ms; what clients send
 * arrives in one piece) and good disks (0.3 ms and a tail of 0.3 ms for each sync), under a steady load. Nothing fails; every invariant looks on.
 * For measuring.
 */
export function steadyLoad(plan: Plan, { clients, callsPerSecond, seconds }: SteadyLoad): Plan {
  return {
    ...plan,
    size: 5,
    chaosMs: seconds * 1000,
    core: { heartbeatIntervalMs: 50, electionTimeoutMs: 250 },
    snapshots: { maxLogBytes: 64 * 1024 * 1024, trailingEntries: 1024 },
    limits: { maxCommandBytes: 1024 * 1024, maxPendingProposals: 100_000, maxPendingReads: 100_000 },
    storage: { segmentBytes: 1024 * 1024, cacheBytes: 8 * 1024 * 1024 },
    disk: { syncMinMs: 0.3, syncTailMs: 0.3, slowCallRate: 0, slowCallMs: 0 },
    streams: CALM_STREAMS,
    turnMs: 0,
    maxDrift: 1,
    workload: { ...plan.workload, clients, parallel: 1, keys: 10, thinkMs: (1000 * clients) / callsPerSecond, readRate: 0.5 },
  }
}
