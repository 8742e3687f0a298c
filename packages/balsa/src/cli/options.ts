import { isFormat, type OutputFormat, OUTPUT_FORMATS } from './output.js'
import type { Io } from './io.js'
import { UsageError } from './text.js'

/** Options that every command takes, as commander gives them. */
export interface CommonFlags {
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
}

const DEFAULT_ENDPOINT = '127.0.0.1:2379'
const DEFAULT_TIMEOUT = '5s'
const MAX_TIMEOUT_MS = 3_600_000

/** Throws UsageError. `humanFormat` is what a person at a terminal sees by default. */
export function commonOptions(flags: CommonFlags, io: Io, humanFormat: OutputFormat = 'plain'): CommonOptions {
  const output = flags.output ?? (io.stdoutIsTerminal ? humanFormat : 'plain')
  if (!isFormat(output)) throw new UsageError(`--output must be ${OUTPUT_FORMATS.join(', ')}, not ${JSON.stringify(output)}`)
  const protocol = flags.etcd === true ? 'etcd' : 'balsa'
  return { endpoints: endpointsOf(flags.endpoints, io), output, timeoutMs: readDuration(flags.timeout ?? DEFAULT_TIMEOUT), protocol }
}

const endpointsOf = (flag: string | undefined, io: Io): readonly string[] =>
  readEndpoints(flag ?? io.environment['BALSA_ENDPOINTS'] ?? DEFAULT_ENDPOINT, flag === undefined ? 'BALSA_ENDPOINTS' : '--endpoints')

/** `source`: where the text stands, for errors. Throws UsageError. */
export function readEndpoints(text: string, source: string): readonly string[] {
  const endpoints = text.split(',').map((part) =>
    part
      .trim()
      .replace(/^http:\/\//i, '')
      .replace(/\/$/, ''),
  )
  for (const endpoint of endpoints) {
    if (/^https:/i.test(endpoint)) throw new UsageError(`${source}: there is no TLS yet, write http:// or host:port`)
    const match = /^(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(endpoint)
    const port = Number(match?.[1] ?? 0)
    if (port < 1 || port > 65_535)
      throw new UsageError(`${source}: ${JSON.stringify(endpoint)} is not host:port, for example ${DEFAULT_ENDPOINT}`)
  }
  return [...new Set(endpoints)]
}

/** `500ms`, `5s`, `2m`; a bare number is seconds. */
export function readDuration(text: string, flag = '--timeout'): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text)
  const scale = { ms: 1, s: 1000, m: 60_000 }[match?.[2] ?? 's'] ?? Number.NaN
  const ms = Number(match?.[1]) * scale
  if (!(ms >= 1 && ms <= MAX_TIMEOUT_MS))
    throw new UsageError(`${flag} must be between 1ms and 60m, such as 500ms or 5s, not ${JSON.stringify(text)}`)
  return ms
}
