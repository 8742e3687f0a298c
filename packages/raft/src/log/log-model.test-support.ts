import type { PersistEffect } from '../core/effects.js'
import type { Entry, HardState, SnapshotMeta } from '../types.js'
import { crc32 } from './crc32.js'
import type { DurableStorage } from './durable-storage.js'
import { allEntries, hardStateOf, stateOf } from './storage-support.test-support.js'

/** What must be recovered: a naive log. Entries at or below the snapshot are left out of comparisons. */
export interface ModelState {
  readonly hardState: HardState
  readonly snapshotIndex: number
  readonly entries: readonly Entry[]
}

const NEW: ModelState = { hardState: hardStateOf(0), snapshotIndex: 0, entries: [] }

function above(state: ModelState, index: number): ModelState {
  return { ...state, snapshotIndex: Math.max(index, state.snapshotIndex), entries: state.entries.filter((entry) => entry.index > index) }
}

/** The states that a log goes through, one for each smallest step. What is acknowledged may not be lost; what was issued may be there. */
export class LogModel {
  readonly states: ModelState[] = [NEW]
  readonly #texts: string[] = []
  /** Position of the newest state that was acknowledged. */
  acknowledged = 0

  get newest(): ModelState {
    return this.states.at(-1) ?? NEW
  }

  issue(effect: PersistEffect): number {
    if (effect.installSnapshot !== null) {
      const { index } = effect.installSnapshot
      this.states.push({ ...this.newest, snapshotIndex: index, entries: [] })
    }
    if (effect.hardState !== null) this.states.push({ ...this.newest, hardState: effect.hardState })
    for (const entry of effect.entries) {
      this.states.push({ ...this.newest, entries: [...this.newest.entries.filter(({ index }) => index < entry.index), entry] })
    }
    return this.states.length - 1
  }

  issueSnapshot(index: number): number {
    this.states.push(above(this.newest, index))
    return this.states.length - 1
  }

  acknowledge(position: number): void {
    this.acknowledged = Math.max(this.acknowledged, position)
  }

  #text(position: number): string {
    const text = this.#texts[position] ?? textOf(this.states[position] ?? NEW)
    this.#texts[position] = text
    return text
  }

  /** The position of the state that was recovered. Throws when it is none of those between `acknowledged` and `issued`. */
  match(found: ModelState, acknowledged: number, issued: number): number {
    const text = textOf(found)
    for (let position = issued; position >= acknowledged; position--) {
      if (this.#text(position) === text) return position
    }
    const expected = JSON.stringify(this.states[acknowledged], summary)
    throw new Error(
      `recovered ${JSON.stringify(found, summary)} is none of the states from ${expected} (${acknowledged}) to number ${issued}`,
    )
  }
}

const entryText = ({ index, term, type, timeMs, payload }: Entry): string =>
  `${index} ${term} ${type} ${timeMs} ${payload.length} ${crc32(payload)}`

/** Equal texts mean equal states; much faster than a deep comparison of thousands of states. */
export const textOf = ({ hardState, snapshotIndex, entries }: ModelState): string =>
  `${hardState.term} ${hardState.votedFor} ${snapshotIndex}: ${entries.map(entryText).join(', ')}`

const summary = (key: string, value: unknown): unknown =>
  key === 'entries' && Array.isArray(value) ? value.map((entry: Entry) => `${entry.index}@${entry.term}`).join(' ') : value

/** What a storage holds, everything read back through its interface. */
export async function recoveredState(storage: DurableStorage, meta: SnapshotMeta | null = storage.recovered.snapshot): Promise<ModelState> {
  const { hardState, firstIndex, lastIndex, snapshot } = storage.recovered
  const snapshotIndex = snapshot?.index ?? 0
  if (firstIndex > snapshotIndex + 1) throw new Error(`the log begins at ${firstIndex}, the snapshot ends at ${snapshotIndex}`)
  if (meta !== null) await stateOf(storage, meta)
  const entries = await allEntries(storage, firstIndex, lastIndex)
  const tail = storage.takeTail()
  const end = entries.slice(entries.length - tail.length)
  if (end.map(entryText).join() !== tail.map(entryText).join()) throw new Error('the tail is not the end of the log')
  return { hardState, snapshotIndex, entries: entries.filter((entry) => entry.index > snapshotIndex) }
}
