import { isFormat, type OutputFormat, OUTPUT_FORMATS } from './output.js'
import type { Io } from './io.js'
import type { TlsFlags } from './tls.js'
import { UsageError } from './text.js'

/** Options that every command takes, as commander gives them. */
export interface CommonFlags extends TlsFlags {
  readonly endpoints?: string
  readonly output?: string
  readonly timeout?: string
  readonly etcd?: boolean
}

export interface CommonOptions {
  readonly endpoints: readonly string[]
  readonly output: OutputFormat
  readonly timeoutMs: number
  /** Over etcd's interface: only for commands about keys, values, leases and locks. */
  readonly protocol: 'balsa' | 'etcd'
  /** For the endpoints that are `https://`; nobody has looked at the files yet. */
  readonly tls: TlsFlags
}

const DEFAULT_ENDPOINT = '127.0.0.1:2379'
const DEFAULT_TIMEOUT = '5s'
const LONGEST_WAIT = '60m'

/** Throws UsageError. `humanFormat` is what a person at a terminal sees by default. */
export function commonOptions(flags: CommonFlags, io: Io, humanFormat: OutputFormat = 'plain'): CommonOptions {
  const output = flags.output ?? (io.stdoutIsTerminal ? humanFormat : 'plain')
  if (!isFormat(output)) throw new UsageError(`--output must be ${OUTPUT_FORMATS.join(', ')}, not ${JSON.stringify(output)}`)
  const protocol = flags.etcd === true ? 'etcd' : 'balsa'
  const given = flags.endpoints ?? io.environment['BALSA_ENDPOINTS'] ?? DEFAULT_ENDPOINT
  const endpoints = readEndpoints(given, flags.endpoints === undefined ? 'BALSA_ENDPOINTS' : '--endpoints', protocol)
  const timeoutMs = readDuration(flags.timeout ?? DEFAULT_TIMEOUT)
  const { cacert, cert, key } = flags
  return { endpoints, output, timeoutMs, protocol, tls: { cacert, cert, key } }
}

/** `source`: where the text stands, for errors. Those of etcd may be `https://`, and are said so in the answer. Throws UsageError. */
export function readEndpoints(text: string, source: string, protocol: CommonOptions['protocol']): readonly string[] {
  const endpoints = text.split(',').map((part) =>
    part
      .trim()
      .replace(/^http:\/\//i, '')
      .replace(/\/$/, ''),
  )
  for (const endpoint of endpoints) {
    if (/^https:/i.test(endpoint) && protocol !== 'etcd')
      throw new UsageError(
        `${source}: members of Balsa have no TLS yet, write http:// or host:port; a cluster of etcd is asked with --etcd`,
      )
    const match = /^(?:https:\/\/)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/i.exec(endpoint)
    const port = Number(match?.[1] ?? 0)
    if (port < 1 || port > 65_535)
      throw new UsageError(`${source}: ${JSON.stringify(endpoint)} is not host:port, for example ${DEFAULT_ENDPOINT}`)
  }
  return [...new Set(endpoints)]
}

const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** `500ms`, `5s`, `2m`, `1h`; a bare number is seconds. Throws UsageError for what is not between `least` and `most`. */
export function readDuration(text: string, flag = '--timeout', least = '1ms', most = LONGEST_WAIT): number {
  const ms = toMs(text)
  if (ms >= toMs(least) && ms <= toMs(most)) return ms
  throw new UsageError(`${flag} must be between ${least} and ${most}, such as ${least} or 5s, not ${JSON.stringify(text)}`)
}

function toMs(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  return Number(number) * MS[unit as keyof typeof MS]
}
