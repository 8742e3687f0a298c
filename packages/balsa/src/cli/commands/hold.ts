import { hostname } from 'node:os'
import type { Held, KeyValueStore } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'
import { exitCodeOfSignal, runGuarded, Signals } from '../guarded-process.js'
import { EXIT, type Io } from '../io.js'
import { type CommonFlags, commonOptions, readDuration } from '../options.js'
import { withStore } from '../store.js'
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
  readonly waitMs?: number
  readonly signal: AbortSignal
}

/** What is to be done when it is held. */
interface Work {
  /** The command of balsactl. */
  readonly said: string
  readonly name: string
  readonly command: readonly string[]
  readonly acquire: (store: KeyValueStore, options: HoldOptions) => Promise<Held>
}

/** The signal fires a tenth of its time before the lease can end. After half of that the command is killed, so that it is gone before others begin. */
const KILL_SHARE = 1 / 20
const DEFAULT_TTL = '10s'
const SHORTEST_TTL = '1s'

export function lock(name: string, command: readonly string[], flags: HoldFlags, io: Io): Promise<number> {
  const acquire: Work['acquire'] = (store, options) => store.lock(name, { ...options, value: whoami() })
  return hold({ said: 'lock', name, command, acquire }, flags, io)
}

export function elect(name: string, command: readonly string[], flags: ElectFlags, io: Io): Promise<number> {
  if (flags.listen === true && command.length > 0) throw new UsageError('--listen runs no command')
  if (flags.listen === true) return listen(name, flags, io)
  const acquire: Work['acquire'] = (store, options) => store.election(name).campaign(flags.value ?? whoami(), options)
  return hold({ said: 'elect', name, command, acquire }, flags, io)
}

/** 0 = only when it is free. */
const readWait = (text: string): number => (/^0(?:ms|s|m|h)?$/.test(text) ? 0 : readDuration(text, '--wait'))

const whoami = (): string => `${hostname()}/${process.pid}`

function holdOptions(flags: HoldFlags, signal: AbortSignal): HoldOptions {
  const ttlMs = Math.ceil(readDuration(flags.ttl ?? DEFAULT_TTL, '--ttl', SHORTEST_TTL))
  return { ttlMs, signal, ...(flags.wait === undefined ? {} : { waitMs: readWait(flags.wait) }) }
}

async function hold(work: Work, flags: HoldFlags, io: Io): Promise<number> {
  const { name } = work
  const waiting = new AbortController()
  const options = holdOptions(flags, waiting.signal)
  const common = commonOptions(flags, io)
  const signals = new Signals(() => waiting.abort())
  try {
    return await withStore(common, async (store) => {
      // Waiting for others may take for ever, waiting for a cluster that is not there must not.
      await store.get(name, { signal: waiting.signal })
      const held = await acquired(store, options, work, io)
      return held === null ? EXIT.unreachable : runWhileHeld(held, work, options.ttlMs, signals, io)
    })
  } catch (error) {
    if (signals.received === null) throw error
    return exitCodeOfSignal(signals.received)
  } finally {
    signals.close()
  }
}

/** Null = somebody else had it all the time; said who. */
async function acquired(store: KeyValueStore, options: HoldOptions, { said, name, acquire }: Work, io: Io): Promise<Held | null> {
  try {
    return await acquire(store, options)
  } catch (error) {
    if (!(error instanceof BalsaError && error.code === 'DEADLINE' && options.waitMs !== undefined)) throw error
    const holder = await store.election(name).leader()
    const by = holder === null ? '' : `, held by ${printable(holder.text())}`
    io.err(`balsactl ${said}: DEADLINE: ${error.message}${by}\nNext: balsactl get --prefix ${printable(name)}/\n`)
    return null
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
      complain: (text) => io.err(`balsactl ${said}: ${printable(text)}\n`),
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
    return await withStore(common, async (store) => {
      for await (const leader of store.election(name).observe({ signal: controller.signal }))
        await io.out(`${leader === null ? '' : printable(leader.text())}\n`)
      return EXIT.ok
    })
  } finally {
    signals.close()
  }
}
