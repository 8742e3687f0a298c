/** Whose data directory it is, or whose it becomes: decided once, when it is empty. */
import { crc32, formatAddress, NodeFileSystem, parseAddress } from '@balsa/host'
import { asMemberId, BalsaError, type FileSystem, findIdentity, type Member, type MemberId } from '@balsa/raft'
import { formatId, type Logger, parseId, type ServerConfig } from '@balsa/server'
import { type HttpAnswer, httpGet } from '../cli/http-status.js'

export interface StartingPoint {
  readonly clusterId: number
  readonly memberId: MemberId
  /** What an empty directory begins with, and where else to look for members. */
  readonly members: readonly Member[]
}

export interface StartingPointOptions {
  readonly fileSystem?: FileSystem
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Asks a member for a page of its client port. */
  readonly get?: (endpoint: string, path: string, timeoutMs: number) => Promise<HttpAnswer>
  readonly pause?: (ms: number) => Promise<void>
}

/** How often the cluster is asked before the start is given up, and the wait between: a change is known to all members after a moment. */
const ATTEMPTS = 20
const PAUSE_MS = 250
const ASK_TIMEOUT_MS = 2000

/** What a member says of the cluster, of all that stands in /status. */
interface ClusterView {
  readonly clusterId: number
  readonly members: readonly (Member & { readonly role: string })[]
}

/**
 * A directory with an identity: that one, whatever the flags say. An empty one: the founding members, or with `--join` what the running cluster says.
 * Errors (fatal): CONFIG (nowhere to join, not listed, nobody reached), IDENTITY_MISMATCH (the directory is of another cluster or an earlier
 * member than the one to join), CORRUPT, IO_ERROR.
 */
export async function startingPoint(config: ServerConfig, options: StartingPointOptions): Promise<StartingPoint> {
  const { logger, fileSystem = new NodeFileSystem() } = options
  const stored = await findIdentity(fileSystem, config.dataDir, crc32)
  if (stored !== null) {
    if (config.join.length > 0) await checkSame(config, stored, options)
    if (config.state === 'new' && config.clusterId !== stored.clusterId) {
      const fields = { clusterId: formatId(stored.clusterId), memberId: formatId(stored.memberId) }
      logger.info(fields, 'the data directory says which cluster and member this is; the flags for founding one are not used')
    }
    return { clusterId: stored.clusterId, memberId: stored.memberId, members: config.members }
  }
  if (config.state === 'new') return { clusterId: config.clusterId, memberId: config.memberId, members: config.members }
  const join = config.join.length > 0 ? config.join : probableClients(config)
  if (join.length === 0) {
    throw new BalsaError(
      'CONFIG',
      `--initial-cluster-state existing: ${config.dataDir} is empty, and --join does not say which cluster to join`,
      {
        hint: 'Give --join host:port, the client address of a member; or state new to found a cluster.',
      },
    )
  }
  return joinOne({ ...config, join }, options)
}

/** As etcd's tools write it, only the peer addresses of the others are given. By custom clients are served at the port before. */
const probableClients = ({ members, name }: ServerConfig): readonly string[] =>
  members
    .filter((member) => member.name !== name)
    .map(({ address }) => parseAddress(address))
    .map(({ host, port }) => formatAddress({ host, port: port - 1 }))

async function joinOne(config: ServerConfig, options: StartingPointOptions): Promise<StartingPoint> {
  const { logger, pause = (ms) => new Promise<void>((wake) => setTimeout(wake, ms)) } = options
  const problems = new Map<string, string>()
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await pause(PAUSE_MS)
    for (const endpoint of config.join) {
      const view = await ask(endpoint, options)
      if (typeof view === 'string') {
        problems.set(endpoint, view)
        continue
      }
      const own = ownEntry(view, config)
      if (own === null) {
        const names = view.members.map(({ name, address }) => name || address).join(', ')
        problems.set(endpoint, `cluster ${formatId(view.clusterId)} has no member ${config.name} yet, only ${names}`)
        continue
      }
      // A voter has been started before. With an empty directory it is about to be replaced under the same name, which all members know in a moment; or
      // else its disk is lost, which they will say.
      if (own.role === 'voter' && attempt < ATTEMPTS) continue
      logger.info({ clusterId: formatId(view.clusterId), memberId: formatId(own.id), endpoint }, 'joining the cluster')
      return { clusterId: view.clusterId, memberId: own.id, members: [] }
    }
  }
  const listed = [...problems].map(([endpoint, problem]) => `${endpoint}: ${problem}`).join('; ')
  throw new BalsaError('CONFIG', `--join: ${listed}`, { hint: joinHint(config, [...problems.values()]) })
}

