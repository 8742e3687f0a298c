import type { Client, MembershipChanged } from '@balsa/client'
import type { MemberDetail, MembersView } from '@balsa/kv'
import { asMemberId, BalsaError, type Member, type MembershipChange } from '@balsa/raft'
import { formatId } from '@balsa/server'
import { EXIT, type ExitCode, type Io } from '../io.js'
import {
  DEFAULT_WAIT,
  describe,
  findMember,
  joinEndpoints,
  News,
  progressOf,
  quorumWords,
  readPeerAddress,
  startCommand,
  usualClientAddress,
  votersOf,
  waitUntil,
} from '../membership.js'
import { type CommonFlags, type CommonOptions, commonOptions, readDuration } from '../options.js'
import { json, table } from '../output.js'
import { withClient } from '../store.js'
import { printable, UsageError } from '../text.js'

export interface ChangeFlags extends CommonFlags {
  readonly force?: boolean
  /** False with --no-wait. */
  readonly wait?: boolean | string
}

export interface AddFlags extends ChangeFlags {
  readonly learner?: boolean
  readonly witness?: boolean
  readonly client?: string
}

export interface ReplaceFlags extends ChangeFlags {
  readonly name?: string
  readonly peer?: string
  readonly client?: string
}

export interface UpdateFlags extends ChangeFlags {
  readonly peer?: string
  readonly client?: string
}

const MAX_NAME_LENGTH = 64

/** One run of a command that changes something. */
class Change {
  readonly io: Io
  readonly options: CommonOptions
  readonly client: Client
  readonly view: MembersView
  readonly waitMs: number
  readonly #force: boolean
  readonly #path: string

  private constructor(path: string, parts: { io: Io; options: CommonOptions; client: Client; view: MembersView; flags: ChangeFlags }) {
    this.io = parts.io
    this.options = parts.options
    this.client = parts.client
    this.view = parts.view
    this.waitMs = waitOf(parts.flags)
    this.#force = parts.flags.force === true
    this.#path = path
  }

  static run(path: string, flags: ChangeFlags, io: Io, work: (change: Change) => Promise<ExitCode>): Promise<ExitCode> {
    const options = commonOptions(flags, io)
    waitOf(flags)
    return withClient(options, async (client) => {
      const view = await client.admin.members()
      return work(new Change(path, { io, options, client, view, flags }))
    })
  }

  /** What is going to happen, before it does. */
  say(text: string): void {
    this.io.err(`${text}\n`)
  }

