import { performance } from 'node:perf_hooks'
import {
  createLogger,
  errorFields,
  escapeControl,
  formatId,
  type Logger,
  Member,
  parseConfig,
  type ServerConfig,
  VERSION,
} from '@balsa/server'
import { BalsaError } from '@balsa/raft'
import { Client } from '@balsa/client'
import { crc32, NodeClock, NodeRandom, TcpDialer } from '@balsa/host'
import { AddressKeeper } from './address-keeper.js'
import { daemonHelp } from './help.js'
import { startingPoint } from './starting-point.js'

/** Exit codes of balsad. */
const EXIT = { ok: 0, fatal: 1, configuration: 2 } as const

/** A terminal and the program in front (npm, timeout) both pass on one Ctrl-C: what follows so soon is the same wish. */
const SAME_SIGNAL_MS = 500
const EXIT_GRACE_MS = 2000

/** One line: what failed and what to do. */
export function fatalLine(error: unknown): string {
  if (!(error instanceof BalsaError)) return escapeControl(`balsad: ${error instanceof Error ? error.message : String(error)}`)
  const hint = error.hint === undefined ? '' : `. ${error.hint}`
  return escapeControl(`balsad: ${error.code}: ${error.message}${hint}`)
}

/** What is printed on standard output once the member serves. */
export function readyLine(
  { advertiseClient, advertisePeer }: Pick<ServerConfig, 'advertiseClient' | 'advertisePeer'>,
  member: Pick<Member, 'status' | 'dataDir'>,
): string {
  const { name, memberId, clusterId, members } = member.status()
  const role = members.find(({ id }) => id === memberId)?.role ?? 'voter'
  // What is not the usual thing is said.
  const kind = role === 'voter' ? 'member' : role
  const ids = `${kind} ${formatId(memberId)}, cluster ${formatId(clusterId)} of ${members.length}`
  return `ready: ${name} (${ids}), clients at ${advertiseClient}, peers at ${advertisePeer}, data in ${escapeControl(member.dataDir)}, pid ${process.pid}`
}

/** Runs `balsad` until a signal or a fatal error ends it. Sets the process's exit code. */
export async function runDaemon(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return void process.stdout.write(daemonHelp())
  if (args.includes('--version')) return void process.stdout.write(`balsad ${VERSION}\n`)
  // A reader of the output that has gone must not end the member.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  let logger: Logger | null = null
  process.on('uncaughtException', (error) => {
    logger?.error(
      { ...errorFields(error), ...(error.stack === undefined ? {} : { stack: error.stack }) },
      'uncaught exception: the process ends',
    )
    process.stderr.write(`${fatalLine(error)}\n`, () => process.exit(EXIT.fatal))
  })
  try {
    const config = parseConfig(args, process.env)
    logger = createLogger({
      level: config.logLevel,
      format: config.logFormat,
      base: { member: config.name },
      write: (line) => void process.stderr.write(line),
    })
    await runMember(config, logger)
  } catch (error) {
    process.stderr.write(`${fatalLine(error)}\n`)
    // A supervisor waits for the end of the process: what a broken member may have left open must not hold it up.
    setTimeout(() => process.exit(), EXIT_GRACE_MS).unref()
    process.exitCode = error instanceof BalsaError && error.code === 'CONFIG' ? EXIT.configuration : EXIT.fatal
  }
}

async function runMember(config: ServerConfig, logger: Logger): Promise<void> {
  for (const warning of config.warnings) logger.warn({}, warning)
  const start = await startingPoint(config, { logger })
  const member = await Member.start({ ...config, ...start, logger })
  logger.info(
    {
      memberId: formatId(start.memberId),
      clusterId: formatId(start.clusterId),
      dataDir: member.dataDir,
      clients: member.clientAddress,
      version: VERSION,
      pid: process.pid,
    },
    'started: waiting for a leader',
  )
  const stopped = stopOnSignals(member, logger)
  const keeper = keepAddress(member, config, logger)
  void member.whenReady().then(() => {
    if (!member.readiness.ready) return
    // In the words that wrappers of etcd wait for.
    logger.info({ clients: member.clientAddress }, 'ready to serve client requests')
    process.stdout.write(`${readyLine(config, member)}\n`)
    void keeper.run()
  })
  const fatal = await member.stopped
  await keeper.close()
  if (fatal === null) return stopped
  // Its port answers /healthz with the reason until here; a supervisor should see the end of the process.
  await member.close().catch(() => undefined)
  throw fatal
}

/** Tells the cluster where this member is now, if the log says otherwise. */
function keepAddress(member: Member, config: ServerConfig, logger: Logger): { run(): Promise<void>; close(): Promise<void> } {
  const clock = new NodeClock()
  const client = Client.open({
    endpoints: [member.clientAddress, ...config.join],
    dialer: new TcpDialer({ clock }),
    clock,
    random: new NodeRandom(),
    crc32,
  })
  const { name, advertisePeer, advertiseClient } = config
  const keeper = new AddressKeeper({
    clock,
    logger,
    status: () => member.replica.status(),
    name,
    advertisePeer,
    advertiseClient,
    admin: client.admin,
  })
  return {
    run: () => keeper.run(),
    close: () => {
      keeper.stop()
      return client.close()
    },
  }
}

/** Resolves when a signal has stopped the member. */
function stopOnSignals(member: Member, logger: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    let askedMs: number | null = null
    const stop = (signal: NodeJS.Signals): void => {
      const nowMs = performance.now()
      if (askedMs !== null && nowMs - askedMs < SAME_SIGNAL_MS) return
      if (askedMs !== null) process.exit(EXIT.fatal)
      askedMs = nowMs
      logger.info({ signal }, 'stopping; a second signal ends the process at once')
      member.close().then(() => {
        logger.info({}, 'stopped')
        process.removeAllListeners('SIGTERM')
        process.removeAllListeners('SIGINT')
        resolve()
      }, reject)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
