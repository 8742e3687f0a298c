import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { crc32, type DataDirectory, NodeFileSystem, NodeRandom, openDataDirectory } from '@balsa/host'
import { BalsaError, findIdentity, type Identity, refoundStore, surveyStore } from '@balsa/raft'
import { drawId, formatId } from '@balsa/server'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json, table } from '../output.js'
import { nameOf, planRecovery, type RecoveryPlan, roleOf, type Survivor } from '../recovery-plan.js'
import { printable, UsageError } from '../text.js'

export interface RecoverFlags extends CommonFlags {
  readonly dataDir?: readonly string[]
  readonly yes?: string
  readonly dryRun?: boolean
  readonly force?: boolean
}

const fileSystem = new NodeFileSystem()

/** Makes a cluster of one survivor's data directory, offline. */
export async function recover(flags: RecoverFlags, io: Io): Promise<ExitCode> {
  const { output } = commonOptions(flags, io)
  const directories = flags.dataDir ?? []
  if (directories.length === 0)
    throw new UsageError('--data-dir is needed: the data directory of a stopped member, once for each that is left')
  const paths = directories.map((directory) => resolve(directory))
  const twice = directories.find((_, at) => paths.indexOf(paths[at] ?? '') !== at)
  if (twice !== undefined) throw new UsageError(`--data-dir ${twice} is given twice`)
  const locks: DataDirectory[] = []
  try {
    const survivors: Survivor[] = []
    for (const directory of directories) {
      const lock = await open(directory)
      locks.push(lock)
      survivors.push({ directory, survey: await survey(directory, lock.path) })
    }
    const plan = planRecovery(survivors, flags.force === true)
    if (output !== 'json') await io.out(explain(plan, survivors))
    const confirmed = flags.dryRun !== true && (await confirm(plan, flags, output === 'json', io))
    const identity = confirmed ? await make(plan, locks[survivors.indexOf(plan.kept)]?.path ?? '') : null
    if (output === 'json') await io.out(json(report(plan, survivors, identity)))
    else if (identity !== null) await io.out(done(plan, identity))
    return identity !== null || flags.dryRun === true || output === 'json' ? EXIT.ok : EXIT.failed
  } finally {
    for (const lock of locks) await lock.close()
  }
}

/** Locks the directory of a member that is not running. Never makes one: what does not exist was mistyped. */
async function open(directory: string): Promise<DataDirectory> {
  const found = await stat(directory).catch(() => null)
  if (found === null) {
    throw new BalsaError('DATA_DIRECTORY', `${directory} does not exist`, {
      hint: "Give a member's data directory, as --data-dir of balsad had it.",
    })
  }
  try {
    return await openDataDirectory(directory)
  } catch (error) {
    if (!(error instanceof BalsaError) || error.code !== 'LOCKED') throw error
    throw new BalsaError('LOCKED', error.message, {
      hint: 'The member is running. Stop it first; a member that serves needs no recovery.',
      cause: error,
    })
  }
}

async function survey(directory: string, path: string): Promise<Survivor['survey']> {
  const options = { fileSystem, directory: path, crc32 }
  try {
    if ((await findIdentity(fileSystem, path, crc32)) === null) {
      throw new BalsaError('DATA_DIRECTORY', `${directory} is of no member: it holds no identity file`, {
        hint: "Give a member's data directory, as --data-dir of balsad had it.",
      })
    }
    return await surveyStore(options)
  } catch (error) {
    if (!(error instanceof BalsaError) || (error.code !== 'CORRUPT' && error.code !== 'MISSING_SEGMENT')) throw error
    throw new BalsaError(error.code, error.message, {
      hint: 'Restore it from a backup of this member, or leave the directory out: then the member counts as lost.',
      cause: error,
    })
  }
}

const COLUMNS = [
  { title: 'DIRECTORY' },
  { title: 'MEMBER' },
  { title: 'ID' },
  { title: 'ROLE' },
  { title: 'LAST TERM', right: true },
  { title: 'LAST INDEX', right: true },
  { title: 'SNAPSHOT', right: true },
]

