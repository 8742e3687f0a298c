import { type CoreOptions, type ReplicaLimits, SeededRandom, type SlownessPolicy, type SnapshotPolicy } from '@balsa/raft'
import type { WorkloadPlan } from '../clients/workload.js'
import type { DiskConditions } from '../disk/disk-port.js'
import type { CrashStyle } from '../disk/sim-disk.js'
import { CALM_NETWORK, type NetworkConditions } from '../network/sim-network.js'
import type { StreamConditions } from '../network/sim-streams.js'

export const PROFILES = [
  'swarm',
  'default',
  'elections',
  'disk',
  'snapshots',
  'network',
  'membership',
  'churn',
  'deposed',
  'sessions',
  'leases',
  'lone',
  'late',
  'store',
  'calm',
  'load',
] as const
export type Profile = (typeof PROFILES)[number]

/** Every kind of fault, with how often it begins, per second of virtual time. */
export const FAULTS = [
  'partition',
  'oneWay',
  'bridge',
  'ring',
  'clog',
  'swizzle',
  'flap',
  'slowLink',
  'filter',
  'crash',
  'clusterCrash',
  'stayDown',
  'pause',
  'slowNode',
  'slowDisk',
  'diskFull',
  'readErrors',
  'writeErrors',
  'syncErrors',
  'bitFlip',
  'lostWrite',
  'misdirectedWrite',
  'lostFile',
  'clientCut',
  'maroon',
  'transfer',
  'handover',
  'lateHandover',
  'lateChunk',
  'lateSnapshot',
  'slowSender',
  'askCandidate',
  'change',
  'wipe',
  'takeSnapshot',
  'usurp',
] as const
export type FaultName = (typeof FAULTS)[number]
export type FaultRates = Readonly<Record<FaultName, number>>

/** What one seed does: everything that is drawn before the run begins. */
export interface Plan {
  readonly seed: number
  readonly profile: Profile
  /** Nothing fails: the run must be perfect. */
  readonly calm: boolean
  readonly size: number
  readonly chaosMs: number
  readonly core: Omit<CoreOptions, 'id' | 'random'> & { readonly heartbeatIntervalMs: number; readonly electionTimeoutMs: number }
  readonly snapshots: SnapshotPolicy
  readonly slowness: Partial<SlownessPolicy>
  readonly limits: Partial<ReplicaLimits> & {
    readonly maxPendingProposals: number
    readonly maxPendingReads: number
    readonly maxCommandBytes: number
  }
  /** The state is in tables on the disk of its member, which become durable behind the log; otherwise it ends with the process. */
  readonly durableState: boolean
  /** How long commands wait for each other. */
  readonly gatherMs: number
  readonly storage: { readonly segmentBytes: number; readonly cacheBytes: number }
  readonly network: NetworkConditions
  readonly streams: StreamConditions
  readonly disk: Partial<DiskConditions>
  readonly crashStyle: CrashStyle
  readonly killShare: number
  readonly crashPerCall: number
  readonly turnMs: number
  /** Clocks run this much faster or slower at most, as a factor above 1. */
  readonly maxDrift: number
  readonly requestTimeoutMs: number
  /** Share of new members that are witnesses. */
  readonly witnessShare: number
  /** Members that were removed are told so by whom they call, and stop. */
  readonly tellsRemoved: boolean
  readonly rates: FaultRates
  readonly workload: WorkloadPlan
}

/** Rates when a fault is on: from a tenth of this up to this. */
const FULL_RATES: FaultRates = {
  partition: 0.4,
  oneWay: 0.3,
  bridge: 0.1,
  ring: 0.1,
  clog: 0.4,
  swizzle: 0.15,
  flap: 0.1,
  slowLink: 0.2,
  filter: 0.3,
  crash: 0.8,
  clusterCrash: 0.06,
  stayDown: 0.02,
  pause: 0.4,
  slowNode: 0.2,
  slowDisk: 0.2,
  diskFull: 0.06,
  readErrors: 0.1,
  writeErrors: 0.1,
  syncErrors: 0.1,
  bitFlip: 0.12,
  lostWrite: 0.12,
  misdirectedWrite: 0.12,
  lostFile: 0.08,
  clientCut: 0.3,
  maroon: 0.1,
  transfer: 0.3,
  handover: 0.2,
  lateHandover: 0.1,
  lateChunk: 0.3,
  lateSnapshot: 0.3,
  slowSender: 0.3,
  askCandidate: 0.2,
  change: 0.5,
  wipe: 0.1,
  takeSnapshot: 0.3,
  usurp: 0.2,
}

