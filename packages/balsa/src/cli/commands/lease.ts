import type { LeaseInfo } from '@balsa/kv'
import { displayBytes, jsonBytes } from '../bytes.js'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { formatLease, parseLease } from '../leases.js'
import { type CommonFlags, type CommonOptions, commonOptions, readDuration } from '../options.js'
import { json, table, tabbed } from '../output.js'
import { withStore } from '../store.js'
import { untilInterrupted } from '../interrupt.js'

export interface KeepAliveFlags extends CommonFlags {
  readonly once?: boolean
}

const ASKED_AT_A_TIME = 64
/** As etcd has it: almost three hundred years. */
const LONGEST_TTL = '2500000h'

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}s`

export async function grant(ttlText: string, flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const ttlMs = Math.ceil(readDuration(ttlText, 'TTL', '1s', LONGEST_TTL))
  const granted = await withStore(options, (store) => store.grantLease(ttlMs))
  const { id, ...rest } = granted
  if (options.output === 'json') await io.out(json({ lease: formatLease(id), ...rest }))
  else if (options.output === 'table')
    await io.out(table([{ title: 'LEASE' }, { title: 'TTL', right: true }], [[formatLease(id), seconds(granted.ttlMs)]]))
  else await io.out(`${formatLease(id)}\n`)
  return EXIT.ok
}

export async function revoke(leaseText: string, flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const id = parseLease(leaseText)
  const { count, revision } = await withStore(options, (store) => store.revokeLease(id))
  if (options.output === 'json') await io.out(json({ lease: formatLease(id), deletedKeys: count, revision }))
  else await io.out(`revoked, ${count} ${count === 1 ? 'key' : 'keys'} deleted\n`)
  return EXIT.ok
}

/** Renews three times in its time to live, until interrupted or until there is no such lease any more. */
export async function keepAlive(leaseText: string, flags: KeepAliveFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const id = parseLease(leaseText)
  return withStore(options, (store) =>
    untilInterrupted(async (signal) => {
      for (;;) {
        const { ttlMs } = await store.keepLeaseAlive(id)
        await io.out(
          options.output === 'json' ? `${JSON.stringify({ lease: formatLease(id), ttlMs })}\n` : `kept alive for ${seconds(ttlMs)}\n`,
        )
        if (flags.once === true || !(await pause(ttlMs / 3, signal))) return EXIT.ok
      }
    }),
  )
}

/** False = interrupted. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve(true)
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

export async function list(flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io, 'table')
  const leases = await withStore(options, async (store) => {
    const ids = await store.leases()
    const found: LeaseInfo[] = []
    for (let at = 0; at < ids.length; at += ASKED_AT_A_TIME) {
      const infos = await Promise.all(ids.slice(at, at + ASKED_AT_A_TIME).map((id) => store.leaseInfo(id, { keys: true })))
      // Some may have ended since they were listed.
      for (const info of infos) if (info !== null) found.push(info)
    }
    return found
  })
  await printLeases(leases, options, io)
  return EXIT.ok
}

export async function info(leaseText: string, flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io, 'table')
  const id = parseLease(leaseText)
  const found = await withStore(options, (store) => store.leaseInfo(id, { keys: true }))
  if (found === null) {
    io.err(`balsactl lease info: lease ${formatLease(id)} not found\n`)
    return EXIT.notFound
  }
  if (options.output === 'json') {
    await io.out(json(leaseJson(found)))
    return EXIT.ok
  }
  await printLeases([found], options, io)
  await io.out(tabbed(found.keys.map((key) => [displayBytes(key, 'text')])))
  return EXIT.ok
}

function leaseJson({ id, ttlMs, remainingMs, keys }: LeaseInfo): object {
  const shown = keys.map((key) => {
    const { text, encoding } = jsonBytes(key, 'text')
    return { key: text, keyEncoding: encoding }
  })
  return { lease: formatLease(id), ttlMs, remainingMs, keys: shown }
}

async function printLeases(leases: readonly LeaseInfo[], { output }: CommonOptions, io: Io): Promise<void> {
  if (output === 'json') return io.out(json(leases.map(leaseJson)))
  const rows = leases.map(({ id, ttlMs, remainingMs, keys }) => [
    formatLease(id),
    seconds(ttlMs),
    seconds(remainingMs),
    String(keys.length),
  ])
  if (output === 'plain') return io.out(tabbed(rows))
  const right = true
  await io.out(table([{ title: 'LEASE' }, { title: 'TTL', right }, { title: 'REMAINING', right }, { title: 'KEYS', right }], rows))
}