function explain(plan: RecoveryPlan, survivors: readonly Survivor[]): string {
  const { kept } = plan
  const keptId = kept.survey.identity.memberId
  const rows = survivors.map(({ directory, survey }) => [
    directory,
    nameOf(survey.configuration, survey.identity.memberId),
    formatId(survey.identity.memberId),
    roleOf(survey),
    String(survey.lastTerm),
    String(survey.lastIndex),
    String(survey.snapshotIndex),
  ])
  const name = nameOf(kept.survey.configuration, keptId)
  const others = kept.survey.configuration.members.filter(({ id }) => id !== keptId).map(({ id }) => nameOf(kept.survey.configuration, id))
  return `${table(COLUMNS, rows)}
Cluster ${formatId(plan.clusterId)}: ${plan.quorum}
Keep ${printable(kept.directory)} (${name}): ${plan.reason}.
May be lost: ${plan.loss} Writes whose outcome no client ever learned may show up.
What will happen: ${printable(kept.directory)} becomes a cluster of its own with a new cluster id, and ${name} its only member. ${others.length === 0 ? '' : `${others.join(', ')} can never join it with the data that they have, only as new members. `}There is no way back: copy the directory first if you want one.
`
}

async function confirm(plan: RecoveryPlan, { yes }: RecoverFlags, isJson: boolean, io: Io): Promise<boolean> {
  const wanted = formatId(plan.clusterId)
  if (yes !== undefined) {
    if (yes === wanted) return true
    throw new UsageError(`--yes must be the id of the cluster that is given up, ${wanted}; nothing was changed`)
  }
  if (isJson) return false
  io.err(`Type ${wanted} to go on: `)
  const typed = await firstLine(io)
  if (typed?.trim() === wanted) return true
  io.err(`${typed === null ? '\n' : ''}Not confirmed: nothing was changed.\n`)
  return false
}

async function firstLine({ stdin }: Io): Promise<string | null> {
  const lines = createInterface({ input: stdin })
  try {
    for await (const line of lines) return line
    return null
  } finally {
    lines.close()
  }
}

async function make(plan: RecoveryPlan, path: string): Promise<Identity> {
  const random = new NodeRandom()
  const { memberId } = plan.kept.survey.identity
  let clusterId = drawId(random)
  while (clusterId === plan.clusterId) clusterId = drawId(random)
  const identity = { clusterId, memberId }
  await refoundStore({ fileSystem, directory: path, crc32, identity, incarnation: drawId(random), configuration: plan.configuration })
  return identity
}

/** The flags with which the member starts again, as far as its log knows them. */
function startLine({ kept, configuration }: RecoveryPlan): string {
  const [own] = configuration.members
  const name = own === undefined || own.name === '' ? '' : ` --name ${printable(own.name)}`
  const peer = own === undefined || own.address === '' ? '' : ` --listen-peer-urls http://${printable(own.address)}`
  const client = own === undefined || own.clientAddress === '' ? '' : ` --listen-client-urls http://${printable(own.clientAddress)}`
  return `balsad${name} --data-dir ${printable(kept.directory)}${peer}${client}`
}

function done(plan: RecoveryPlan, { clusterId, memberId }: Identity): string {
  return `${printable(plan.kept.directory)} is cluster ${formatId(clusterId)} now, with ${nameOf(plan.configuration, memberId)} as its only member.
Start it with its addresses as before, without --join:
  ${startLine(plan)}
Then bring in new members, each with an empty data directory; never start the old ones again:
  balsactl member add NAME PEER_ADDRESS
`
}

function report(plan: RecoveryPlan, survivors: readonly Survivor[], identity: Identity | null): object {
  return {
    clusterId: formatId(plan.clusterId),
    keep: plan.kept.directory,
    reason: plan.reason,
    mayBeLost: plan.loss,
    survivors: survivors.map(({ directory, survey }) => ({
      directory,
      name: nameOf(survey.configuration, survey.identity.memberId),
      id: formatId(survey.identity.memberId),
      role: roleOf(survey),
      lastTerm: survey.lastTerm,
      lastIndex: survey.lastIndex,
      snapshotIndex: survey.snapshotIndex,
      voters: survey.configuration.voters.map(formatId),
    })),
    recovered: identity !== null,
    newClusterId: identity === null ? null : formatId(identity.clusterId),
    confirmWith: identity === null ? `--yes ${formatId(plan.clusterId)}` : null,
    start: identity === null ? null : startLine(plan),
  }
}
