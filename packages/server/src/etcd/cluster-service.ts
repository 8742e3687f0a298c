import { type HostPort, formatAddress, parseAddress } from '@balsa/host'
import type { MemberSummary } from '@balsa/kv'
import { asMemberId, BalsaError, type MembershipChange } from '@balsa/raft'
import {
  ClusterService as ClusterMethods,
  type MemberAddRequest,
  type MemberAddResponseInit,
  type MemberInit,
  type MemberListRequest,
  type MemberListResponseInit,
  type MemberPromoteRequest,
  type MemberPromoteResponseInit,
  type MemberRemoveRequest,
  type MemberRemoveResponseInit,
  type MemberUpdateRequest,
  type MemberUpdateResponseInit,
  type ResponseHeaderInit,
} from '@balsa/proto/etcdserverpb'
import { type Endpoint, unary } from './endpoint.js'
import { etcdError, statusOfError } from './errors.js'
import type { EtcdMember } from './member.js'

/** etcdserverpb.Cluster. Only the leader changes members; the others hand requests to it. */
export class ClusterService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = ClusterMethods
    return [
      unary(methods.MemberAdd, (request) => this.add(request)),
      unary(methods.MemberRemove, (request) => this.remove(request)),
      unary(methods.MemberUpdate, (request) => this.update(request)),
      unary(methods.MemberList, (request) => this.list(request)),
      unary(methods.MemberPromote, (request) => this.promote(request)),
    ]
  }

  async list({ linearizable }: MemberListRequest): Promise<MemberListResponseInit> {
    if (linearizable) await this.#member.synchronise()
    return this.#answer()
  }

  /** The new member catches up as a learner first, whatever is asked for; one that was not to stay a learner becomes a voter by itself. */
  async add({ peerURLs, isLearner }: MemberAddRequest): Promise<MemberAddResponseInit> {
    const address = addressOf(peerURLs)
    if (this.#members().some((member) => sameAddress(member.address, address))) throw etcdError('peerUrlExists')
    const member = { id: asMemberId(0), name: '', address, clientAddress: '' }
    const [id = 0] = await this.#change({ type: 'add', member, promote: !isLearner, witness: false })
    const added: MemberInit = { ID: BigInt(id), name: '', peerURLs: [urlOf(address)], clientURLs: [], isLearner }
    const { header, members } = this.#answer()
    const listed = members.some(({ ID }) => ID === added.ID) ? members : [...members, added]
    return { header, member: added, members: listed }
  }

  async remove({ ID }: MemberRemoveRequest): Promise<MemberRemoveResponseInit> {
    const { id } = this.#find(ID)
    await this.#change({ type: 'remove', id: asMemberId(id) })
    const { header, members } = this.#answer()
    return { header, members: members.filter((member) => member.ID !== ID) }
  }

  async update({ ID, peerURLs }: MemberUpdateRequest): Promise<MemberUpdateResponseInit> {
    const { id, name, clientAddress } = this.#find(ID)
    const address = addressOf(peerURLs)
    if (this.#members().some((member) => member.id !== id && sameAddress(member.address, address))) throw etcdError('peerUrlExists')
    await this.#change({ type: 'update', member: { id: asMemberId(id), name, address, clientAddress } })
    return this.#answer()
  }

  async promote({ ID }: MemberPromoteRequest): Promise<MemberPromoteResponseInit> {
    const { id, role } = this.#find(ID)
    if (role !== 'learner') throw etcdError('notALearner')
    await this.#member
      .rawAdmin({ type: 'change', changes: [{ type: 'promote', id: asMemberId(id) }], force: false })
      .catch((error: unknown) => {
        const behind = error instanceof BalsaError && (error.code === 'UNAVAILABLE' || error.code === 'QUORUM_AT_RISK')
        throw behind ? etcdError('learnerNotReady') : statusOfError(error)
      })
    return this.#answer()
  }

  #members(): readonly MemberSummary[] {
    return this.#member.store.status().members
  }

  #find(ID: bigint): MemberSummary {
    const found = this.#members().find(({ id }) => BigInt(id) === ID)
    if (found === undefined) throw etcdError('memberNotFound')
    return found
  }

  async #change(change: MembershipChange): Promise<readonly number[]> {
    const answer = await this.#member.rawAdmin({ type: 'change', changes: [change], force: false }).catch((error: unknown) => {
      // Ids are drawn here: what exists already is the address.
      throw error instanceof BalsaError && error.code === 'MEMBER_EXISTS' ? etcdError('peerUrlExists') : statusOfError(error)
    })
    // What this member shows next has the change in it.
    await this.#member.synchronise()
    return answer.type === 'changed' ? answer.ids : []
  }

  /** Headers of these calls have no revision. */
  #answer(): { readonly header: ResponseHeaderInit; readonly members: readonly MemberInit[] } {
    const members = [...this.#members()].sort((a, b) => a.id - b.id).map(memberOf)
    return { header: this.#member.header(0), members }
  }
}

const memberOf = ({ id, name, address, clientAddress, role }: MemberSummary): MemberInit => ({
  ID: BigInt(id),
  name,
  peerURLs: [urlOf(address)],
  clientURLs: clientAddress === '' ? [] : [urlOf(clientAddress)],
  isLearner: role === 'learner',
})

const urlOf = (address: string): string => `http://${address}`

/** Of the only URL: a member has one address here. */
function addressOf(urls: readonly string[]): string {
  const [url] = urls
  if (url === undefined || urls.length > 1 || !/^http:\/\/[^/]+$/.test(url)) throw etcdError('badMemberUrls')
  let address: HostPort
  try {
    address = parseAddress(url)
  } catch {
    throw etcdError('badMemberUrls')
  }
  if (address.port === 0) throw etcdError('badMemberUrls')
  return formatAddress(address)
}

const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
