import { formatAddress, type HostPort, isLoopback, parseAddress } from '@balsa/host'
import { BalsaError, type Member, type MemberId } from '@balsa/raft'
import type { AutoCompactionSetting } from './auto-compaction.js'
import type { ClientLimits } from './client-limits.js'
import { parseDuration } from './duration.js'
import {
  booleanFlag,
  choiceFlag,
  configError,
  type FlagName,
  FLAGS,
  flagText,
  integerFlag,
  type RawFlags,
  readFlags,
  unknownEnvironment,
} from './flags.js'
import { clusterIdOf, type FoundingMember, memberIdOf } from './ids.js'
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './logger.js'

/** Everything that a member process is told. Times in ms, sizes in bytes. */
export interface ServerConfig {
  readonly name: string
  readonly dataDir: string
  readonly listenPeer: HostPort
  readonly listenClient: HostPort
  /** `host:port` under which clients reach this member. */
  readonly advertiseClient: string
  /** `host:port` under which the other members reach this one. */
  readonly advertisePeer: string
  /** What to do with an empty data directory: found a cluster, or join a running one. */
  readonly state: 'new' | 'existing'
  /** Client addresses of the cluster to join. */
  readonly join: readonly string[]
  readonly clusterId: number
  readonly memberId: MemberId
  /** The founding members, this one among them, sorted by name. */
  readonly members: readonly Member[]
  readonly heartbeatIntervalMs: number
  readonly electionTimeoutMs: number
  /** Null: off. */
  readonly leaseReads: { readonly maxClockDrift: number } | null
  /** A slow leader hands its leadership over by itself. */
  readonly automaticTransfer: boolean
  /** -1: no snapshots. */
  readonly maxLogBytes: number
  readonly maxRequestBytes: number
  readonly clientLimits: Pick<ClientLimits, 'maxConnections' | 'maxConnectionsPerAddress'>
  /** Infinity: no limit. */
  readonly quotaBackendBytes: number
  /** Null: old revisions go by the limits of the store alone. */
  readonly autoCompaction: AutoCompactionSetting | null
  readonly watchProgressIntervalMs: number
  /** Origins of web pages; `*` = all. */
  readonly corsOrigins: readonly string[]
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  /** Listening beyond loopback is allowed. */
  readonly insecure: boolean
  /** What the operator should hear although it stops nothing. */
  readonly warnings: readonly string[]
}

const MAX_NAME_LENGTH = 64
const MAX_FOUNDING_MEMBERS = 15

/** What a cluster of one is called when nobody names it; `openStore` uses the same, so that both can open the same directory. */
export const DEFAULT_IDENTITY = { name: 'default', token: 'balsa-cluster', peerAddress: '127.0.0.1:2380' } as const

/**
 * Command line over environment over defaults. Throws CONFIG (fatal) whose message is one line that names the flag, the value and what is
 * wrong with it.
 */
export function parseConfig(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): ServerConfig {
  const raw = readFlags(args, environment)
  const name = memberName(flagText(raw, 'name') ?? '', '--name')
  const addresses = readAddresses(raw)
  const founding = readFounding(raw, name, addresses)
  const token = flagText(raw, 'initial-cluster-token') ?? ''
  if (!/^[\x21-\x7e]{1,128}$/.test(token)) throw configError('--initial-cluster-token must be 1 to 128 printable characters without spaces')
  const times = readTimes(raw)
  const members = configured(token, founding)
  return {
    name,
    dataDir: readDataDir(raw, name),
    listenPeer: addresses.listenPeer,
    listenClient: addresses.listenClient,
    advertiseClient: addresses.advertiseClient,
    advertisePeer: addresses.advertisePeer,
    ...readState(raw),
    clusterId: clusterIdOf(token, founding),
    memberId: memberIdOf(token, name),
    members,
    ...times,
    leaseReads: readLeases(raw, times),
    automaticTransfer: booleanFlag(raw, 'automatic-transfer'),
    maxLogBytes: integerFlag(raw, 'max-log-bytes'),
    maxRequestBytes: integerFlag(raw, 'max-request-bytes'),
    clientLimits: {
      maxConnections: integerFlag(raw, 'max-connections'),
      maxConnectionsPerAddress: integerFlag(raw, 'max-connections-per-address'),
    },
    quotaBackendBytes: readQuota(raw),
    autoCompaction: readAutoCompaction(raw),
    watchProgressIntervalMs: readProgressInterval(raw),
    corsOrigins: readOrigins(raw),
    logLevel: choiceFlag(raw, 'log-level', LOG_LEVELS),
    logFormat: choiceFlag(raw, 'log-format', LOG_FORMATS),
    insecure: booleanFlag(raw, 'insecure'),
    warnings: [...unknownEnvironment(environment), ...adviceOn(members, times)],
  }
}

