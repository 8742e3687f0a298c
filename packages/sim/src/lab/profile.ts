import type { CoreOptions } from '@balsa/raft'

/**
 * Settings for the course's suites. Its network is the machine itself (no latency), heart-beats should be at most ten per second, a new leader is
 * due within five seconds, every RPC is counted, and a lost one is lost for good: so heart-beats are rarer than Balsa's defaults, lost
 * requests are repeated, and appends wait a little for each other. How the values were found stands in docs/lab.md.
 */
export const RAFT_PROFILE: Partial<CoreOptions> = {
  heartbeatIntervalMs: 200,
  electionTimeoutMs: 400,
  // The tests count indexes from 1 and know of no blank entries.
  noop: false,
  // Just below the 20 ms after which the tester looks again.
  commitNotifyMs: 17,
  appendIntervalMs: 15,
  // Above the longest round trip of the unreliable network, which is 27 ms.
  retryMs: 60,
  maxInflightMessages: 1,
}

/**
 * The key/value suites count what clients get done, not RPCs: defaults where possible. The blank entry is back (reads wait for an entry of
 * the leader's own term), and appends neither wait nor stop for one that is lost.
 */
export const KV_PROFILE: Partial<CoreOptions> = {
  heartbeatIntervalMs: 125,
  electionTimeoutMs: 250,
  commitNotifyMs: 17,
  retryMs: 30,
  maxInflightMessages: 4,
}