function joinHint(config: ServerConfig, problems: readonly string[]): string {
  const unlisted = problems.some((problem) => problem.includes('has no member'))
  if (!unlisted) return 'Check that balsad runs there, and give --join with client addresses, not peer addresses.'
  return `First: balsactl --endpoints ${config.join.join(',')} member add ${config.name} ${config.advertisePeer}`
}

/** With the name of this member, or without a name under its address; when an old member is being replaced by one of the same name, the one that is on its way in. */
function ownEntry({ members }: ClusterView, { name, advertisePeer }: ServerConfig): ClusterView['members'][number] | null {
  const named = members.filter((member) => member.name === name)
  // Added through etcd's API, which names no member before it has started.
  const unnamed = members.find((member) => member.name === '' && member.address === advertisePeer)
  const fresh = named.filter(({ role }) => role !== 'voter')
  return fresh.find(({ address }) => address === advertisePeer) ?? fresh.at(-1) ?? named.at(-1) ?? unnamed ?? null
}

/** The directory is of the member that the cluster lists under this name. When nobody answers, the directory is believed. */
async function checkSame(config: ServerConfig, stored: Omit<StartingPoint, 'members'>, options: StartingPointOptions): Promise<void> {
  const problem = await mismatch(config, stored, options)
  if (problem === null) return
  throw new BalsaError(
    'IDENTITY_MISMATCH',
    `${config.dataDir} holds the data of member ${formatId(stored.memberId)} of cluster ${formatId(stored.clusterId)}: ${problem}`,
    {
      hint: 'Give a member that joins an empty data directory; leave --join out to start the member that the directory belongs to.',
    },
  )
}

async function mismatch(
  config: ServerConfig,
  stored: Omit<StartingPoint, 'members'>,
  options: StartingPointOptions,
): Promise<string | null> {
  for (const endpoint of config.join) {
    const view = await ask(endpoint, options)
    if (typeof view === 'string') continue
    if (view.clusterId !== stored.clusterId) return `${endpoint} is of cluster ${formatId(view.clusterId)}`
    const own = ownEntry(view, config)
    // Also when the earlier one is still listed, because the new one of the same name is only on its way in.
    return own === null || own.id === stored.memberId ? null : `the cluster knows ${config.name} as member ${formatId(own.id)}`
  }
  return null
}

/** What the member there says, or why it says nothing. */
async function ask(endpoint: string, { get = httpGet }: StartingPointOptions): Promise<ClusterView | string> {
  try {
    const { code, body } = await get(endpoint, '/status', ASK_TIMEOUT_MS)
    if (code !== 200) return `HTTP ${code}: not the client port of a Balsa member?`
    return readView(JSON.parse(body)) ?? 'the answer is not a status: another kind of server?'
  } catch (error) {
    return error instanceof SyntaxError ? 'the answer is not JSON: another kind of server?' : (error as Error).message
  }
}

function readView(value: unknown): ClusterView | null {
  if (!isRecord(value) || typeof value['clusterId'] !== 'string' || !Array.isArray(value['members'])) return null
  const members = value['members'].flatMap((entry: unknown) => {
    if (!isRecord(entry)) return []
    const { id, name, address, clientAddress, role } = entry
    const texts = [id, name, address, clientAddress, role].every((text) => typeof text === 'string')
    return texts
      ? [
          {
            id: asMemberId(parseId(String(id))),
            name: String(name),
            address: String(address),
            clientAddress: String(clientAddress),
            role: String(role),
          },
        ]
      : []
  })
  return { clusterId: parseId(value['clusterId']), members }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
