import { type Comparison, EtcdClient, Migration, type MigrationProgress } from '@balsa/client'
import { crc32, NodeClock, NodeRandom } from '@balsa/host'
import { BalsaError } from '@balsa/raft'
import { NodeHttp2Dialer, type TlsOptions } from '../../http2-dialer.js'
import { untilInterrupted } from '../interrupt.js'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, type CommonOptions, commonOptions, readEndpoints } from '../options.js'
import { json } from '../output.js'
import { wholeNumber } from '../selection.js'
import { printable, UsageError } from '../text.js'
import { readTls } from '../tls.js'

export interface MigrateFlags extends CommonFlags {
  readonly from?: string
  readonly to?: string
  readonly fromCacert?: string
  readonly fromCert?: string
  readonly fromKey?: string
  readonly toCacert?: string
  readonly toCert?: string
  readonly toKey?: string
  readonly prefix?: string
  readonly once?: boolean
  readonly finish?: boolean
  readonly batch?: string
  readonly force?: boolean
}

/** What etcd allows in a transaction, less the note of the migration. */
const MOST_BATCHED = 127
const SHORTEST_CALL_MS = 15_000
/** Between two lines about progress: where each takes the place of the last, and where they are kept. */
const TERMINAL_LINE_MS = 250
const LOG_LINE_MS = 5000

export async function migrate(flags: MigrateFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const { once = false, finish = false, force = false } = flags
  if (flags.from === undefined || flags.to === undefined)
    throw new UsageError('--from and --to are needed: host:port of members of each cluster')
  const [sources, targets] = [readEndpoints(flags.from, '--from', 'etcd'), readEndpoints(flags.to, '--to', 'etcd')]
  const tls = readTls(flags, [...sources, ...targets])
  const sourceTls = { ...tls, ...readTls({ cacert: flags.fromCacert, cert: flags.fromCert, key: flags.fromKey }, sources, '--from-') }
  const targetTls = { ...tls, ...readTls({ cacert: flags.toCacert, cert: flags.toCert, key: flags.toKey }, targets, '--to-') }
  if (finish && !once) throw new UsageError('--finish belongs to --once: without that, Ctrl-C finishes the migration')
  const batch = wholeNumber(flags.batch, '--batch') ?? 1
  if (batch < 1 || batch > MOST_BATCHED) throw new UsageError(`--batch must be between 1 and ${MOST_BATCHED}`)
  const clock = new NodeClock()
  const random = new NodeRandom()
  const open = (endpoints: readonly string[], ofSide: TlsOptions): EtcdClient =>
    EtcdClient.open({
      endpoints,
      clock,
      random,
      dialer: new NodeHttp2Dialer(ofSide),
      deadlineMs: Math.max(options.timeoutMs, SHORTEST_CALL_MS),
    })
  const [from, to] = [open(sources, sourceTls), open(targets, targetTls)]
  const lines = new ProgressLines(io, clock)
  let migration: Migration | null = null
  try {
    const prefix = Buffer.from(flags.prefix ?? '')
    migration = await Migration.open({
      from,
      to,
      clock,
      random,
      crc32,
      prefix,
      batch,
      force,
      onProgress: (progress) => lines.show(progress),
    })
    if (migration.revision > 0) io.err(`balsactl migrate: goes on behind revision ${migration.revision} of the source\n`)
    const comparison = await run(migration, once, io)
    lines.end()
    if (comparison.equal && (finish || !once)) await migration.finish()
    await io.out(report(migration, comparison, options))
    return comparison.equal ? EXIT.ok : EXIT.failed
  } finally {
    lines.end()
    migration?.close()
    await Promise.all([from.close(), to.close()])
  }
}

async function run(migration: Migration, once: boolean, io: Io): Promise<Comparison> {
  await untilInterrupted(async (signal) => {
    try {
      await migration.copy(signal)
      // What was changed meanwhile is little.
      if (once) return await migration.copy(signal)
      io.err('balsactl migrate: everything is copied; following. Stop whoever writes to the source, then press Ctrl-C\n')
      await migration.follow(signal)
    } catch (error) {
      if (!(error instanceof BalsaError) || error.code !== 'ABORTED' || !signal.aborted) throw error
      throw new BalsaError('ABORTED', 'interrupted before everything was copied', {
        hint: 'Run the same command again: it goes on where it was.',
        cause: error,
      })
    }
  })
  // Until here changes came one by one; this finds also what no event has told, and so the end is certain.
  if (!once) await migration.copy()
  return migration.compare()
}

class ProgressLines {
  readonly #io: Io
  readonly #clock: NodeClock
  #nextMs = 0
  #open = false

  constructor(io: Io, clock: NodeClock) {
    this.#io = io
    this.#clock = clock
  }

  show({ phase, done, total, revision }: MigrationProgress): void {
    const nowMs = this.#clock.now()
    if (nowMs < this.#nextMs) return
    const { stdoutIsTerminal } = this.#io
    this.#nextMs = nowMs + (stdoutIsTerminal ? TERMINAL_LINE_MS : LOG_LINE_MS)
    const what = phase === 'following' ? 'revisions' : 'keys'
    const line = `${phase}: ${done}${total === null ? '' : ` of ${total}`} ${what}, up to revision ${revision}`
    this.#io.err(stdoutIsTerminal ? `\r${line.padEnd(72)}` : `balsactl migrate: ${line}\n`)
    this.#open = stdoutIsTerminal
  }

  end(): void {
    if (this.#open) this.#io.err('\n')
    this.#open = false
  }
}

function report({ copied, deleted, followed, leases }: Migration, comparison: Comparison, { output }: CommonOptions): string {
  const { equal, fromRevision, toRevision, fromKeys, toKeys, fromHash, toHash, differing } = comparison
  if (output === 'json') {
    const keys = differing.map((key) => Buffer.from(key).toString('base64'))
    const sides = {
      from: { revision: fromRevision, keys: fromKeys, hash: hashText(fromHash) },
      to: { revision: toRevision, keys: toKeys, hash: hashText(toHash) },
    }
    return json({ equal, copied, deleted, followed, leases, ...sides, differing: keys })
  }
  const done = `copied ${copied} keys, deleted ${deleted}, followed ${followed} revisions, mapped ${leases} leases\n`
  const sides = `source: ${fromKeys} keys at revision ${fromRevision}, hash ${hashText(fromHash)}\ntarget: ${toKeys} keys at revision ${toRevision}, hash ${hashText(toHash)}\n`
  const verdict = equal
    ? 'both are equal\n'
    : `THEY DIFFER, first in: ${differing.map((key) => printable(Buffer.from(key).toString('utf8'))).join(' ')}\n`
  return `${done}${sides}${verdict}`
}

const hashText = (hash: number): string => hash.toString(16).padStart(8, '0')
