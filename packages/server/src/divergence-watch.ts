/**
 * Members whose logs are equal must have equal states. Each member asks the others, every few seconds, for hashes of their state at places that
 * all have in common, and compares: a bug, a broken memory or a changed file shows before a change of leader makes it everybody's.
 */
import type { AdminAnswer, HashMark } from '@balsa/kv'
import { BalsaError, type Clock, type MemberId, type Random, type Timer } from '@balsa/raft'
import { formatId } from './ids.js'
import type { Logger } from './logger.js'

export interface OtherMember {
  readonly id: MemberId
  readonly name: string
  /** Where it serves clients, and other members that ask for hashes. */
  readonly clientAddress: string
}

export interface DivergenceWatchOptions {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Pick<Logger, 'error' | 'info'>
  /** Between two rounds. */
  readonly everyMs: number
  /** Those that hold data and whose address is known. */
  readonly others: () => readonly OtherMember[]
  /** Of the own state. */
  readonly marks: () => readonly HashMark[]
  readonly link: HashLink
}

/** How other members are asked. */
export interface HashLink {
  /** Rejects when the member does not answer in time. */
  ask(address: string): Promise<AdminAnswer>
  close(): void
}

/** Which one is most likely wrong: the majority of the members decides, when there is one. */
export type Suspect = 'this' | 'other' | 'unknown'

export interface Divergence {
  readonly suspect: Suspect
  /** Members whose state differs from this one's. */
  readonly members: readonly MemberId[]
  /** For people; one line. */
  readonly text: string
}

/** An alarm that lasts is told again. */
const REPEAT_MS = 10 * 60_000

interface Difference {
  readonly name: string
  readonly index: number
  readonly ours: string
  readonly theirs: string
  toldAtMs: number
}

const ADVICE: Readonly<Record<Suspect, string>> = {
  this: 'this member is most likely the one that is wrong',
  other: 'most members agree with this one',
  unknown: 'which one is wrong cannot be told',
}

export class DivergenceWatch {
  readonly #options: DivergenceWatchOptions
  readonly #differing = new Map<MemberId, Difference>()
  readonly #agreeing = new Set<MemberId>()
  #timer: Timer | null = null
  #stopped = false

  constructor(options: DivergenceWatchOptions) {
    this.#options = options
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#options.link.close()
  }

  /** Null while nobody is known to differ. */
  get current(): Divergence | null {
    if (this.#differing.size === 0) return null
    const suspect = this.#suspect
    const whom = [...this.#differing.values()].map(({ name, index }) => `${name} at index ${index}`).join(', ')
    return { suspect, members: [...this.#differing.keys()], text: `the state differs from that of ${whom}: ${ADVICE[suspect]}` }
  }

  get #suspect(): Suspect {
    const withUs = 1 + this.#agreeing.size
    const against = this.#differing.size
    if (against === withUs) return 'unknown'
    return against > withUs ? 'this' : 'other'
  }

  /** Members that were started together must not all ask at the same moment. */
  #schedule(): void {
    const { clock, random, everyMs } = this.#options
    if (this.#stopped) return
    this.#timer = clock.setTimer(everyMs * (0.5 + random.next()), () => void this.check().then(() => this.#schedule()))
  }

  /** One round. Who does not answer keeps the verdict of the round before. */
  async check(): Promise<void> {
    const others = this.#options.others()
    for (const id of [...this.#differing.keys(), ...this.#agreeing]) if (!others.some((other) => other.id === id)) this.#forget(id)
    for (const other of others) {
      if (this.#stopped) return
      const theirs = await this.#marksOf(other)
      if (theirs !== null && !this.#stopped) this.#compare(other, theirs)
    }
    this.#tell()
  }

  async #marksOf({ id, clientAddress }: OtherMember): Promise<readonly HashMark[] | null> {
    try {
      const answer = await this.#options.link.ask(clientAddress)
      // At an address that it has left there may be another one by now.
      return answer.type === 'stateHashes' && answer.memberId === id ? answer.marks : null
    } catch (error) {
      if (error instanceof BalsaError) return null
      throw error
    }
  }

  /** The newest place that both know decides: every hash follows from all before it. */
  #compare({ id, name }: OtherMember, marks: readonly HashMark[]): void {
    const theirs = new Map(marks.map(({ index, hash }) => [index, hash]))
    const ours = this.#options.marks().findLast(({ index }) => theirs.has(index))
    const hash = ours === undefined ? undefined : theirs.get(ours.index)
    if (ours === undefined || hash === undefined) return
    const known = this.#differing.get(id)
    if (ours.hash === hash) {
      if (known !== undefined) this.#options.logger.info({ member: name, index: ours.index }, 'the states of the members agree again')
      this.#differing.delete(id)
      this.#agreeing.add(id)
    } else {
      this.#agreeing.delete(id)
      this.#differing.set(id, {
        name,
        index: ours.index,
        ours: ours.hash,
        theirs: hash,
        toldAtMs: known?.toldAtMs ?? Number.NEGATIVE_INFINITY,
      })
    }
  }

  #forget(id: MemberId): void {
    this.#differing.delete(id)
    this.#agreeing.delete(id)
  }

  /** After the whole round, when it is known which of them is alone. */
  #tell(): void {
    const nowMs = this.#options.clock.now()
    const suspect = this.#suspect
    for (const [id, difference] of this.#differing) {
      if (nowMs - difference.toldAtMs < REPEAT_MS) continue
      difference.toldAtMs = nowMs
      const { name, index, ours, theirs } = difference
      this.#options.logger.error(
        { member: name, memberId: formatId(id), index, ours, theirs, suspect },
        `DIVERGED: the states of this member and ${name} differ although their logs are equal: ${ADVICE[suspect]}`,
      )
    }
  }
}