/** Members and identity of a cluster of one. */
export function soleMember(options: { readonly name?: string; readonly token?: string; readonly address?: string } = {}): {
  readonly clusterId: number
  readonly memberId: MemberId
  readonly members: readonly Member[]
} {
  const { name = DEFAULT_IDENTITY.name, token = DEFAULT_IDENTITY.token, address = DEFAULT_IDENTITY.peerAddress } = options
  const founding: FoundingMember = { name: memberName(name, 'name'), address: formatAddress(readAddress('address', address)) }
  return { clusterId: clusterIdOf(token, [founding]), memberId: memberIdOf(token, name), members: configured(token, [founding]) }
}

/** Where clients reach a member is not part of what is founded: members tell each other when they connect. */
const configured = (token: string, founding: readonly FoundingMember[]): readonly Member[] =>
  founding.map(({ name, address }) => ({ id: memberIdOf(token, name), name, address, clientAddress: '' }))

interface Addresses {
  readonly listenPeer: HostPort
  readonly advertisePeer: string
  readonly listenClient: HostPort
  readonly advertiseClient: string
}

function readAddresses(raw: RawFlags): Addresses {
  const insecure = booleanFlag(raw, 'insecure')
  const listenPeer = listenAddress(raw, 'listen-peer-urls', insecure)
  const listenClient = listenAddress(raw, 'listen-client-urls', insecure)
  const advertisePeer = advertised(raw, 'initial-advertise-peer-urls', 'listen-peer-urls', listenPeer)
  const advertiseClient = advertised(raw, 'advertise-client-urls', 'listen-client-urls', listenClient)
  if (overlap(listenPeer, listenClient))
    throw configError(`--listen-peer-urls and --listen-client-urls are both ${formatAddress(listenPeer)}: they need different ports`)
  if (sameAddress(advertisePeer, advertiseClient)) {
    throw configError(`--initial-advertise-peer-urls and --advertise-client-urls are both ${advertisePeer}: they need different ports`)
  }
  return { listenPeer, advertisePeer, listenClient, advertiseClient }
}

function listenAddress(raw: RawFlags, flag: FlagName, insecure: boolean): HostPort {
  const address = readAddress(`--${flag}`, flagText(raw, flag) ?? '')
  if (!insecure && !isLoopback(address.host) && address.host !== 'localhost') {
    throw configError(
      `--${flag} ${formatAddress(address)} is not a loopback address, and there is no TLS and no authentication yet: everybody who reaches it could read and write all data`,
      'Listen on 127.0.0.1, or give --insecure when the network between members and clients is private.',
    )
  }
  return address
}

