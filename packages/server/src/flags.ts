/** The flags of `balsad` as data: parsing, `--help` and the documents all come from this table. */
import { BalsaError, DEFAULT_ELECTION_TIMEOUT_MS, DEFAULT_HEARTBEAT_INTERVAL_MS } from '@balsa/raft'
import { DEFAULT_CLIENT_LIMITS } from './client-limits.js'
import { LOG_FORMATS, LOG_LEVELS } from './logger.js'
import { type ForeignFlag, foreignFlag, NEW_NAMES } from './foreign-flags.js'
import { nearest } from './nearest.js'

interface FlagBase {
  readonly help: string
  /** As text, as the operator would write it. Absent: there is none, or it follows from other flags (then `help` says so). */
  readonly default?: string
  /** What stands for the value in --help. */
  readonly value: string
}

export type Flag = FlagBase &
  (
    | { readonly kind: 'text' }
    | { readonly kind: 'boolean' }
    | { readonly kind: 'integer'; readonly min: number; readonly max: number }
    | { readonly kind: 'choice'; readonly choices: readonly string[] }
  )

const MIB = 1024 * 1024
/** As the replicated data model has it (MAX_REQUEST_BYTES of @balsa/kv); a member may take less, never more. */
const LARGEST_REQUEST_BYTES = 1536 * 1024

export const FLAGS = {
  name: { kind: 'text', value: 'name', default: 'default', help: 'Name of this member.' },
  'data-dir': {
    kind: 'text',
    value: 'directory',
    help: 'Where log and snapshots are kept; created for the owner only. Default: NAME.balsa',
  },
  'listen-peer-urls': { kind: 'text', value: 'url', default: 'http://127.0.0.1:2380', help: 'Address to listen on for the other members.' },
  'initial-advertise-peer-urls': {
    kind: 'text',
    value: 'url',
    help: 'Address under which the other members reach this one. Default: the listen address.',
  },
  'listen-client-urls': {
    kind: 'text',
    value: 'url',
    default: 'http://127.0.0.1:2379',
    help: 'Address to listen on for clients, health and metrics.',
  },
  'advertise-client-urls': {
    kind: 'text',
    value: 'url',
    help: 'Address under which clients reach this member. Default: the listen address.',
  },
  'initial-cluster': {
    kind: 'text',
    value: 'name=url,...',
    help: 'All founding members with their peer addresses; the same on each. Default: this member alone. A restart ignores it.',
  },
  'initial-cluster-token': {
    kind: 'text',
    value: 'token',
    default: 'balsa-cluster',
    help: 'Makes ids differ between clusters whose members have equal names.',
  },
  'initial-cluster-state': {
    kind: 'choice',
    value: 'state',
    choices: ['new', 'existing'],
    default: 'new',
    help: 'What a member with an empty data directory does: found a cluster, or join one (existing). A restart ignores it.',
  },
  join: {
    kind: 'text',
    value: 'host:port,...',
    help: 'Client addresses of the running cluster that this member joins; it must be listed there already (balsactl member add).',
  },
  'heartbeat-interval': {
    kind: 'integer',
    value: 'ms',
    min: 5,
    max: 10_000,
    default: String(DEFAULT_HEARTBEAT_INTERVAL_MS),
    help: 'How often an idle leader is heard.',
  },
  'election-timeout': {
    kind: 'integer',
    value: 'ms',
    min: 10,
    max: 50_000,
    default: String(DEFAULT_ELECTION_TIMEOUT_MS),
    help: 'Silence after which a member campaigns; drawn between this and twice this.',
  },
  'lease-reads': {
    kind: 'boolean',
    value: '',
    default: 'false',
    help: 'The leader answers linearizable reads alone while a majority has confirmed it lately. Trusts the clocks; the same on every member.',
  },
  'max-clock-drift': {
    kind: 'integer',
    value: 'percent',
    min: 1,
    max: 1000,
    default: '10',
    help: 'With --lease-reads: no clock of a member runs faster than that of another by more than this. The same on every member.',
  },
  'automatic-transfer': {
    kind: 'boolean',
    value: '',
    default: 'true',
    help: 'A leader whose disk or event loop is slow for five seconds hands its leadership to a member that is not.',
  },
  'max-log-bytes': {
    kind: 'integer',
    value: 'bytes',
    min: -1,
    max: 1024 * 1024 * MIB,
    default: String(64 * MIB),
    help: 'Log size that triggers a snapshot and compaction; -1 = never.',
  },
  'quota-backend-bytes': {
    kind: 'integer',
    value: 'bytes',
    min: -1,
    max: 1024 * 1024 * 1024 * MIB,
    default: '0',
    help: 'What the store may take on disk: above it writes that add are refused (NO_SPACE) until something was deleted and compacted; 0 or -1 = no limit.',
  },
  'max-request-bytes': {
    kind: 'integer',
    value: 'bytes',
    min: 1024,
    max: LARGEST_REQUEST_BYTES,
    default: String(LARGEST_REQUEST_BYTES),
    help: 'Largest key and value together in one request.',
  },
  'max-connections': {
    kind: 'integer',
    value: 'count',
    min: 16,
    max: 1_000_000,
    default: String(DEFAULT_CLIENT_LIMITS.maxConnections),
    help: 'Clients that may be connected at a time; an idle one costs about 10 KiB. Fewer when the process may not open as many files.',
  },
  'max-connections-per-address': {
    kind: 'integer',
    value: 'count',
    min: 1,
    max: 1_000_000,
    default: String(DEFAULT_CLIENT_LIMITS.maxConnectionsPerAddress),
    help: 'The same from one address.',
  },
  'log-level': { kind: 'choice', value: 'level', choices: LOG_LEVELS, default: 'info', help: 'Least important lines to write.' },
  'log-format': {
    kind: 'choice',
    value: 'format',
    choices: LOG_FORMATS,
    default: 'json',
    help: 'Lines for machines (json) or for people (pretty).',
  },
  'auto-compaction-mode': {
    kind: 'choice',
    value: 'mode',
    choices: ['periodic', 'revision'],
    default: 'periodic',
    help: 'What --auto-compaction-retention counts: time, or revisions.',
  },
  'auto-compaction-retention': {
    kind: 'text',
    value: 'retention',
    default: '0',
    help: 'Old revisions are compacted when they are older than this (72h, 30m; a bare number is hours), or more than so many; 0 = only beyond the limits of the store.',
  },
  'watch-progress-notify-interval': {
    kind: 'text',
    value: 'duration',
    default: '10m',
    help: "How often a watch of etcd's API that asked for it hears that nothing has happened; 100ms or more.",
  },
  cors: {
    kind: 'text',
    value: 'origin,...',
    default: '',
    help: "Web pages that browsers may let in to etcd's JSON gateway, such as http://localhost:8080; * = all.",
  },
  insecure: {
    kind: 'boolean',
    value: '',
    default: 'false',
    help: 'Allow listening beyond loopback although there is no TLS and no authentication yet.',
  },
} as const satisfies Record<string, Flag>

