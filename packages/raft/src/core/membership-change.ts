import type { ErrorCode } from '../errors.js'
import type { Configuration, Member, MemberId } from '../types.js'
import { isJoint } from './membership.js'

/** What can be asked of a cluster's membership. Several at once become one step, and hold together or not at all. */
export type MembershipChange =
  /**
   * A new member, always as a learner first. With `promote` it becomes a voter by itself once it keeps up. A witness votes and holds no data;
   * it stays a witness for ever.
   */
  | { readonly type: 'add'; readonly member: Member; readonly promote: boolean; readonly witness: boolean }
  /** A learner becomes a voter now; refused while it does not keep up. */
  | { readonly type: 'promote'; readonly id: MemberId }
  /** A voter becomes a learner. */
  | { readonly type: 'demote'; readonly id: MemberId }
  /** Its id is never admitted again. */
  | { readonly type: 'remove'; readonly id: MemberId }
  /**
   * `member` joins as a learner (a witness in place of a witness); once it keeps up it comes in and `id` goes out, in one joint step. It may have
   * the address and the name of the one that it replaces.
   */
  | { readonly type: 'replace'; readonly id: MemberId; readonly member: Member }
  /** Other addresses or another name for the member with the same id. */
  | { readonly type: 'update'; readonly member: Member }

/** Why a change is not made, for the caller and for people. */
export interface ChangeRefusal {
  readonly refused: ErrorCode
  readonly reason: string
}

export type NextConfiguration = { readonly configuration: Configuration } | ChangeRefusal

const refuse = (refused: ErrorCode, reason: string): ChangeRefusal => ({ refused, reason })

/**
 * The configuration that these changes make of the one in force, or why they must not be made: MEMBERSHIP_PENDING, MEMBER_EXISTS,
 * MEMBER_UNKNOWN, MEMBER_REMOVED or INVALID. Joint whenever the voters change, however little (paper, section 6): one rule for every change is
 * one rule to get right. Knows nothing of who is alive or keeps up.
 */
export function nextConfiguration(active: Configuration, changes: readonly MembershipChange[]): NextConfiguration {
  if (isJoint(active)) return refuse('MEMBERSHIP_PENDING', 'the change before this one is not finished')
  if (changes.length === 0) return refuse('INVALID', 'nothing is to be changed')
  const draft = new Draft(active)
  for (const change of changes) {
    const refusal = make(draft, change)
    if (refusal !== null) return refusal
  }
  return draft.votersRefusal() ?? { configuration: draft.configuration() }
}

function make(draft: Draft, change: MembershipChange): ChangeRefusal | null {
  switch (change.type) {
    case 'add':
      return draft.admissionRefusal(change.member, null) ?? draft.admit(change.member, change.witness, change.promote ? null : undefined)
    case 'promote':
      return draft.unknownRefusal(change.id) ?? promote(draft, change.id)
    case 'demote':
      return draft.unknownRefusal(change.id) ?? demote(draft, change.id)
    case 'remove':
      return draft.unknownRefusal(change.id) ?? draft.remove(change.id)
    case 'replace':
      return draft.unknownRefusal(change.id) ?? replace(draft, change.id, change.member)
    case 'update':
      return draft.unknownRefusal(change.member.id) ?? draft.clashRefusal(change.member, null) ?? draft.describe(change.member)
  }
}

function promote(draft: Draft, id: MemberId): ChangeRefusal | null {
  if (draft.voters.has(id)) return refuse('INVALID', `member ${id} is a voter already`)
  draft.learners.delete(id)
  draft.voters.add(id)
  const replaced = draft.joining.get(id) ?? null
  draft.joining.delete(id)
  return replaced === null ? null : draft.remove(replaced)
}

function demote(draft: Draft, id: MemberId): ChangeRefusal | null {
  if (!draft.voters.delete(id)) return refuse('INVALID', `member ${id} is a learner already`)
  draft.learners.add(id)
  return null
}

function replace(draft: Draft, id: MemberId, member: Member): ChangeRefusal | null {
  if (!draft.voters.has(id)) return refuse('INVALID', `member ${id} does not vote: remove it and add another one`)
  for (const [other, replaced] of draft.joining) {
    if (replaced === id) return refuse('INVALID', `member ${id} is being replaced by member ${other} already`)
  }
  return draft.admissionRefusal(member, id) ?? draft.admit(member, draft.witnesses.has(id), id)
}

