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
    if (this.#isPacked !== (piece !== null)) await this.settle()
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

  /** Resolves when all that was added is durable. */
  async settle(): Promise<void> {
    this.#submit()
    await Promise.all(this.#underWay)
    this.#underWay = []
  }

  #submit(): void {
    if (this.#pieces.length === 0) return
    this.#watch(this.#file.appendPacked(this.#pieces, this.#tables, this.#appliedIndex))
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
