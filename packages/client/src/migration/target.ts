/**
 * Writing into the target: transactions of changes and of the note of how far they bring it. Each is on the condition that the note is the one of the transaction
 * before, so many can be under way and still take effect in their order, each once, whatever becomes of their answers.
 */
import { type Compare_CompareResult, KVService, type CompareInit, type PutRequestInit, type RequestOpInit } from '@balsa/proto/etcdserverpb'
import { BalsaError } from '@balsa/raft'
import type { EtcdClient } from '../etcd/etcd-client.js'
import { compareKeys } from './key-space.js'
import { decodeNote, encodeNote, type Note, NOTE_KEY } from './note.js'

const { DeleteRange, Put, Range, Txn } = KVService.methods

/** What etcd allows in a transaction, less the note. */
const MOST_CHANGES = 127
/** Of a transaction, unless a single pair has more. Below what servers take, by far more than the rest of the transaction has. */
const MOST_BYTES = 1024 * 1024
/** Transactions under way. */
const WINDOW = 32
const EQUAL: Compare_CompareResult = 0

/** `put` null: the key is deleted. */
export interface Change {
  readonly key: Uint8Array
  readonly put: Omit<PutRequestInit, 'key'> | null
}

/** Changes of one revision of the source. */
export interface Step {
  readonly revision: number
  readonly changes: readonly Change[]
  /** Nothing more is known to come: not to wait for others. */
  readonly urgent?: boolean
}

type Outcome = 'done' | 'notInOrder' | BalsaError

interface Batch {
  readonly changes: readonly Change[]
  readonly note: Note
  readonly value: Uint8Array
  /** The note that must be there; null = none. */
  readonly before: Uint8Array | null
  outcome: Promise<Outcome>
}

type Written = (changes: number) => void

export class Target {
  readonly #client: EtcdClient
  readonly #batch: number
  /** As it is in the target, as far as is known. */
  #note: Note
  /** Its bytes; null = there is none. */
  #present: Uint8Array | null
  /** Sent and not known to be done, in their order. */
  #sent: Batch[] = []

  private constructor(client: EtcdClient, note: Note, present: Uint8Array | null, batch: number) {
    this.#client = client
    this.#note = note
    this.#present = present
    this.#batch = batch
  }

  /** `batch`: so many revisions of the source may share one of the target. */
  static async open(client: EtcdClient, fresh: Note, batch: number): Promise<{ readonly target: Target; readonly found: Note | null }> {
    const { kvs } = await client.call(Range, { key: NOTE_KEY })
    const [pair] = kvs
    if (pair === undefined) return { target: new Target(client, fresh, null, batch), found: null }
    const found = decodeNote(pair.value)
    return { target: new Target(client, { ...fresh, step: found.step }, pair.value, batch), found }
  }

  get revision(): number {
    return this.#note.revision
  }

  /** From the next transaction on. */
  startAt(revision: number): void {
    this.#note = { ...this.#note, revision }
  }