/** A configuration under construction: members by id, each voter, learner, or gone. */
class Draft {
  readonly #active: Configuration
  /** Everybody of the active configuration, and who comes in. Those that go stay in here: a joint configuration still needs them. */
  readonly #described: Map<MemberId, Member>
  readonly #gone = new Set<MemberId>()
  readonly voters: Set<MemberId>
  readonly learners: Set<MemberId>
  readonly joining: Map<MemberId, MemberId | null>
  readonly witnesses: Set<MemberId>

  constructor(active: Configuration) {
    this.#active = active
    this.#described = new Map(active.members.map((member) => [member.id, member]))
    this.voters = new Set(active.voters)
    this.learners = new Set(active.learners)
    this.joining = new Map(active.joining.map(({ id, replaces }) => [id, replaces]))
    this.witnesses = new Set(active.witnesses)
  }

  #isMember(id: MemberId): boolean {
    return this.voters.has(id) || this.learners.has(id)
  }

  #isRemoved(id: MemberId): boolean {
    return this.#gone.has(id) || this.#active.removed.includes(id)
  }

  unknownRefusal(id: MemberId): ChangeRefusal | null {
    if (this.#isMember(id)) return null
    return this.#isRemoved(id)
      ? refuse('MEMBER_REMOVED', `member ${id} was removed`)
      : refuse('MEMBER_UNKNOWN', `the cluster has no member ${id}`)
  }

  admissionRefusal(member: Member, replaces: MemberId | null): ChangeRefusal | null {
    const { id } = member
    if (!Number.isSafeInteger(id) || id <= 0) return refuse('INVALID', `a member id is a safe integer greater than 0, not ${id}`)
    if (this.#isMember(id)) return refuse('MEMBER_EXISTS', `member ${id} is in the cluster already`)
    if (this.#isRemoved(id)) return refuse('MEMBER_REMOVED', `member ${id} was removed: an id is never used again, choose another one`)
    return this.clashRefusal(member, replaces)
  }

  /** Two members that answer to one address, or that people cannot tell apart. */
  clashRefusal(member: Member, except: MemberId | null): ChangeRefusal | null {
    for (const other of this.#described.values()) {
      if (other.id === member.id || other.id === except || !this.#isMember(other.id)) continue
      for (const field of ['address', 'name'] as const) {
        if (member[field] === '' || member[field] !== other[field]) continue
        return refuse('MEMBER_EXISTS', `member ${other.id} has the ${field} ${JSON.stringify(member[field])} already`)
      }
    }
    return null
  }

  /** As a learner. `replaces` undefined: it stays one until somebody promotes it. */
  admit(member: Member, witness: boolean, replaces: MemberId | null | undefined): null {
    this.#described.set(member.id, member)
    this.learners.add(member.id)
    if (witness) this.witnesses.add(member.id)
    if (replaces !== undefined) this.joining.set(member.id, replaces)
    return null
  }

  describe(member: Member): null {
    this.#described.set(member.id, member)
    return null
  }

  remove(id: MemberId): null {
    this.voters.delete(id)
    this.learners.delete(id)
    this.joining.delete(id)
    this.#gone.add(id)
    for (const [other, replaces] of this.joining) if (replaces === id) this.joining.set(other, null)
    return null
  }

  votersRefusal(): ChangeRefusal | null {
    if (this.voters.size === 0) return refuse('INVALID', 'nobody would be left to vote')
    const witnesses = [...this.voters].filter((id) => this.witnesses.has(id)).length
    if (witnesses === this.voters.size) return refuse('INVALID', 'only witnesses would vote: nobody would hold the data')
    // More of them could commit what only one member holds, though most members with data are alive.
    if (witnesses > this.voters.size - witnesses) return refuse('INVALID', 'more witnesses than members with data would vote')
    return null
  }

  configuration(): Configuration {
    const { voters } = this.#active
    const joint = voters.length !== this.voters.size || voters.some((id) => !this.voters.has(id))
    const votersOutgoing = joint ? voters : []
    const staying = new Set<MemberId>([...this.voters, ...votersOutgoing, ...this.learners])
    const gone = [...this.#gone].filter((id) => !staying.has(id))
    return {
      members: [...this.#described.values()].filter(({ id }) => staying.has(id)),
      voters: [...this.voters],
      votersOutgoing,
      learners: [...this.learners],
      joining: [...this.joining].map(([id, replaces]) => ({ id, replaces })),
      witnesses: [...this.witnesses].filter((id) => staying.has(id)),
      removed: [...this.#active.removed, ...gone].sort((a, b) => a - b),
    }
  }
}
