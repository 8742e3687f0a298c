import type { Table } from '@balsa/kv'
import type { Unit } from './generation.js'
import type { LmdbFile } from './lmdb-file.js'
import { packChanges } from './packed-changes.js'

/** In one transaction of the thread. LMDB holds up to 131,072 changed pages of one in memory: with random keys every change has a page of its own, and a few more lead there. */
const MOST_TRANSACTION_CHANGES = 65_536

/** Units on their way to a file, in their order: to LMDB's writer one by one, or to the thread many together. Never to both at the same time. */
export class HandOver {
  readonly #file: LmdbFile
  readonly #usesThread: boolean
  #isPacked = false
  #underWay: Promise<void>[] = []
  #durable: Promise<void>[] = []
  #pieces: Uint8Array[] = []
  #tables = new Set<Table>()
  #changes = 0
  #appliedIndex = 0

  constructor(file: LmdbFile, usesThread: boolean) {
    this.#file = file
    this.#usesThread = usesThread
  }

  /** What has failed is told by `settle`. */
  async add(unit: Unit): Promise<void> {
    const piece = this.#usesThread ? packChanges(unit) : null
    if (piece === null) await this.rest()
    else if (!this.#isPacked) await this.settle()
    this.#isPacked = piece !== null
    if (piece === null) {
      this.#watch(this.#file.append(unit, unit.appliedIndex))
      return
    }
    if (this.#changes + unit.keys.length > MOST_TRANSACTION_CHANGES) this.#submit()
    this.#pieces.push(piece)
    for (const table of unit.tables) this.#tables.add(table)
    this.#changes += unit.keys.length
    this.#appliedIndex = unit.appliedIndex
  }

  /** Resolves when all that was added is committed: what is read from the file shows it. */
  async settle(): Promise<void> {
    this.#submit()
    await Promise.all(this.#underWay)
    this.#underWay = []
  }

  /** Resolves when all that was added, or by anybody before, is durable, and others may write to the file. */
  async rest(): Promise<void> {
    if (this.#isPacked) await this.settle()
    await this.#file.rest()
  }

  /** Of all that was committed. */
  async durable(): Promise<void> {
    await Promise.all(this.#durable)
  }

  #submit(): void {
    if (this.#pieces.length === 0) return
    const committed = this.#file.appendPacked(this.#pieces, this.#tables, this.#appliedIndex)
    this.#watch(committed.then(({ durable }) => void this.#durable.push(durable)))
    this.#pieces = []
    this.#tables = new Set()
    this.#changes = 0
  }

  #watch(appended: Promise<void>): void {
    // Waited for in the end; until then a failure must not count as unhandled.
    appended.catch(() => undefined)
    this.#underWay.push(appended)
  }
}
