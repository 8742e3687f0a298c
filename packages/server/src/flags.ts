/** The flags of `balsad` as data: parsing, `--help` and the documents all come from this table. */
import { BalsaError, DEFAULT_ELECTION_TIMEOUT_MS, DEFAULT_HEARTBEAT_INTERVAL_MS } from '@balsa/raft'
import { LOG_FORMATS, LOG_LEVELS } from './logger.js'
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
  'max-request-bytes': {
    kind: 'integer',
    value: 'bytes',
    min: 1024,
    max: LARGEST_REQUEST_BYTES,
    default: String(LARGEST_REQUEST_BYTES),
    help: 'Largest key and value together in one request.',
  },
  'log-level': { kind: 'choice', value: 'level', choices: LOG_LEVELS, default: 'info', help: 'Least important lines to write.' },
  'log-format': {
    kind: 'choice',
    value: 'format',
    choices: LOG_FORMATS,
    default: 'json',
    help: 'Lines for machines (json) or for people (pretty).',
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

/** Flags of etcd that mean something here under another name, or nothing yet. */
const FOREIGN_FLAGS = new Map<string, string>([
  ['snapshot-count', 'balsad compacts by size: use --max-log-bytes'],
  ['wal-dir', 'balsad keeps the log in --data-dir'],
  ['quota-backend-bytes', 'balsad has no quota yet'],
  ['auto-compaction-retention', 'balsad keeps no old revisions yet'],
  ['auto-compaction-mode', 'balsad keeps no old revisions yet'],
  ['cert-file', 'balsad has no TLS yet'],
  ['key-file', 'balsad has no TLS yet'],
  ['trusted-ca-file', 'balsad has no TLS yet'],
  ['peer-cert-file', 'balsad has no TLS yet'],
  ['peer-key-file', 'balsad has no TLS yet'],
  ['peer-trusted-ca-file', 'balsad has no TLS yet'],
  ['force-new-cluster', 'after the loss of a majority: balsactl recover --data-dir DIRECTORY, while the member is stopped'],
  ['config-file', 'balsad is configured by flags and environment only'],
  ['listen-metrics-urls', 'metrics are served on the client address'],
])

export const configError = (message: string, hint?: string): BalsaError =>
  new BalsaError('CONFIG', message, hint === undefined ? {} : { hint })

export const environmentName = (flag: FlagName): string => `BALSA_${flag.toUpperCase().replaceAll('-', '_')}`

export type RawFlags = ReadonlyMap<FlagName, { readonly text: string; readonly source: string }>

const isFlagName = (name: string): name is FlagName => Object.hasOwn(FLAGS, name)

/**
 * Command line over environment, both as text. Throws CONFIG (fatal) for unknown flags (with the nearest known one), for flags that are given
 * twice, without a value, and for arguments that are no flags.
 */
export function readFlags(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): RawFlags {
  const raw = new Map<FlagName, { readonly text: string; readonly source: string }>()
  for (const name of FLAG_NAMES) {
    const text = environment[environmentName(name)]
    if (text !== undefined) raw.set(name, { text, source: environmentName(name) })
  }
  const seen = new Set<FlagName>()
  for (let at = 0; at < args.length; at++) {
    const { name, value } = splitFlag(args[at] ?? '')
    if (seen.has(name)) throw configError(`--${name} is given twice`)
    seen.add(name)
    let text = value
    if (text === null) text = FLAGS[name].kind === 'boolean' ? 'true' : (args[++at] ?? null)
    if (text === null || (value === null && /^--[a-z]/.test(text))) throw configError(`--${name} needs a value: <${FLAGS[name].value}>`)
    raw.set(name, { text, source: `--${name}` })
  }
  return raw
}

function splitFlag(argument: string): { readonly name: FlagName; readonly value: string | null } {
  const match = /^--?(\w[\w-]*)(?:=([\s\S]*))?$/.exec(argument)
  const name = match?.[1]
  if (name === undefined)
    throw configError(`unexpected argument ${JSON.stringify(argument.slice(0, 100))}`, 'balsad takes flags only; see balsad --help')
  if (!isFlagName(name)) throw unknownFlag(name)
  return { name, value: match?.[2] ?? null }
}

function unknownFlag(name: string): BalsaError {
  const foreign = FOREIGN_FLAGS.get(name)
  if (foreign !== undefined) return configError(`unknown flag --${name}: ${foreign}`)
  const meant = nearest(name, FLAG_NAMES)
  return configError(
    `unknown flag --${name.slice(0, 100)}${meant === null ? '' : `: did you mean --${meant}?`}`,
    'balsad --help lists all flags',
  )
}

/** BALSA_ variables that no part of Balsa reads: most likely a slip of the pen, which should not pass in silence. */
export function unknownEnvironment(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = [...FLAG_NAMES.map(environmentName), 'BALSA_ENDPOINTS']
  return Object.keys(environment)
    .filter((name) => name.startsWith('BALSA_') && !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known)
      return `environment variable ${name} is not known${meant === null ? '' : `: did you mean ${meant}?`}`
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