const NO_FAULTS = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as FaultRates

const NETWORK: readonly FaultName[] = ['partition', 'oneWay', 'bridge', 'ring', 'clog', 'swizzle', 'flap', 'slowLink', 'filter']
const DISK: readonly FaultName[] = [
  'slowDisk',
  'diskFull',
  'readErrors',
  'writeErrors',
  'syncErrors',
  'bitFlip',
  'lostWrite',
  'misdirectedWrite',
  'lostFile',
]

/** Faults that a profile always has; the others are drawn. */
const ALWAYS: Readonly<Record<Profile, readonly FaultName[]>> = {
  swarm: [],
  default: [],
  elections: ['partition', 'oneWay', 'crash', 'pause', 'transfer', 'handover', 'lateHandover', 'askCandidate'],
  disk: [...DISK, 'crash', 'clusterCrash'],
  snapshots: [
    'crash',
    'takeSnapshot',
    'partition',
    'slowLink',
    'oneWay',
    'pause',
    'transfer',
    'lateChunk',
    'lateSnapshot',
    'slowSender',
    'askCandidate',
  ],
  network: NETWORK,
  membership: ['change', 'wipe', 'transfer', 'crash', 'partition'],
  churn: ['change', 'transfer', 'handover', 'crash', 'partition', 'oneWay', 'bridge', 'pause', 'filter', 'takeSnapshot'],
  deposed: [],
  leases: ['partition', 'oneWay', 'crash', 'pause', 'transfer', 'handover', 'usurp'],
  sessions: ['clientCut', 'maroon', 'transfer', 'crash', 'takeSnapshot'],
  lone: ['crash', 'slowDisk', 'takeSnapshot'],
  late: [],
  store: ['partition', 'crash', 'pause', 'transfer', 'clientCut', 'takeSnapshot'],
  calm: [],
  load: [],
}

/** So many seeds of each profile in the swarm, out of the sum of all. */
const SHARES: Readonly<Partial<Record<Profile, number>>> = {
  calm: 2,
  default: 5,
  elections: 2,
  disk: 2,
  snapshots: 1,
  network: 1,
  membership: 3,
  churn: 1,
  deposed: 1,
  sessions: 1,
  leases: 1,
  late: 2,
  store: 1,
}

/** Virtual time stands still between the turns of a member whose turns cost nothing. */
const GATHER_TURNS = 4

const SWARM: readonly Profile[] = PROFILES.flatMap((profile) => new Array<Profile>(SHARES[profile] ?? 0).fill(profile))

export function drawPlan(seed: number, wanted: Profile): Plan {
  const random = new SeededRandom(seed)
  const profile = wanted === 'swarm' ? random.pick(SWARM) : wanted
  const usual = withLeases(drawUsual(random, seed, profile), random)
  // Not drawn, so that seeds stay what they were.
  const plan = {
    ...usual,
    slowness: slownessOf(usual, seed),
    network: { ...usual.network, closeHints: seed % 2 === 0 },
    gatherMs: seed % 5 === 0 ? GATHER_TURNS * usual.turnMs : 0,
    durableState: profile !== 'load' && Math.floor(seed / 4) % (profile === 'late' ? 2 : 3) === 0,
  }
  if (profile === 'churn') return churned(plan, random)
  if (profile === 'leases') return leased(plan, random)
  if (profile === 'lone') return lone(plan, random)
  if (profile === 'late') return late(plan, random)
  if (profile === 'sessions') return shortSessions(plan, random)
  // Its clients live through the whole run and know the founding members only: these must not all be replaced.
  if (profile === 'store') return { ...plan, rates: { ...plan.rates, change: 0 } }
  return profile === 'deposed' ? deposed(plan, random) : plan
}

/** In two seeds of three slow leaders leave within a few election time-outs, or no run would be long enough to see it. */
function slownessOf({ core: { electionTimeoutMs }, calm }: Plan, seed: number): Partial<SlownessPolicy> {
  if (calm || seed % 3 === 0) return {}
  return { windowMs: electionTimeoutMs / 2, windows: 2, slowDiskMs: 10, slowTimerMs: 5, coolDownMs: 4 * electionTimeoutMs }
}

