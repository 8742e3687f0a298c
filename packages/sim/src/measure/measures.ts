import type { CoreOptions } from '@balsa/raft'
import { type MeasureOptions, MeasuredCluster } from './measured-cluster.js'

const WRITERS = 2
const WARM_UP_MS = 200
/** Longer than any gap that is worth a figure. */
const AFTERWARDS_MS = 1500

type Settle = Pick<MeasureOptions, 'settle'>

/** What a graceful end of leadership, or a sudden one, costs those who write. */
export interface GapReport {
  /** Longest time without the answer to a write, over all clients together. */
  readonly gapMs: number
  /** The members have another leader now. */
  readonly moved: boolean
}

export type LeadershipEnd = 'transfer' | 'stop' | 'kill'

/**
 * The time without writes when leadership goes from one member to another: by command, because the leader stops gracefully, or because it is
 * killed. Three or five members, by seed.
 */
export async function measureGap(
  seed: number,
  how: LeadershipEnd,
  options: Settle & { readonly core?: Omit<CoreOptions, 'id' | 'random'> } = {},
): Promise<GapReport> {
  const cluster = new MeasuredCluster(seed, { size: seed % 2 === 0 ? 3 : 5, ...options })
  const { world } = cluster
  const first = await cluster.elected()
  cluster.startWriters(WRITERS)
  await world.run(world.nowMs + WARM_UP_MS + world.random.next() * 100)
  const beganMs = world.nowMs
  const { replica } = first.life ?? {}
  world.scheduler.unsettled = true
  if (how === 'kill') world.crash(first, 'measured')
  else if (how === 'stop') replica?.close({ transferLeadership: true }).catch(() => undefined)
  else replica?.transferLeadership().catch(() => undefined)
  await world.run(beganMs + AFTERWARDS_MS)
  const gapMs = cluster.longestGapMs(beganMs)
  const moved = cluster.leader !== null && cluster.leader !== first
  cluster.stop()
  return { gapMs, moved }
}

/** What happened in a while without any client. */
export interface IdleReport {
  /** Leaders that were elected after the first one. */
  readonly elections: number
  /** Times that a member asked whether it could win an election. */
  readonly preVotes: number
}

/** A bad network: 5 % of all messages lost, and a delay with an exponential tail of 20 ms on average. No connection breaks. */
const LOSSY_NETWORK = { delayMs: 1, tailMs: 20, lossRate: 0.05, closeHints: false } as const

/** Virtual idle time of three or five members, by seed: every election in it is one that nobody needed. */
export async function measureIdle(
  seed: number,
  minutes: number,
  options: Settle & { readonly core?: Omit<CoreOptions, 'id' | 'random'> } = {},
): Promise<IdleReport> {
  const cluster = new MeasuredCluster(seed, { size: seed % 2 === 0 ? 3 : 5, network: LOSSY_NETWORK, ...options })
  const { world } = cluster
  let elections = 0
  let preVotes = 0
  await cluster.elected()
  for (const { life } of world.members) {
    life?.replica?.on('role', ({ role }) => {
      if (role === 'leader') elections++
      if (role === 'preCandidate') preVotes++
    })
  }
  await world.run(world.nowMs + minutes * 60_000)
  return { elections, preVotes }
}