  async make(change: MembershipChange): Promise<MembershipChanged> {
    if (this.#force) this.say('Forced: made also if a majority of the voters does not seem to be alive.')
    try {
      return await this.client.admin.changeMembership([change], { force: this.#force })
    } catch (error) {
      throw withAdvice(error, this.#path, this.options.endpoints)
    }
  }

  /** Waits, tells progress, and ends the command. `final` is what was reached. */
  async finish(
    remaining: (view: MembersView) => string | null,
    result: object,
    final: (view: MembersView | null) => string,
    unfinished: string,
  ): Promise<ExitCode> {
    const { client, waitMs, options, io } = this
    const news = new News(io, waitMs === 0)
    const { view, missing } = await waitUntil(client, remaining, { waitMs, callMs: options.timeoutMs, news })
    const done = missing === null
    const text = done ? final(view) : unfinished
    if (options.output === 'json') await io.out(json({ ...result, done, waitingFor: missing, members: view?.members.map(rowJson) ?? [] }))
    else if (done || waitMs > 0) await io.out(`${text}\n`)
    if (done || waitMs === 0) return EXIT.ok
    io.err(`still missing: ${missing}\n`)
    return EXIT.unreachable
  }
}

function waitOf({ wait }: ChangeFlags): number {
  if (wait === false) return 0
  return readDuration(typeof wait === 'string' ? wait : DEFAULT_WAIT, '--wait')
}

/** Codes of a change with the command that helps. */
function withAdvice(error: unknown, path: string, endpoints: readonly string[]): unknown {
  if (!(error instanceof BalsaError)) return error
  const list = `balsactl --endpoints ${endpoints.join(',')} member list`
  if (error.code === 'QUORUM_AT_RISK') {
    return new BalsaError(error.code, error.message, {
      hint: `bring the silent members back or replace them first (${list}); balsactl ${path} --force does it all the same`,
      cause: error,
    })
  }
  if (error.family === 'unknown') return new BalsaError(error.code, error.message, { hint: `see what became of it: ${list}`, cause: error })
  return error
}

// --- list ---

const COLUMNS = [
  { title: 'NAME' },
  { title: 'ID' },
  { title: 'ROLE' },
  { title: 'HEALTH' },
  { title: 'LAG', right: true },
  { title: 'PEER ADDRESS' },
  { title: 'CLIENT ADDRESS' },
]

export async function list(flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io, 'table')
  const view = await withClient(options, (client) => client.admin.members())
  if (options.output === 'json') {
    const { clusterId, leaderId, term, commitIndex } = view
    await io.out(
      json({ clusterId: formatId(clusterId), leaderId: formatId(leaderId), term, commitIndex, members: view.members.map(rowJson) }),
    )
    return EXIT.ok
  }
  const rows = view.members.map((member) => rowOf(member, view))
  if (options.output === 'plain')
    await io.out(rows.map((row) => `${row.map((cell) => (cell === '' ? '-' : printable(cell))).join('\t')}\n`).join(''))
  else await io.out(table(COLUMNS, rows))
  if (options.output === 'table') io.err(`cluster ${formatId(view.clusterId)}: ${quorumWords(votersOf(view).length)}\n`)
  return EXIT.ok
}

function rowOf(member: MemberDetail, view: MembersView): readonly string[] {
  const { name, id, address, clientAddress, lag } = member
  return [name, formatId(id), roleWords(member, view), healthWords(member), String(lag), address, clientAddress]
}

/** A star for the leader, as in status: it survives a pipe and a colour-blind eye. */
function roleWords({ id, role, stage, replaces, rounds }: MemberDetail, view: MembersView): string {
  if (id === view.leaderId) return 'leader *'
  if (stage === 'settled') return role
  if (stage === 'leaving') return `${role} (leaving)`
  const replaced = view.members.find((member) => member.id === replaces)
  const into = replaced === undefined ? 'joining' : `for ${replaced.name}`
  return `${role} (${into}, round ${rounds})`
}

function healthWords({ healthy, heardMsAgo, sending }: MemberDetail): string {
  if (!healthy) return heardMsAgo === 0 ? 'silent' : `silent for ${Math.max(1, Math.round(heardMsAgo / 1000))} s`
  return sending === 'snapshot' ? 'receives a snapshot' : 'healthy'
}

const rowJson = ({ id, replaces, ...member }: MemberDetail): object => ({
  id: formatId(id),
  ...member,
  replaces: replaces === null ? null : formatId(replaces),
})

// --- changes ---

export const add = (name: string, peer: string, flags: AddFlags, io: Io): Promise<ExitCode> =>
  Change.run('member add', flags, io, async (change) => {
    checkName(name)
    if (flags.learner === true && flags.witness === true)
      throw new UsageError('--learner and --witness exclude each other: a witness votes')
    const address = readPeerAddress(peer, 'PEER_ADDRESS')
    const clientAddress = flags.client === undefined ? usualClientAddress(address) : readPeerAddress(flags.client, '--client')
    const member: Member = { id: asMemberId(0), name, address, clientAddress }
    const { view } = change
    const voters = votersOf(view).length
    const promote = flags.learner !== true
    change.say(
      flags.learner === true
        ? `${name} joins as a learner: it receives the data and does not vote, until balsactl member promote ${name}.`
        : `${name} joins as a learner and becomes a ${flags.witness === true ? 'witness (it votes and holds no data)' : 'voter'} by itself once it keeps up; then ${quorumWords(voters + 1)}.`,
    )
    const { index, ids } = await change.make({ type: 'add', member, promote, witness: flags.witness === true })
    const id = ids[0] ?? 0
    const command = startCommand(member, joinEndpoints(view, change.options.endpoints))
    await tellCommand(
      change,
      command,
      `${describe({ name, id })} is in the cluster. Start it where it belongs, with an empty data directory:`,
    )
    const done = flags.learner === true ? (seen: MembersView) => learns(seen, id) : (seen: MembersView) => progressOf(seen, id)
    return change.finish(
      done,
      { id: formatId(id), name, address, index, command },
      (seen) => (flags.learner === true ? `${name} is a learner that keeps up` : `${name} is a ${roleIn(seen, id)} now`),
      `${name} was added and is not done yet; it goes on by itself`,
    )
  })

export const replace = (which: string, flags: ReplaceFlags, io: Io): Promise<ExitCode> =>
  Change.run('member replace', flags, io, async (change) => {
    const { view } = change
    const old = findMember(view, which)
    const name = flags.name ?? old.name
    checkName(name)
    const address = flags.peer === undefined ? old.address : readPeerAddress(flags.peer, '--peer')
    const clientAddress = clientFor(flags, address, old)
    const member: Member = { id: asMemberId(0), name, address, clientAddress }
    change.say(
      `A new ${name} joins as a learner; once it keeps up, it comes in and ${describe(old)} goes out in one step. ${quorumWords(votersOf(view).length)}, as before. The old id never comes back.`,
    )
    if (address === old.address) change.say(`Both have the address ${address}: the process of the old one must not run any more.`)
    const { index, ids } = await change.make({ type: 'replace', id: asMemberId(old.id), member })
    const id = ids[0] ?? 0
    const command = startCommand(
      member,
      joinEndpoints({ ...view, members: view.members.filter((other) => other.id !== old.id) }, change.options.endpoints),
    )
    await tellCommand(change, command, `${describe({ name, id })} is in the cluster. Start it with an empty data directory:`)
    return change.finish(
      (seen) => progressOf(seen, id) ?? (seen.members.some((other) => other.id === old.id) ? `${describe(old)} is leaving` : null),
      { id: formatId(id), name, address, replaced: formatId(old.id), index, command },
      () => `${describe({ name, id })} has taken the place of ${formatId(old.id)}`,
      `${name} is not done yet; it goes on by itself`,
    )
  })

export const remove = (which: string, flags: ChangeFlags, io: Io): Promise<ExitCode> =>
  Change.run('member remove', flags, io, async (change) => {
    const member = findMember(change.view, which)
    const voters = votersOf(change.view).filter(({ id }) => id !== member.id).length
    const first = member.id === change.view.leaderId && voters > 0 ? 'It leads: leadership is handed over first. ' : ''
    change.say(`${describe(member)} goes out, and its id never comes back. ${first}Then ${quorumWords(voters)}.`)
    const { index } = await change.make({ type: 'remove', id: asMemberId(member.id) })
    return change.finish(
      (seen) => (seen.members.some(({ id }) => id === member.id) ? `${describe(member)} is leaving` : null),
      { id: formatId(member.id), name: member.name, index },
      () => `${describe(member)} is removed: its process stops by itself, its data directory is of no further use`,
      `${describe(member)} is not out yet; it goes on by itself`,
    )
  })

export const promote = (which: string, flags: ChangeFlags, io: Io): Promise<ExitCode> =>
  Change.run('member promote', flags, io, async (change) => {
    const member = findMember(change.view, which)
    change.say(`${describe(member)} votes from now on, if it keeps up: ${quorumWords(votersOf(change.view).length + 1)}.`)
    const { index } = await promoteWhenReady(change, member)
    return change.finish(
      (seen) => progressOf(seen, member.id),
      { id: formatId(member.id), name: member.name, index },
      (seen) => `${member.name} is a ${roleIn(seen, member.id)} now`,
      `${member.name} does not vote yet`,
    )
  })

/** A learner that is behind is waited for. */
async function promoteWhenReady(change: Change, member: MemberDetail): Promise<MembershipChanged> {
  const untilMs = performance.now() + change.waitMs
  const news = new News(change.io, false)
  for (;;) {
    try {
      return await change.make({ type: 'promote', id: asMemberId(member.id) })
    } catch (error) {
      const behind = error instanceof BalsaError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE')
      if (!behind || performance.now() >= untilMs) throw error
      news.tell(`waiting: ${error.message}`)
    }
  }
}

export const demote = (which: string, flags: ChangeFlags, io: Io): Promise<ExitCode> =>
  Change.run('member demote', flags, io, async (change) => {
    const member = findMember(change.view, which)
    const voters = votersOf(change.view).filter(({ id }) => id !== member.id).length
    const first = member.id === change.view.leaderId ? 'It leads: leadership is handed over first. ' : ''
    change.say(`${describe(member)} keeps its data and does not vote any more. ${first}Then ${quorumWords(voters)}.`)
    const { index } = await change.make({ type: 'demote', id: asMemberId(member.id) })
    return change.finish(
      (seen) => (roleIn(seen, member.id) === 'learner' ? null : `${describe(member)} still votes`),
      { id: formatId(member.id), name: member.name, index },
      () => `${member.name} is a learner now`,
      `${member.name} still votes; it goes on by itself`,
    )
  })

export const update = (which: string, flags: UpdateFlags, io: Io): Promise<ExitCode> =>
  Change.run('member update', flags, io, async (change) => {
    if (flags.peer === undefined && flags.client === undefined) throw new UsageError('say what is new: --peer or --client')
    const member = findMember(change.view, which)
    const address = flags.peer === undefined ? member.address : readPeerAddress(flags.peer, '--peer')
    const clientAddress = flags.client === undefined ? member.clientAddress : readPeerAddress(flags.client, '--client')
    change.say(
      `The cluster looks for ${describe(member)} at ${address} from now on. A member that is started elsewhere tells that by itself: this is for one that cannot.`,
    )
    const { index } = await change.make({
      type: 'update',
      member: { id: asMemberId(member.id), name: member.name, address, clientAddress },
    })
    return change.finish(
      (seen) => (seen.members.find(({ id }) => id === member.id)?.address === address ? null : 'the old address is still in force'),
      { id: formatId(member.id), name: member.name, address, clientAddress, index },
      () => `${member.name} is at ${address} now`,
      'not in force yet',
    )
  })

const roleIn = (view: MembersView | null, id: number): string => view?.members.find((member) => member.id === id)?.role ?? 'member'

/** A learner that nobody promotes is done when it answers and lacks nothing worth mentioning. */
function learns(view: MembersView, id: number): string | null {
  const member = view.members.find((candidate) => candidate.id === id)
  if (member?.healthy === true && member.sending === 'replicate') return null
  return progressOf(view, id) ?? 'not a learner any more'
}

function clientFor(flags: ReplaceFlags, address: string, old: MemberDetail): string {
  if (flags.client !== undefined) return readPeerAddress(flags.client, '--client')
  return address === old.address && old.clientAddress !== '' ? old.clientAddress : usualClientAddress(address)
}

function checkName(name: string): void {
  if (name.length <= MAX_NAME_LENGTH && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return
  throw new UsageError(
    `a name is 1 to ${MAX_NAME_LENGTH} letters, digits, dots, dashes or underscores, not ${JSON.stringify(name.slice(0, 100))}`,
  )
}

/** The command goes to standard output alone, to be taken by a script; the rest is for people. */
async function tellCommand(change: Change, command: string, introduction: string): Promise<void> {
  change.say(introduction)
  if (change.options.output === 'json') change.say(command)
  else await change.io.out(`${command}\n`)
  if (change.waitMs > 0) change.say('Waiting until it has caught up. Ctrl-C ends the waiting only.')
}
