import { isIP } from 'node:net'
import { BalsaError } from '@balsa/raft'

export interface HostPort {
  /** A name or an IP literal; IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

const MAX_HOST_LENGTH = 253

/**
 * Reads `host:port`, `[ipv6]:port`, and the same behind `http://`, `https://` or `tcp://` with at most a `/` behind it.
 * Throws INVALID (refused) for everything else: user names, paths, queries, bare IPv6, ports outside 1 to 65535.
 * With `allowPortZero` the port may be 0, which means "any free one" to a listener.
 */
export function parseAddress(text: string, options: { readonly allowPortZero?: boolean } = {}): HostPort {
  const bare = text.replace(/^(?:https?|tcp):\/\//i, '').replace(/\/$/, '')
  const colon = bare.lastIndexOf(':')
  if (colon < 0) refuse(text, 'it has no port')
  const portText = bare.slice(colon + 1)
  const port = Number(portText)
  if (!/^\d{1,5}$/.test(portText) || port > 65_535) refuse(text, `«${printable(portText)}» is no port`)
  if (port === 0 && options.allowPortZero !== true) refuse(text, 'port 0 cannot be reached')
  return { host: parseHost(text, bare.slice(0, colon)), port }
}

/** `host:port`, with brackets around IPv6. */
export function formatAddress({ host, port }: HostPort): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/** True for 127.0.0.0/8, ::1 and their spellings as IPv4 in IPv6; false for names. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^::ffff:/i, '')
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1'
}

function parseHost(text: string, host: string): string {
  if (host.startsWith('[')) {
    const inner = host.endsWith(']') ? host.slice(1, -1) : ''
    if (isIP(inner) !== 6) refuse(text, 'what stands in brackets is no IPv6 address')
    return inner
  }
  if (host.includes(':')) refuse(text, 'an IPv6 address needs brackets, as in [::1]:2380')
  if (host.length === 0) refuse(text, 'it has no host')
  if (host.length > MAX_HOST_LENGTH || !/^[\w.-]+$/.test(host)) refuse(text, 'the host has characters that no name has, or is too long')
  // Four numbers that are no IPv4 address would go to the resolver as a name, and old resolvers read 010 as octal.
  if (/^[\d.]+$/.test(host) && isIP(host) !== 4) refuse(text, 'the host is neither an IPv4 address nor a name')
  return host
}

function refuse(text: string, reason: string): never {
  throw new BalsaError('INVALID', `«${printable(text)}» is no address: ${reason}`, { hint: 'Write host:port, for example 127.0.0.1:2380.' })
}

/** Addresses come from outside, and end up in log lines. */
function printable(text: string): string {
  return text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?')
}
