/** What the member commands share: who is meant, what a change means, and how far it is. */
import type { Client } from '@balsa/client'
import { parseAddress } from '@balsa/host'
import type { MemberDetail, MembersView } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'
import { formatId, nearest } from '@balsa/server'
import type { Io } from './io.js'
import { printable, UsageError } from './text.js'

/** How long commands that wait do so, unless told otherwise: long enough for somebody to start a process in another terminal. */
export const DEFAULT_WAIT = '10m'
const POLL_MS = 250
/** The same news is not told again, and not more often than this. */
const NEWS_EVERY_MS = 1000

/** A member by name or id. Throws MEMBER_UNKNOWN with the nearest name; UsageError when two members have the name. */
export function findMember({ members }: MembersView, text: string): MemberDetail {
  const named = members.filter(({ name }) => name === text)
  const [only, other] = named
  if (only !== undefined && other === undefined) return only
  if (only !== undefined) {
    const ids = named.map(({ id, role, stage }) => `${formatId(id)} (${role}${stage === 'settled' ? '' : `, ${stage}`})`).join(' or ')
    throw new UsageError(`${named.length} members are called ${text}: say which one by its id, ${ids}`)
  }
  const byId = members.find(({ id }) => formatId(id) === text.toLowerCase())
  if (byId !== undefined) return byId
  const near = nearest(
    text,
    members.map(({ name }) => name),
  )
  throw new BalsaError('MEMBER_UNKNOWN', `the cluster has no member ${text}${near === null ? '' : `: did you mean ${near}?`}`, {
    hint: 'balsactl member list shows all names and ids.',
  })
}

export const describe = ({ name, id }: Pick<MemberDetail, 'name' | 'id'>): string => `${printable(name)} (${formatId(id)})`

/** What a cluster with so many voters can bear. */
export function quorumWords(voters: number): string {
  const majority = Math.floor(voters / 2) + 1
  const spare = voters - majority
  const bears = spare === 0 ? 'none may fail' : `${spare} may fail`
  return voters === 1 ? '1 member votes, and it may not fail' : `${voters} members vote, ${majority} of them are needed, ${bears}`
}

/** Members that vote now: those that learn do not, and those that only wait to be replaced do. */
export const votersOf = ({ members }: MembersView): readonly MemberDetail[] =>
  members.filter(({ role, stage, replaces }) => role === 'voter' || (role === 'witness' && stage !== 'joining' && replaces === null))

/** `host:port`, or a UsageError that names the argument. */
export function readPeerAddress(text: string, what: string): string {
  try {
    const { host, port } = parseAddress(text)
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  } catch (error) {
    throw new UsageError(`${what}: ${(error as Error).message}`)
  }
}

/** The custom that the client port is the one before the peer port. */
export function usualClientAddress(peerAddress: string): string {
  const { host, port } = parseAddress(peerAddress)
  return `${host.includes(':') ? `[${host}]` : host}:${Math.max(1, port - 1)}`
}

/** The command that starts a member that the cluster has been told of. */
export function startCommand(member: Pick<MemberDetail, 'name' | 'address' | 'clientAddress'>, endpoints: readonly string[]): string {
  const { host } = parseAddress(member.address)
  const local = host === 'localhost' || host === '::1' || host.startsWith('127.')
  return [
    'balsad',
    `--name ${member.name}`,
    `--data-dir ${member.name}.balsa`,
    `--listen-peer-urls http://${member.address}`,
    `--listen-client-urls http://${member.clientAddress}`,
    `--join ${endpoints.join(',')}`,
    // Without TLS this has to be said; the other members were told the same.
    ...(local ? [] : ['--insecure']),
  ].join(' ')
}

/** Where somebody who joins can ask: members that say where clients reach them, else the ones that were asked here. */
export function joinEndpoints({ members }: MembersView, asked: readonly string[]): readonly string[] {
  const known = members.filter(({ role, stage, clientAddress }) => role === 'voter' && stage !== 'leaving' && clientAddress !== '')
  return known.length > 0 ? known.map(({ clientAddress }) => clientAddress).slice(0, 3) : asked
}

/** How far a member is that is to become a voter; null when it is one. */
export function progressOf(view: MembersView, id: number): string | null {
  const member = view.members.find((candidate) => candidate.id === id)
  if (member === undefined) return 'not in the cluster any more'
  const { name, role, stage, healthy, sending, rounds, lag } = member
  const replaced = member.replaces === null ? null : view.members.find((candidate) => candidate.id === member.replaces)
  if (stage === 'settled' && role !== 'learner') return null
  if (!healthy) return `${printable(name)} does not answer: waiting for it to be started`
  if (sending === 'snapshot') return `${printable(name)} receives a snapshot`
  const behind = lag === 0 ? 'nothing is missing' : `${lag} entries behind`
  const goes = replaced === null || replaced === undefined ? '' : `, to take the place of ${describe(replaced)}`
  return `${printable(name)} catches up: ${rounds} rounds done, ${behind}${goes}`
}

/** Tells news on standard error, each once, and not too fast to read. */
export class News {
  readonly #io: Io
  readonly #quiet: boolean
  #last = ''
  #atMs = Number.NEGATIVE_INFINITY

  constructor(io: Io, quiet: boolean) {
    this.#io = io
    this.#quiet = quiet
  }

  tell(text: string): void {
    const nowMs = performance.now()
    if (this.#quiet || text === this.#last || nowMs - this.#atMs < NEWS_EVERY_MS) return
    this.#last = text
    this.#atMs = nowMs
    this.#io.err(`${text}\n`)
  }
}

/** Polls the leader until `remaining` says nothing any more. Answers the last view, and what was still missing when the time was over. */
export async function waitUntil(
  client: Pick<Client, 'admin'>,
  remaining: (view: MembersView) => string | null,
  options: { readonly waitMs: number; readonly callMs: number; readonly news: News },
): Promise<{ readonly view: MembersView | null; readonly missing: string | null }> {
  const untilMs = performance.now() + options.waitMs
  let view: MembersView | null = null
  for (;;) {
    let missing: string | null
    try {
      view = await client.admin.members({ deadlineMs: options.callMs })
      missing = remaining(view)
    } catch (error) {
      // Leaders come and go while a cluster changes: that is no reason to give up before the time is over.
      if (!(error instanceof BalsaError)) throw error
      missing = `the cluster does not answer: ${error.code}`
    }
    if (missing === null || performance.now() >= untilMs) return { view, missing }
    options.news.tell(missing)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
