import type { CoreOptions } from '@balsa/raft'

/**
 * Settings for the course's suites. Its network is the machine itself (no latency), heart-beats should be at most ten per second, a new leader
 * is due within five seconds, and every RPC is counted, so heart-beats are rarer than the defaults and appends to a silent peer few.
 */
export const RAFT_PROFILE: Partial<CoreOptions> = {
  heartbeatIntervalMs: 150,
  electionTimeoutMs: 300,
  // The tests count indexes from 1 and know of no blank entries (trap T1).
  noop: false,
  commitNotifyMs: 10,
  maxInflightMessages: 2,
}

/** The key/value service needs the blank entry: its reads wait for an entry of the leader's own term. */
export const KV_PROFILE: Partial<CoreOptions> = { ...RAFT_PROFILE, noop: true }