/** Per second, in the profile of that name. */
const CHURN_RATES = {
  partition: 1,
  oneWay: 0.3,
  bridge: 0.2,
  crash: 1.5,
  pause: 0.7,
  transfer: 0.7,
  handover: 0.3,
  change: 2,
  filter: 0.2,
  takeSnapshot: 0.5,
  clusterCrash: 0.05,
}

/**
 * Fast elections and many short faults: more changes of leaders, logs and configurations per second of computing than anything else. What
 * needs several of them in a row (paper, figure 8; a quorum of the wrong configuration) hardly ever comes about otherwise.
 */
function churned(plan: Plan, random: SeededRandom): Plan {
  const heartbeatIntervalMs = random.pick([10, 20, 30])
  const often = random.pick([1, 2, 4])
  const rates = { ...plan.rates, ...CHURN_RATES }
  for (const fault of Object.keys(CHURN_RATES) as (keyof typeof CHURN_RATES)[]) rates[fault] *= often
  return {
    ...plan,
    size: random.pick([3, 3, 4, 5, 5]),
    chaosMs: Math.round(10_000 + random.next() * 15_000),
    core: {
      ...plan.core,
      heartbeatIntervalMs,
      electionTimeoutMs: heartbeatIntervalMs * random.pick([3, 4, 5]),
      // Without it, members that were cut off come back in later terms.
      preVote: random.bool(0.7),
    },
    network: { ...plan.network, delayMs: 0.2 * 10 ** random.next(), tailMs: random.pick([0, 0.5, 3]), lossRate: plan.network.lossRate / 2 },
    workload: { ...plan.workload, clients: random.pick([3, 5, 8]), thinkMs: 50 + random.next() * 150, attemptTimeoutMs: 100 },
    crashPerCall: random.pick([0, 0.0002, 0.001]),
    rates,
  }
}

/** Leaders are cut off and come back while their successors die (see depose.ts); a few clients write a lot. */
function deposed(plan: Plan, random: SeededRandom): Plan {
  const { rates: _churn, ...quick } = churned(plan, random)
  return {
    ...quick,
    rates: { ...NO_FAULTS, change: random.pick([0, 0.5]), crash: 0.3, takeSnapshot: random.pick([0, 0.5]) },
    streams: { ...plan.streams, resetRate: 0, corruptionRate: 0 },
    network: { ...quick.network, duplicateRate: random.pick([0, 0.2]), lateCopyMs: random.pick([500, 3000]) },
    limits: { ...plan.limits, maxPendingProposals: 10_000 },
    workload: { ...quick.workload, clients: 8, parallel: 2, thinkMs: 20 + random.next() * 60, readRate: 0.3, keys: 10 },
  }
}

/** Reads that ask nobody, with clocks that differ by what the leases allow for. */
function withLeases(plan: Plan, random: SeededRandom): Plan {
  if (plan.profile !== 'leases' && !random.bool(0.25)) return plan
  return { ...plan, core: { ...plan.core, leaseReads: { maxClockDrift: plan.maxDrift ** 2 - 1 } } }
}

/** An election takes a few ms. */
const QUICK_NETWORK: NetworkConditions = { ...CALM_NETWORK, delayMs: 0.2, tailMs: 0.3 }
const QUICK_DISK: Partial<DiskConditions> = { syncMinMs: 0.1, syncTailMs: 0.2, slowCallRate: 0, slowCallMs: 0 }

/** A new leader is elected as soon as it may be, again and again, while the old one still answers; now and then hardly anything else happens. */
function leased(plan: Plan, random: SeededRandom): Plan {
  const quick = churned({ ...plan, maxDrift: random.pick([1, 1.1]) }, random)
  const heartbeatIntervalMs = random.pick([20, 50])
  const core = {
    ...quick.core,
    heartbeatIntervalMs,
    electionTimeoutMs: heartbeatIntervalMs * random.pick([4, 5, 7]),
    retryMs: random.pick([0, 5, 20]),
  }
  const busy = random.bool(0.3)
  const rates = busy
    ? { ...quick.rates, change: 0, handover: 1.5 * random.pick([1, 2]), crash: 2, usurp: 1 }
    : { ...NO_FAULTS, usurp: 3, handover: 0.3, crash: 0.1 }
  const workload = busy ? quick.workload : { ...quick.workload, clients: 3, parallel: 1, thinkMs: random.pick([100, 500]) }
  const conditions = busy ? {} : { network: QUICK_NETWORK, disk: QUICK_DISK, crashPerCall: 0, turnMs: 0 }
  return withLeases({ ...quick, core, rates, workload, ...conditions }, random)
}

