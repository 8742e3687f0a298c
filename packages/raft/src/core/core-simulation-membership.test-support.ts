import type { SeededRandom } from '../memory/seeded-random.js'
import type { Configuration, Member, MemberId } from '../types.js'
import { asMemberId } from '../types.js'
import type { MembershipChange } from './membership-change.js'

/** Members that ever exist in one run, the removed ones included. */
const MOST_MEMBERS = 11
const MOST_AT_ONCE = 7

export const memberOf = (id: number, address = `n${id}`): Member => ({ id: asMemberId(id), address, clientAddress: '', name: `n${id}` })

/**
 * Draws changes of membership as an operator makes them: any mixture of additions, removals, promotions, replacements and witnesses. A member
 * that no change has admitted yet waits as a spare, and is what it was made as: with data, or a witness.
 */
export class Operator {
  readonly #random: SeededRandom
  readonly #isWitness = new Map<number, boolean>()
  readonly #size: () => number
  readonly #create: (id: number) => void

  /** `size`: members that exist. `create` makes the next one, with an empty disk. */
  constructor(random: SeededRandom, size: () => number, create: (id: number) => void) {
    this.#random = random
    this.#size = size
    this.#create = create
  }

  changes(now: Configuration): MembershipChange[] {
    const count = this.#random.bool(0.6) ? 1 : 2 + this.#random.int(2)
    const taken = new Set<number>()
    return Array.from({ length: count }, () => this.#change(now, taken)).filter((change) => change !== null)
  }

  #change(now: Configuration, taken: Set<number>): MembershipChange | null {
    const random = this.#random
    const one = (ids: readonly MemberId[]): MemberId | null => (ids.length === 0 ? null : random.pick(ids))
    const kind = random.int(12)
    if (kind < 4) return this.#addition(now, taken)
    if (kind < 6) return this.#replacement(now, taken, one(now.voters))
    if (kind === 11) return { type: 'update', member: memberOf(random.pick(now.members).id, `elsewhere${random.int(1000)}`) }
    const from = kind === 6 ? now.learners : kind < 8 || now.learners.length === 0 ? now.voters : now.learners
    const id = one(from)
    if (id === null) return null
    return { type: kind === 6 ? 'promote' : kind === 7 ? 'demote' : 'remove', id }
  }

  #addition(now: Configuration, taken: Set<number>): MembershipChange | null {
    if (now.members.length >= MOST_AT_ONCE) return null
    const id = this.#spare(now, taken, this.#random.bool(0.3))
    if (id === null) return null
    return { type: 'add', member: memberOf(id), promote: this.#random.bool(0.8), witness: this.#isWitness.get(id) === true }
  }

  #replacement(now: Configuration, taken: Set<number>, replaced: MemberId | null): MembershipChange | null {
    if (replaced === null) return null
    const id = this.#spare(now, taken, now.witnesses.includes(replaced))
    return id === null ? null : { type: 'replace', id: replaced, member: memberOf(id) }
  }

  /** One of this kind that is not in use, or a new one. */
  #spare(now: Configuration, taken: Set<number>, witness: boolean): number | null {
    const used = (id: number): boolean =>
      taken.has(id) || now.removed.includes(asMemberId(id)) || now.members.some((member) => member.id === id)
    const waiting = [...this.#isWitness].find(([id, kind]) => kind === witness && !used(id))?.[0]
    if (waiting === undefined && this.#size() >= MOST_MEMBERS) return null
    const id = waiting ?? this.#size() + 1
    taken.add(id)
    if (waiting === undefined) {
      this.#isWitness.set(id, witness)
      this.#create(id)
    }
    return id
  }
}
