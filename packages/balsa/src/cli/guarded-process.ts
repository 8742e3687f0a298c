import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface GuardedOptions {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Ends the command: SIGTERM at once, SIGKILL when it is still there after `killAfterMs`. */
  readonly signal: AbortSignal
  readonly killAfterMs: number
  readonly signals: Signals
  /** Is told why the command could not be started. */
  readonly complain: (text: string) => void
}

/** Listens to the signals that ask this process to end, from the beginning on, so that none falls between two listeners. */
export class Signals {
  /** The first that came. */
  received: NodeJS.Signals | null = null
  #handler: (name: NodeJS.Signals) => void
  readonly #onSignal = (name: NodeJS.Signals): void => {
    this.received ??= name
    this.#handler(name)
  }

  constructor(handler: (name: NodeJS.Signals) => void) {
    this.#handler = handler
    for (const name of FORWARDED) process.on(name, this.#onSignal)
  }

  /** From now on they go there, and so does one that has come already. */
  handle(handler: (name: NodeJS.Signals) => void): void {
    this.#handler = handler
    if (this.received !== null) handler(this.received)
  }

  close(): void {
    for (const name of FORWARDED) process.removeListener(name, this.#onSignal)
  }
}

/** The exit code of what a signal has ended, as shells say it. */
export const exitCodeOfSignal = (name: NodeJS.Signals): number => SIGNAL_BASE + constants.signals[name]

/** As shells say it. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126
const SIGNAL_BASE = 128

/** Why a program could not be started, in words and as an exit code. */
export function notStarted(program = '', error: NodeJS.ErrnoException): { readonly text: string; readonly code: number } {
  const isMissing = error.code === 'ENOENT'
  const why = isMissing ? 'no such program' : `cannot be run (${error.code ?? error.message})`
  return { text: `${program}: ${why}`, code: isMissing ? NOT_FOUND : NOT_EXECUTABLE }
}

/**
 * Runs a command with the standard streams of this process until it ends, and answers its exit code: 128 + n when signal n ended it. Signals that
 * this process gets go to the command, and what it makes of them is the outcome. It is a process group of its own, so what it starts ends with it.
 * Without a command: holds until such a signal comes, and answers 0.
 */
export function runGuarded({ command, environment, signal, killAfterMs, signals, complain }: GuardedOptions): Promise<number> {
  const [program, ...args] = command
  return new Promise((resolve) => {
    const child = program === undefined ? null : spawn(program, args, { stdio: 'inherit', detached: true, env: { ...environment } })
    let killTimer: NodeJS.Timeout | null = null
    const onSignal = (name: NodeJS.Signals): void => {
      if (child === null) end(0)
      else killGroup(child, name)
    }
    const onAbort = (): void => {
      if (child === null) return end(0)
      killGroup(child, 'SIGTERM')
      killTimer = setTimeout(() => killGroup(child, 'SIGKILL'), killAfterMs)
    }
    const end = (code: number): void => {
      if (child !== null && signal.aborted) killGroup(child, 'SIGKILL')
      if (killTimer !== null) clearTimeout(killTimer)
      signal.removeEventListener('abort', onAbort)
      resolve(code)
    }
    signal.addEventListener('abort', onAbort)
    child?.once('error', (error) => {
      const { text, code } = notStarted(program, error)
      complain(text)
      end(code)
    })
    child?.once('exit', (code, name) => end(code ?? (name === null ? 1 : exitCodeOfSignal(name))))
    signals.handle(onSignal)
    if (signal.aborted) onAbort()
  })
}

function killGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // They have ended already.
  }
}