  /**
   * Writes steps in their order, each at a revision of its own unless several may share one. `written` hears of each transaction that is done. INVALID (refused):
   * somebody else migrates into the target.
   */
  async write(steps: AsyncIterable<Step> | Iterable<Step>, written: Written = () => undefined): Promise<void> {
    await this.recover()
    let waiting: Change[] = []
    let bytes = 0
    let revisions = 0
    let last = this.#note.revision
    const flush = async (): Promise<void> => {
      if (waiting.length > 0) await this.#send(waiting, last, written)
      waiting = []
      bytes = 0
      revisions = 0
    }
    for await (const { revision, changes, urgent = false } of steps) {
      for (const change of changes) {
        const size = change.key.length + (change.put?.value?.length ?? 0)
        // Of a revision that does not fit into one transaction not all is there yet.
        if (waiting.length >= MOST_CHANGES || bytes + size > MOST_BYTES || waiting.some(({ key }) => compareKeys(key, change.key) === 0))
          await flush()
        waiting.push(change)
        bytes += size
      }
      last = revision
      revisions += 1
      if (revisions >= this.#batch || urgent) await flush()
      if (urgent) await this.#settle(0, written)
    }
    await flush()
    await this.#settle(0, written)
  }

  /** Says how far it is without a change. */
  async say(revision: number): Promise<void> {
    if (revision <= this.#note.revision && this.#present !== null) return
    await this.#send([], revision, () => undefined)
    await this.#settle(0, () => undefined)
  }

  /** The note goes: from now on the target is on its own. */
  async finish(): Promise<void> {
    await this.#client.call(DeleteRange, { key: NOTE_KEY }, { repeatable: true })
    this.#present = null
  }

  /** Behind an error: finds out what became of the last transactions. What was not done is forgotten. */
  async recover(): Promise<void> {
    if (this.#sent.length === 0) return
    await this.#confirm()
    this.#sent = []
  }

  async #send(changes: readonly Change[], revision: number, written: Written): Promise<void> {
    const before = this.#sent.at(-1)
    const last = before?.note ?? this.#note
    const note: Note = { ...last, revision: Math.max(revision, last.revision), step: last.step + 1 }
    const batch = { changes, note, value: encodeNote(note), before: before?.value ?? this.#present }
    this.#sent.push({ ...batch, outcome: this.#try(batch) })
    await this.#settle(WINDOW - 1, written)
  }

  /** Waits until at most so many are under way. */
  async #settle(most: number, written: Written): Promise<void> {
    while (this.#sent.length > most) {
      const [oldest] = this.#sent
      if (oldest === undefined) return
      if ((await oldest.outcome) === 'done') this.#done(1, written)
      else await this.#again(written)
    }
  }

  #done(count: number, written: Written): void {
    for (const { note, value, changes } of this.#sent.splice(0, count)) {
      this.#note = note
      this.#present = value
      written(changes.length)
    }
  }

  /** One was not done, and so none behind it: from there on, one at a time. */
  async #again(written: Written): Promise<void> {
    await this.#confirm(written)
    for (let batch = this.#sent[0]; batch !== undefined; batch = this.#sent[0]) {
      let outcome = await this.#try(batch)
      const [only] = batch.changes
      if (outcome instanceof BalsaError && outcome.code === 'TOO_LARGE' && batch.changes.length === 1 && only !== undefined) {
        // A pair that is as large as a server takes leaves no room for a note.
        if (only.put !== null) await this.#client.call(Put, { ...only.put, key: only.key }, { repeatable: true })
        outcome = await this.#try({ ...batch, changes: [] })
      }
      if (outcome instanceof BalsaError) throw outcome
      if (outcome === 'notInOrder') throw another()
      this.#done(1, written)
    }
  }

  /** Nothing is under way any more: what the note in the target tells is done. */
  async #confirm(written: Written = () => undefined): Promise<void> {
    const sent = this.#sent
    await Promise.all(sent.map(({ outcome }) => outcome))
    const { kvs } = await this.#client.call(Range, { key: NOTE_KEY })
    const present = kvs[0]?.value ?? null
    const newest = sent.findLastIndex(({ value }) => isSame(value, present))
    if (newest < 0 && !isSame(this.#present, present)) {
      this.#sent = []
      throw another()
    }
    this.#done(newest + 1, written)
  }

  /** Never rejects. */
  async #try({ changes, value, before }: Omit<Batch, 'outcome'>): Promise<Outcome> {
    const note = { key: NOTE_KEY, result: EQUAL } as const
    const condition: CompareInit =
      before === null
        ? { ...note, target: 1, targetUnion: { case: 'createRevision', value: 0 } }
        : { ...note, target: 3, targetUnion: { case: 'value', value: before } }
    try {
      const { succeeded, responses } = await this.#client.call(
        Txn,
        {
          compare: [condition],
          success: [...changes.map(operationOf), { request: { case: 'requestPut', value: { key: NOTE_KEY, value } } }],
          failure: [{ request: { case: 'requestRange', value: { key: NOTE_KEY } } }],
        },
        { repeatable: true },
      )
      const response = responses[0]?.response
      const [present] = response?.case === 'responseRange' ? response.value.kvs : []
      // An answer that was lost, and this is the one to a repetition.
      return succeeded || isSame(value, present?.value ?? null) ? 'done' : 'notInOrder'
    } catch (error) {
      if (error instanceof BalsaError) return error
      throw error
    }
  }
}

const another = (): BalsaError =>
  new BalsaError('INVALID', 'another migration writes into the target, or somebody has changed its note', {
    hint: 'See that only one migration runs; the next run goes on from what the target has.',
  })

const isSame = (a: Uint8Array | null, b: Uint8Array | null): boolean => (a === null || b === null ? a === b : compareKeys(a, b) === 0)

const operationOf = ({ key, put }: Change): RequestOpInit => ({
  request: put === null ? { case: 'requestDeleteRange', value: { key } } : { case: 'requestPut', value: { ...put, key } },
})