/** One member, started again and again while many ask it: it has nobody to ask what it has forgotten. */
function lone(plan: Plan, random: SeededRandom): Plan {
  const disk = { syncMinMs: 1, syncTailMs: random.pick([1, 10]), slowCallRate: 0, slowCallMs: 0 }
  const core = { ...plan.core, heartbeatIntervalMs: 30, electionTimeoutMs: 100 }
  const sizes = { clients: 8, parallel: 2, keys: 10, thinkMs: 10 + random.next() * 30 }
  const workload = { ...plan.workload, ...sizes, readRate: 0.7, attemptTimeoutMs: 50 }
  const rates = { ...NO_FAULTS, crash: random.pick([1, 3]), clusterCrash: 0.1, takeSnapshot: random.pick([0, 0.3]) }
  return { ...plan, size: 1, chaosMs: 6000 + random.next() * 6000, core, disk, workload, rates, maxDrift: 1 }
}

/** What was asked for long ago, again and again, with little else that goes wrong: other faults would keep it from coming about. */
function late(plan: Plan, random: SeededRandom): Plan {
  const often = {
    lateHandover: 0.15,
    lateChunk: 0.5,
    lateSnapshot: 0.35,
    slowSender: plan.durableState ? 1.2 : 0.5,
    askCandidate: 0.3,
    takeSnapshot: 0.2,
    transfer: 0.1,
  }
  return {
    ...plan,
    size: random.pick([3, 3, 4, 5]),
    chaosMs: 20_000,
    core: {
      ...plan.core,
      heartbeatIntervalMs: 20,
      electionTimeoutMs: random.pick([80, 120]),
      snapshotChunkBytes: random.pick([100, 1000, 20_000]),
      preVote: random.bool(0.6),
      logCacheBytes: random.pick([0, 0, 100]),
    },
    storage: { ...plan.storage, cacheBytes: 0 },
    snapshots: { maxLogBytes: plan.durableState ? 400 : -1, trailingEntries: 0 },
    limits: { ...plan.limits, snapshotBytesPerSecond: random.pick([10_000, Infinity]) },
    network: { ...plan.network, delayMs: 0.5, tailMs: 0.5, lossRate: 0, duplicateRate: 0, holdRate: 0 },
    crashPerCall: 0,
    disk: { ...plan.disk, slowCallRate: 0 },
    rates: { ...NO_FAULTS, ...often },
    workload: { ...plan.workload, clients: 3, parallel: 1, thinkMs: 100, valueBytes: 20 },
  }
}

/** Clients whose sessions end while they wait for answers: what they repeat must not be done again. */
function shortSessions(plan: Plan, random: SeededRandom): Plan {
  const rates = { ...plan.rates, maroon: random.pick([0.5, 1, 2]) }
  const deadlines = { deadlineMinMs: 2500, deadlineMaxMs: 6000, attemptTimeoutMs: random.pick([50, 200]) }
  const sizes = { clients: random.pick([3, 5, 8]), parallel: random.pick([1, 2, 3]), thinkMs: 30 + random.next() * 100 }
  return { ...plan, rates, workload: { ...plan.workload, ...deadlines, ...sizes, sessionTtlMs: 1000, readRate: 0.2, abortRate: 0 } }
}