export type FlagName = keyof typeof FLAGS
export const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[]

export const configError = (message: string, hint?: string): BalsaError =>
  new BalsaError('CONFIG', message, hint === undefined ? {} : { hint })

export const environmentName = (flag: FlagName): string => `BALSA_${flag.toUpperCase().replaceAll('-', '_')}`

export type RawFlags = ReadonlyMap<FlagName, { readonly text: string; readonly source: string }>

const isFlagName = (name: string): name is FlagName => Object.hasOwn(FLAGS, name)

/** The same flag as etcd's environment names it. */
const etcdEnvironmentName = (flag: string): string => `ETCD_${flag.toUpperCase().replaceAll('-', '_')}`

/**
 * Command line over environment (BALSA_ over ETCD_), all as text. Flags of etcd that change nothing here are passed over. Throws CONFIG (fatal) for unknown flags (with the nearest known one), for flags that are given
 * twice, without a value, and for arguments that are no flags.
 */
export function readFlags(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): RawFlags {
  const raw = new Map<FlagName, { readonly text: string; readonly source: string }>()
  const older = [...NEW_NAMES].map(([old, name]) => [etcdEnvironmentName(old), name as FlagName] as const)
  const sources = [
    ...older,
    ...FLAG_NAMES.flatMap((name) => [etcdEnvironmentName(name), environmentName(name)].map((source) => [source, name] as const)),
  ]
  for (const [source, name] of sources) {
    const text = environment[source]
    if (text !== undefined) raw.set(name, { text, source })
  }
  for (const [source, text] of Object.entries(environment)) {
    const foreign =
      /^ETCD_[A-Z_]+$/.test(source) && text !== undefined ? foreignFlag(source.slice(5).toLowerCase().replaceAll('_', '-')) : null
    if (foreign !== null) checkForeign(foreign, text ?? '', source)
  }
  const seen = new Set<FlagName>()
  for (let at = 0; at < args.length; at++) {
    const split = splitFlag(args[at] ?? '')
    const foreign = foreignFlag(split.name)
    if (foreign !== null) {
      const bare = split.value === null && (args[at + 1] === undefined || /^--?[a-z]/.test(args[at + 1] ?? ''))
      checkForeign(foreign, split.value ?? (bare ? 'true' : (args[++at] ?? '')), `--${split.name}`)
      continue
    }
    if (!isFlagName(split.name)) throw unknownFlag(split.name)
    const { value } = split
    const { name } = split as { readonly name: FlagName }
    if (seen.has(name)) throw configError(`--${name} is given twice`)
    seen.add(name)
    let text = value
    if (text === null) text = FLAGS[name].kind === 'boolean' ? 'true' : (args[++at] ?? null)
    if (text === null || (value === null && /^--[a-z]/.test(text))) throw configError(`--${name} needs a value: <${FLAGS[name].value}>`)
    raw.set(name, { text, source: `--${name}` })
  }
  return raw
}

