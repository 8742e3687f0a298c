import type { Readable } from 'node:stream'

/** The outside world of a command, so that tests can run it in their own process. */
export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable
  readonly stdoutIsTerminal: boolean
  /** Resolves when more may be written. */
  out(bytes: string | Uint8Array): Promise<void>
  err(text: string): void
}

/** How a command ends; documented in --help and docs/cli.md. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, unreachable: 4, denied: 5, unknown: 6 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.failed, 'failed: the cluster or this machine refused it'],
  [EXIT.usage, 'usage: the command line is wrong, nothing was sent'],
  [EXIT.notFound, 'the key or the member does not exist, or the comparison did not hold'],
  [EXIT.unreachable, 'no member could be reached, or no answer came in time; nothing was changed'],
  [EXIT.denied, 'denied (kept for authentication, which does not exist yet)'],
  [EXIT.unknown, 'unknown outcome: the write may or may not have been applied'],
]