function drawUsual(random: SeededRandom, seed: number, profile: Profile): Plan {
  const between = (low: number, high: number): number => low + random.next() * (high - low)
  // Small numbers are as likely as large ones.
  const scaled = (low: number, high: number): number => low * (high / low) ** random.next()
  const calm = profile === 'calm' || profile === 'load'
  const size = profile === 'load' ? 5 : drawSize(random, profile)
  const heartbeatIntervalMs = profile === 'load' ? 100 : random.pick([30, 50, 50, 100, 100, 150])
  const electionTimeoutMs = profile === 'load' ? 500 : Math.round(heartbeatIntervalMs * random.pick([2, 3, 4, 5, 7, 10]))
  const cores = drawCore(random, scaled, calm)
  const smallSnapshots = profile === 'snapshots' || random.bool(0.5)
  return {
    seed,
    profile,
    calm,
    size,
    chaosMs: profile === 'load' ? 60_000 : Math.round(random.bool(0.1) ? between(20_000, 60_000) : between(6000, 20_000)),
    core: {
      heartbeatIntervalMs,
      electionTimeoutMs: calm ? Math.max(electionTimeoutMs, 4 * heartbeatIntervalMs) : electionTimeoutMs,
      ...cores,
      // Without it a member that is cut off becomes a candidate, whatever it is doing.
      preVote: cores.preVote === true && (profile !== 'snapshots' || random.bool(0.6)),
    },
    snapshots: smallSnapshots
      ? { maxLogBytes: Math.round(scaled(200, 20_000)), trailingEntries: random.pick([0, 0, 1, 5, 50]) }
      : { maxLogBytes: random.pick([-1, 100_000]), trailingEntries: random.pick([10, 100]) },
    slowness: {},
    durableState: false,
    gatherMs: 0,
    limits: {
      maxCommandBytes: 1024 * 1024,
      maxPendingProposals: calm ? 10_000 : random.pick([4, 50, 10_000]),
      maxPendingReads: calm ? 10_000 : random.pick([4, 50, 10_000]),
      maxApplyEntries: random.pick([1, 3, 100, 1024]),
      maxApplyBytes: random.pick([100, 4096, 1_000_000]),
      // Two members that need all of a state with its history must get it before a healed cluster is given up.
      snapshotBytesPerSecond: random.pick([100_000, 1_000_000, Infinity]),
    },
    storage: { segmentBytes: random.pick([4096, 4096, 8192, 16_384, 65_536]), cacheBytes: random.pick([0, 512, 8192, 1_000_000]) },
    ...forProfile(drawConditions(random, scaled, calm), profile, random),
    witnessShare: random.pick([0, 0.2, 0.5]),
    tellsRemoved: random.bool(0.7),
    rates: drawRates(random, profile, calm),
    workload: drawWorkload(random, scaled, calm, profile),
  }
}

function drawSize(random: SeededRandom, profile: Profile): number {
  if (profile === 'membership') return random.pick([3, 4, 5, 5, 7])
  return random.pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7])
}

function drawCore(random: SeededRandom, scaled: (low: number, high: number) => number, calm: boolean): Omit<CoreOptions, 'id' | 'random'> {
  const drawn = {
    maxMessageBytes: Math.round(scaled(50, 1_000_000)),
    maxEntriesPerMessage: random.pick([1, 2, 5, 64, 8192]),
    maxInflightMessages: random.pick([1, 2, 8, 64]),
    maxInflightBytes: Math.round(scaled(200, 1_000_000)),
    maxUncommittedBytes: calm ? 64 * 1024 * 1024 : Math.round(scaled(1000, 10_000_000)),
    maxPendingReads: calm ? 100_000 : random.pick([4, 100, 100_000]),
    logCacheBytes: random.pick([0, 100, 2000, 1_000_000]),
    snapshotChunkBytes: random.pick([64, 256, 1000, 20_000]),
    commitNotifyMs: random.pick([0, 5, 50]),
    retryMs: random.pick([0, 0, 0, 5, 40]),
    appendIntervalMs: random.pick([0, 0, 0, 2, 20]),
    preVote: calm || random.bool(0.9),
  }
  // Drawn from what is drawn already, so that seeds keep their meaning.
  return { ...drawn, snapshotWindowBytes: drawn.snapshotChunkBytes * drawn.maxInflightMessages }
}

/** Reads of snapshots that take as long as an election let roles change under a transfer. */
function forProfile(conditions: Conditions, profile: Profile, random: SeededRandom): Conditions {
  if (profile !== 'snapshots' || random.bool(0.3)) return conditions
  return { ...conditions, disk: { ...conditions.disk, slowCallRate: random.pick([0.2, 0.5]), slowCallMs: random.pick([100, 400]) } }
}

type Conditions = Pick<
  Plan,
  'network' | 'streams' | 'disk' | 'crashStyle' | 'killShare' | 'crashPerCall' | 'turnMs' | 'maxDrift' | 'requestTimeoutMs'
>

