import type { IncarnationTable } from '@balsa/raft'

/** Why a member is not listened to: it was removed for good, or it has another disk than the one it was met with. */
export type Refusal = 'REMOVED' | 'DISK_REPLACED'

/** What one life of a member brings to the handshakes of its connections (see the host package's peer-acceptor.ts, which does it over TCP). */
export interface Admission {
  readonly incarnation: number
  readonly meetings: IncarnationTable
  /** This life listens to a member with this disk from now on. */
  accepted(from: number, incarnation: number): void
  /** Somebody has refused this life. */
  refused(why: Refusal): void
}