function advertised(raw: RawFlags, flag: FlagName, listenFlag: FlagName, listen: HostPort): string {
  const text = flagText(raw, flag)
  if (text !== null) return formatAddress(readAddress(`--${flag}`, text))
  if (isWildcard(listen.host)) {
    throw configError(
      `--${listenFlag} ${formatAddress(listen)} listens on all addresses: --${flag} must say under which one others reach this member`,
    )
  }
  return formatAddress(listen)
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** Whether both cannot be listened on at the same time. */
const overlap = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && (loopbackName(a.host) === loopbackName(b.host) || isWildcard(a.host) || isWildcard(b.host))

/** `localhost` and 127.0.0.1 are the same place under two names. */
const loopbackName = (host: string): string => (host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.toLowerCase())

function sameAddress(a: string, b: string): boolean {
  const [one, other] = [parseAddress(a), parseAddress(b)]
  return one.port === other.port && loopbackName(one.host) === loopbackName(other.host)
}

function readAddress(flag: string, text: string): HostPort {
  if (/^https:/i.test(text)) throw configError(`${flag} ${JSON.stringify(text.slice(0, 100))}: there is no TLS yet, write http://`)
  if (text.includes(',')) throw configError(`${flag} must be one address, not several: ${JSON.stringify(text.slice(0, 100))}`)
  try {
    return parseAddress(text)
  } catch (error) {
    if (!(error instanceof BalsaError)) throw error
    throw configError(`${flag}: ${error.message}`, error.hint)
  }
}

function memberName(name: string, flag: string): string {
  if (name.length > MAX_NAME_LENGTH || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw configError(
      `${flag} must be 1 to ${MAX_NAME_LENGTH} letters, digits, dots, dashes or underscores, not ${JSON.stringify(name.slice(0, 100))}`,
    )
  }
  return name
}

function readDataDir(raw: RawFlags, name: string): string {
  const directory = flagText(raw, 'data-dir') ?? `${name}.balsa`
  if (directory === '' || directory.includes('\0')) throw configError('--data-dir must name a directory')
  return directory
}

/** `name=url,name=url` as a map. */
function readPairs(raw: RawFlags, flag: FlagName): ReadonlyMap<string, string> {
  const text = flagText(raw, flag)
  const pairs = new Map<string, string>()
  if (text === null) return pairs
  for (const part of text.split(',')) {
    const equals = part.indexOf('=')
    if (equals < 0) throw configError(`--${flag}: ${JSON.stringify(part.slice(0, 100))} is not name=url`)
    const name = memberName(part.slice(0, equals).trim(), `--${flag}: a name`)
    if (pairs.has(name)) throw configError(`--${flag} lists ${name} twice: a member has one address`)
    pairs.set(name, formatAddress(readAddress(`--${flag}: ${name}`, part.slice(equals + 1).trim())))
  }
  return pairs
}

function readFounding(raw: RawFlags, name: string, { advertisePeer }: Addresses): readonly FoundingMember[] {
  const given = readPairs(raw, 'initial-cluster')
  const peers = given.size === 0 ? new Map([[name, advertisePeer]]) : given
  const own = peers.get(name)
  const listed = [...peers].map(([member, address]) => `${member}=${address}`).join(',')
  if (own === undefined) throw configError(`--initial-cluster (${listed}) does not list this member, --name ${name}`)
  if (own !== advertisePeer) {
    throw configError(
      `--initial-cluster says ${name}=${own}, but this member's peer address is ${advertisePeer} (--initial-advertise-peer-urls or --listen-peer-urls)`,
    )
  }
  if (peers.size > MAX_FOUNDING_MEMBERS)
    throw configError(`--initial-cluster lists ${peers.size} members, the limit is ${MAX_FOUNDING_MEMBERS}`)
  const listedMembers = [...peers].map(([member, address]): FoundingMember => ({ name: member, address }))
  checkDistinct(listedMembers)
  return listedMembers.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function checkDistinct(members: readonly FoundingMember[]): void {
  members.forEach((one, at) => {
    const other = members.slice(0, at).find(({ address }) => sameAddress(address, one.address))
    if (other !== undefined) throw configError(`--initial-cluster gives ${other.name} and ${one.name} the same address ${one.address}`)
  })
}

/** Naming a cluster to join is saying that there is one. */
/** 0 and -1 mean that there is none, as in etcd -1 does. */
function readQuota(raw: RawFlags): number {
  const bytes = integerFlag(raw, 'quota-backend-bytes')
  return bytes > 0 ? bytes : Number.POSITIVE_INFINITY
}

function readState(raw: RawFlags): { readonly state: 'new' | 'existing'; readonly join: readonly string[] } {
  const given = choiceFlag(raw, 'initial-cluster-state', ['new', 'existing'])
  const text = flagText(raw, 'join')
  if (text === null) return { state: given, join: [] }
  if (given === 'new' && raw.has('initial-cluster-state')) {
    throw configError('--join names a running cluster, but --initial-cluster-state is new', 'Leave one of the two out.')
  }
  const join = text.split(',').map((part) => formatAddress(readAddress('--join', part.trim())))
  return { state: 'existing', join: [...new Set(join)] }
}

function readAutoCompaction(raw: RawFlags): AutoCompactionSetting | null {
  const mode = choiceFlag(raw, 'auto-compaction-mode', ['periodic', 'revision'])
  const text = flagText(raw, 'auto-compaction-retention') ?? '0'
  const wrong = (what: string): BalsaError =>
    configError(`--auto-compaction-retention must be ${what}, not ${JSON.stringify(text.slice(0, 100))}`)
  if (text === '0') return null
  if (mode === 'revision') {
    if (!/^[1-9]\d{0,14}$/.test(text)) throw wrong('a number of revisions')
    return { mode, retention: Number(text) }
  }
  const retentionMs = parseDuration(/^\d+$/.test(text) ? `${text}h` : text)
  if (retentionMs === null || retentionMs < 1000) throw wrong('a duration of a second or more, such as 72h or 30m, or a number of hours')
  return { mode, retentionMs }
}

function readOrigins(raw: RawFlags): readonly string[] {
  const origins = (flagText(raw, 'cors') ?? '').split(',').filter((origin) => origin !== '')
  for (const origin of origins)
    if (origin !== '*' && !/^https?:\/\/[^/\s]+$/.test(origin))
      throw configError(`--cors: ${JSON.stringify(origin.slice(0, 100))} is not an origin such as http://localhost:8080`)
  return origins
}

function readProgressInterval(raw: RawFlags): number {
  const text = flagText(raw, 'watch-progress-notify-interval') ?? ''
  const intervalMs = parseDuration(text)
  if (intervalMs === null || intervalMs < 100)
    throw configError(`--watch-progress-notify-interval must be 100ms or more, not ${JSON.stringify(text.slice(0, 100))}`)
  return intervalMs
}

function readTimes(raw: RawFlags): { readonly heartbeatIntervalMs: number; readonly electionTimeoutMs: number } {
  const heartbeatIntervalMs = integerFlag(raw, 'heartbeat-interval')
  const electionTimeoutMs = integerFlag(raw, 'election-timeout')
  if (electionTimeoutMs < 2 * heartbeatIntervalMs) {
    throw configError(
      `--election-timeout (${electionTimeoutMs} ms) must be at least twice --heartbeat-interval (${heartbeatIntervalMs} ms), better five times`,
    )
  }
  return { heartbeatIntervalMs, electionTimeoutMs }
}

/** A lease that has ended before the next heart-beat can renew it is none. */
function readLeases(
  raw: RawFlags,
  { heartbeatIntervalMs, electionTimeoutMs }: { readonly heartbeatIntervalMs: number; readonly electionTimeoutMs: number },
): { readonly maxClockDrift: number } | null {
  const percent = integerFlag(raw, 'max-clock-drift')
  if (!booleanFlag(raw, 'lease-reads')) {
    if (percent !== Number(FLAGS['max-clock-drift'].default)) throw configError('--max-clock-drift says nothing without --lease-reads')
    return null
  }
  const leaseMs = electionTimeoutMs / (1 + percent / 100)
  if (leaseMs < 2 * heartbeatIntervalMs) {
    throw configError(
      `--max-clock-drift ${percent} leaves leases of ${Math.floor(leaseMs)} ms (--election-timeout ${electionTimeoutMs} ms), less than two heart-beats (--heartbeat-interval ${heartbeatIntervalMs} ms): none would hold`,
    )
  }
  return { maxClockDrift: percent / 100 }
}

function adviceOn(
  members: readonly Member[],
  times: { readonly heartbeatIntervalMs: number; readonly electionTimeoutMs: number },
): readonly string[] {
  const advice: string[] = []
  if (members.length % 2 === 0) {
    advice.push(
      `${members.length} members survive the loss of ${Math.ceil(members.length / 2) - 1}, no more than ${members.length - 1} would: an odd number is better`,
    )
  }
  if (times.electionTimeoutMs < 5 * times.heartbeatIntervalMs) {
    advice.push('the election time-out is less than five heart-beats: a short pause can cause an election')
  }
  return advice
}