function drawConditions(random: SeededRandom, scaled: (low: number, high: number) => number, calm: boolean): Conditions {
  const on = (probability: number): boolean => !calm && random.bool(probability)
  const stretched = on(0.01) ? 10 : 1
  return {
    network: {
      delayMs: calm ? 1 : scaled(0.1, 10) * stretched,
      tailMs: calm ? 0.5 : random.pick([0, 1, 5, 20]) * stretched,
      lossRate: on(0.5) ? random.next() * random.next() * 0.3 : 0,
      duplicateRate: on(0.5) ? random.next() * 0.2 : 0,
      lateCopyMs: random.pick([10, 500, 3000, 10_000]),
      holdRate: on(0.4) ? random.next() * 0.05 : 0,
      ordered: calm || random.bool(),
      closeHints: false,
    },
    streams: {
      delayMs: scaled(0.1, 5),
      tailMs: random.pick([0, 0.5, 5]),
      resetRate: on(0.4) ? random.next() * 0.01 : 0,
      maxPieceBytes: random.bool(0.3) ? random.pick([1, 7, 40]) : Infinity,
      corruptionRate: on(0.2) ? random.next() * 0.003 : 0,
    },
    disk: {
      syncMinMs: random.pick([0, 0.1, 1]),
      syncTailMs: calm ? 0.5 : random.pick([0, 0.5, 3, 10]),
      slowCallRate: on(0.4) ? random.pick([0.02, 0.2, 0.7]) : 0,
      slowCallMs: random.pick([0.5, 5, 100]),
    },
    crashStyle: { lost: 0.4, prefix: 0.2, subset: 0.2, torn: 0.2 },
    killShare: random.pick([0, 0.3, 1]),
    crashPerCall: on(0.5) ? scaled(0.0005, 0.02) : 0,
    turnMs: random.pick([0, 0, 0.05, 0.5]),
    maxDrift: random.pick([1, 1.02, 1.1]),
    requestTimeoutMs: calm ? 10_000 : random.pick([300, 2000, 10_000]),
  }
}

function drawRates(random: SeededRandom, profile: Profile, calm: boolean): FaultRates {
  const rates: Record<FaultName, number> = { ...FULL_RATES }
  const always = new Set(ALWAYS[profile])
  for (const fault of FAULTS) {
    const share = profile === 'membership' && DISK.includes(fault) ? 0.1 : fault === 'change' ? 0.4 : 0.35
    const on = !calm && (always.has(fault) || random.bool(share))
    rates[fault] = on ? FULL_RATES[fault] * (0.1 + 0.9 * random.next()) * (always.has(fault) ? 1.5 : 1) : 0
  }
  return rates
}

function drawWorkload(random: SeededRandom, scaled: (low: number, high: number) => number, calm: boolean, profile: Profile): WorkloadPlan {
  if (profile === 'load') return { ...CALM_WORKLOAD, clients: 10, thinkMs: 200 }
  const deadlineMinMs = calm ? 8000 : random.pick([50, 200, 1000])
  return {
    clients: random.pick([3, 3, 5, 8, 12, 20]),
    parallel: random.pick([1, 1, 2, 3]),
    keys: random.pick([2, 3, 5, 10]),
    thinkMs: scaled(100, 1000),
    deadlineMinMs,
    deadlineMaxMs: calm ? 20_000 : Math.max(deadlineMinMs, random.pick([500, 2000, 5000])),
    attemptTimeoutMs: calm ? 2000 : random.pick([50, 200, 1000]),
    sessionTtlMs: calm ? 60_000 : random.pick([1000, 5000, 60_000]),
    valueBytes: random.pick([0, 0, 20, 300]),
    abortRate: calm ? 0 : random.pick([0, 0, 0.05]),
    callsPerKey: random.pick([20, 60, 100]),
    staleReadRate: random.pick([0, 0.1]),
    readRate: random.pick([0.2, 0.4, 0.7]),
  }
}

const CALM_WORKLOAD: WorkloadPlan = {
  clients: 5,
  parallel: 1,
  keys: 5,
  thinkMs: 200,
  deadlineMinMs: 8000,
  deadlineMaxMs: 20_000,
  attemptTimeoutMs: 2000,
  sessionTtlMs: 60_000,
  valueBytes: 20,
  abortRate: 0,
  callsPerKey: 100,
  staleReadRate: 0,
  readRate: 0.5,
}
