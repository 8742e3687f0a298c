import { hostname } from 'node:os'
import type { Client } from '@balsa/client'
import type { Held } from '@balsa/kv'
import { exitCodeOfSignal, runGuarded, Signals } from '../guarded-process.js'
import { EXIT, type Io } from '../io.js'
import { type CommonFlags, commonOptions, readDuration } from '../options.js'
import { withClient } from '../store.js'
import { printable, UsageError } from '../text.js'

export interface HoldFlags extends CommonFlags {
  readonly ttl?: string
  readonly wait?: string
}

export interface ElectFlags extends HoldFlags {
  readonly value?: string
  readonly listen?: boolean
}

interface HoldOptions {
  readonly ttlMs: number
  readonly deadlineMs?: number
  readonly signal: AbortSignal
}

/** What is to be done when it is held. */
interface Work {
  /** The command of balsactl. */
  readonly said: string
  readonly command: readonly string[]
  readonly acquire: (client: Client, options: HoldOptions) => Promise<Held>
}

/** The signal fires a tenth of its time before the lease can end. After half of that the command is killed, so that it is gone before others begin. */
const KILL_SHARE = 1 / 20
const DEFAULT_TTL = '10s'
const SHORTEST_TTL_MS = 1000

export function lock(name: string, command: readonly string[], flags: HoldFlags, io: Io): Promise<number> {
  const acquire: Work['acquire'] = (client, options) => client.lock(name, { ...options, value: whoami() })
  return hold({ said: 'lock', command, acquire }, flags, io)
}

export function elect(name: string, command: readonly string[], flags: ElectFlags, io: Io): Promise<number> {
  if (flags.listen === true && command.length > 0) throw new UsageError('--listen runs no command')
  if (flags.listen === true) return listen(name, flags, io)
  const acquire: Work['acquire'] = (client, options) => client.election(name).campaign(flags.value ?? whoami(), options)
  return hold({ said: 'elect', command, acquire }, flags, io)
}

const whoami = (): string => `${hostname()}/${process.pid}`

function holdOptions(flags: HoldFlags, signal: AbortSignal): HoldOptions {
  const ttlMs = Math.ceil(readDuration(flags.ttl ?? DEFAULT_TTL, '--ttl'))
  if (ttlMs < SHORTEST_TTL_MS) throw new UsageError('--ttl must be at least 1s')
  return { ttlMs, signal, ...(flags.wait === undefined ? {} : { deadlineMs: readDuration(flags.wait, '--wait') }) }
}

async function hold(work: Work, flags: HoldFlags, io: Io): Promise<number> {
  const waiting = new AbortController()
  const options = holdOptions(flags, waiting.signal)
  const common = commonOptions(flags, io)
  const signals = new Signals(() => waiting.abort())
  try {
    return await withClient(common, async (client) => runWhileHeld(await work.acquire(client, options), work, options.ttlMs, signals, io))
  } catch (error) {
    if (signals.received === null) throw error
    return exitCodeOfSignal(signals.received)
  } finally {
    signals.close()
  }
}

async function runWhileHeld(held: Held, { said, command }: Work, ttlMs: number, signals: Signals, io: Io): Promise<number> {
  try {
    const key = Buffer.from(held.key).toString('utf8')
    if (command.length === 0) await io.out(`${printable(key)}\n`)
    const code = await runGuarded({
      command,
      environment: { ...io.environment, BALSA_LOCK_KEY: key, BALSA_FENCING_TOKEN: String(held.fencingToken) },
      signal: held.signal,
      killAfterMs: ttlMs * KILL_SHARE,
      signals,
    })
    if (held.isHeld) return code
    io.err(`balsactl ${said}: LEASE_LOST: it could not be held any longer${command.length === 0 ? '' : ', so the command was ended'}\n`)
    return EXIT.failed
  } finally {
    await held.release()
  }
}

/** Until a signal comes. */
async function listen(name: string, flags: ElectFlags, io: Io): Promise<number> {
  const controller = new AbortController()
  const common = commonOptions(flags, io)
  const signals = new Signals(() => controller.abort())
  try {
    return await withClient(common, async (client) => {
      for await (const leader of client.election(name).observe({ signal: controller.signal }))
        await io.out(`${leader === null ? '' : printable(leader.text())}\n`)
      return EXIT.ok
    })
  } finally {
    signals.close()
  }
}
