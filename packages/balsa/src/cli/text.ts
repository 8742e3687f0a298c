import { BalsaError, type ErrorCode } from '@balsa/raft'
import { EXIT, type ExitCode } from './io.js'

/** Control characters and marks that reorder text: what comes from a cluster must not move the cursor or colour the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

export const printable = (text: string): string =>
  text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A mistake on the command line. */
export class UsageError extends Error {}

const UNREACHABLE: ReadonlySet<ErrorCode> = new Set([
  'DEADLINE',
  'NO_LEADER',
  'NOT_LEADER',
  'UNAVAILABLE',
  'STOPPED',
  'OVERLOADED',
  'TRANSFER_IN_PROGRESS',
])

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage
  if (!(error instanceof BalsaError)) return EXIT.failed
  if (error.family === 'unknown') return EXIT.unknown
  if (error.code === 'COMPARE_FAILED' || error.code === 'MEMBER_UNKNOWN') return EXIT.notFound
  return UNREACHABLE.has(error.code) ? EXIT.unreachable : EXIT.failed
}

/** Who was asked, what happened and what to do next: one line for the reason and one for the next step. */
export function describeError(error: unknown, context: { readonly command: string; readonly endpoints: readonly string[] }): string {
  const said = `balsactl ${context.command}`.trim()
  if (error instanceof UsageError) return `${said}: ${printable(error.message)}\nSee: ${said} --help\n`
  if (!(error instanceof BalsaError)) return `${said}: ${printable(error instanceof Error ? error.message : String(error))}\n`
  const endpoints = context.endpoints.join(',')
  // What the cluster has refused would be refused by every member.
  const answered = error.family === 'refused' && !UNREACHABLE.has(error.code)
  const asked = endpoints === '' || answered ? '' : ` (asked ${printable(endpoints)})`
  return `${said}: ${error.code}: ${printable(error.message)}${asked}\nNext: ${nextStep(error, context.command, endpoints)}\n`
}

function nextStep(error: BalsaError, command: string, endpoints: string): string {
  if (error.family === 'unknown' && /^(?:member|transfer-leader)/.test(command))
    return `see what became of it: balsactl --endpoints ${endpoints} member list`
  if (error.family === 'unknown') return `read the key before writing again: balsactl --endpoints ${endpoints} get KEY`
  if (UNREACHABLE.has(error.code)) {
    // Only those of etcd.
    if (endpoints.includes('https:')) return 'check --endpoints, --cacert, --cert and --key'
    return command === 'status'
      ? `check that balsad runs there, or name other members with --endpoints`
      : `balsactl --endpoints ${endpoints} status`
  }
  return error.hint === undefined ? `balsactl ${command} --help` : printable(error.hint)
}