function splitFlag(argument: string): { readonly name: string; readonly value: string | null } {
  const match = /^--?(\w[\w-]*)(?:=([\s\S]*))?$/.exec(argument)
  const name = match?.[1]
  if (name === undefined)
    throw configError(`unexpected argument ${JSON.stringify(argument.slice(0, 100))}`, 'balsad takes flags only; see balsad --help')
  return { name: NEW_NAMES.get(name) ?? name, value: match?.[2] ?? null }
}

function unknownFlag(name: string): BalsaError {
  const meant = nearest(name, FLAG_NAMES)
  return configError(
    `unknown flag --${name.slice(0, 100)}${meant === null ? '' : `: did you mean --${meant}?`}`,
    'balsad --help lists all flags',
  )
}

/** Throws CONFIG when it asks for something that is not there. */
function checkForeign(foreign: ForeignFlag, text: string, source: string): void {
  if (foreign.refused !== undefined && !(foreign.allowed ?? []).includes(text))
    throw configError(`${source}${text === '' ? '' : ` ${JSON.stringify(text.slice(0, 100))}`}: ${foreign.refused}`)
}

/** BALSA_ variables that no part of Balsa reads, and ETCD_ ones that are nearly a flag: most likely a slip of the pen, which should not pass in silence. */
export function unknownEnvironment(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = [...FLAG_NAMES.map(environmentName), 'BALSA_ENDPOINTS']
  return Object.keys(environment)
    .filter((name) => /^(?:BALSA|ETCD)_/.test(name) && !known.includes(name))
    .flatMap((name) => {
      const etcds = name.startsWith('ETCD_')
      const flag = name.slice('ETCD_'.length).toLowerCase().replaceAll('_', '-')
      if (etcds && (FLAG_NAMES.some((known) => known === flag) || foreignFlag(flag) !== null || NEW_NAMES.has(flag))) return []
      const meant = nearest(name, etcds ? FLAG_NAMES.map(etcdEnvironmentName) : known)
      // Whoever runs containers has ETCD_ variables that are meant for others.
      if (etcds && meant === null) return []
      return [`environment variable ${name} is not known${meant === null ? '' : `: did you mean ${meant}?`}`]
    })
}

/** Text of a flag from wherever it was given; null when nowhere and it has no default. */
export function flagText(raw: RawFlags, name: FlagName): string | null {
  const flag: Flag = FLAGS[name]
  return raw.get(name)?.text ?? flag.default ?? null
}

/** Where a value came from, for errors. */
const sourceOf = (raw: RawFlags, name: FlagName): string => raw.get(name)?.source ?? `--${name}`

export function integerFlag(raw: RawFlags, name: FlagName): number {
  const flag: Flag = FLAGS[name]
  if (flag.kind !== 'integer') throw configError(`--${name} is not a number`)
  const text = flagText(raw, name) ?? ''
  const value = /^(?:0|-?[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value) || value < flag.min || value > flag.max) {
    throw configError(
      `${sourceOf(raw, name)} must be an integer from ${flag.min} to ${flag.max} (${flag.value}), not ${JSON.stringify(text.slice(0, 100))}`,
    )
  }
  return value
}

export function choiceFlag<const C extends string>(raw: RawFlags, name: FlagName, choices: readonly C[]): C {
  const text = flagText(raw, name) ?? ''
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined)
    throw configError(`${sourceOf(raw, name)} must be ${choices.join(' or ')}, not ${JSON.stringify(text.slice(0, 100))}`)
  return choice
}

export const booleanFlag = (raw: RawFlags, name: FlagName): boolean => choiceFlag(raw, name, ['true', 'false']) === 'true'

/** The table for --help and the documents. */
export function describeFlags(): readonly { readonly flag: string; readonly environment: string; readonly help: string }[] {
  return FLAG_NAMES.map((name) => {
    const flag: Flag = FLAGS[name]
    const choices = flag.kind === 'choice' ? ` One of ${flag.choices.join(', ')}.` : ''
    const standard = flag.default === undefined ? '' : ` Default: ${flag.default}`
    return {
      flag: `--${name}${flag.value === '' ? '' : ` <${flag.value}>`}`,
      environment: environmentName(name),
      help: `${flag.help}${choices}${standard}`,
    }
  })
}
