/**
 * A thread that writes very many changes to a file of LMDB, all of them in one transaction.
 *
 * LMDB keeps the pages that a transaction has changed in a list in the order of their numbers, and takes free pages from the highest down: so each page moves the whole list. With random keys in a large store
 * every change has a page, and in a transaction of 16,384 that was half of what a put costs the disk side. A nested transaction has a list of its own, and joins it to that of the outer one in a single pass. The
 * library's own writer thread knows no nested transactions; whoever calls it from JavaScript can have them, and waits for the disk: hence the thread. It also puts changes into the order of their keys, so that
 * a page is found next to the last one.
 */
import { createRequire } from 'node:module'
import { type MessagePort, Worker } from 'node:worker_threads'
import { TABLES } from '@balsa/kv'
import { EarlySync } from './early-sync.js'
import { readKey, writeKey } from './key-encoder.js'
import { type PackedChange, unpackChanges } from './packed-changes.js'

/** What LMDB is opened with, and the names of its databases. */
export interface WriterFile {
  readonly options: { readonly path: string; readonly [option: string]: unknown }
  readonly inTables: object
  readonly stateName: string
  readonly stateKey: string
}

/** One transaction. */
interface Job {
  readonly pieces: readonly Uint8Array[]
  readonly state: Uint8Array
  /** Of the state. The one in the file is lower by one. */
  readonly number: number
}

interface Answer {
  readonly error: { readonly message: string; readonly code: unknown } | null
}

interface ThreadTable {
  getEntry(key: string): { readonly version: number } | undefined
  put(key: string, value: Uint8Array, version?: number): unknown
  remove(key: string): unknown
}

interface ThreadRoot {
  openDB(options: object): ThreadTable
  transactionSync(run: () => void): void
  close(): Promise<void>
}

interface ThreadModules {
  (name: 'node:worker_threads'): { readonly parentPort: MessagePort; readonly workerData: ThreadData }
  (name: 'node:os'): { setPriority(pid: number, priority: number): void }
  (name: string): { open(options: object): ThreadRoot }
}

interface ThreadData extends WriterFile {
  readonly engine: string
  readonly tables: readonly string[]
}

/** In the order of the keys; of several changes of one key the last. */
function inOrder(changes: readonly PackedChange[]): PackedChange[] {
  const prefixBytes = 6
  const first = changes[0]?.key ?? ''
  /** Where keys begin to differ. */
  let common = first.length
  for (const { key } of changes) {
    if (key.length < common) common = key.length
    let at = 0
    while (at < common && key.charCodeAt(at) === first.charCodeAt(at)) at++
    common = at
  }
  // Comparing numbers is quicker than comparing strings.
  for (const change of changes) {
    for (let at = common; at < common + prefixBytes; at++)
      change.rank = change.rank * 257 + (at < change.key.length ? change.key.charCodeAt(at) + 1 : 0)
  }
  const ordered = changes.toSorted((a, b) => a.rank - b.rank || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return ordered.filter(({ key }, at) => ordered[at + 1]?.key !== key)
}

/** Functions that know nothing but their arguments. */
const TOOLS = { inOrder, unpackChanges, writeKey, readKey }

/**
 * What runs in the thread, which knows of this module only what it is handed: it is started from the text of these functions, so that there is no file that must be found beside the others, in whatever way
 * they were put together.
 */
function runThread(load: ThreadModules, { inOrder, unpackChanges, ...keyEncoder }: typeof TOOLS): void {
  const { parentPort, workerData } = load('node:worker_threads')
  try {
    // Of this thread alone, on Linux: the event loop goes first where both want a core.
    if (process.platform === 'linux') load('node:os').setPriority(0, 5)
  } catch {
    // Where that is not allowed, all threads are equal.
  }
  /** Changes in one nested transaction. */
  const NESTED_CHANGES = 1024
  const root = load(workerData.engine).open({ ...workerData.options, keyEncoder })
  const inTables = { ...workerData.inTables, keyEncoder }
  const tables = workerData.tables.map((name) => root.openDB({ ...inTables, name }))
  const states = root.openDB({ ...inTables, name: workerData.stateName, useVersions: true })

  const put = (table: ThreadTable, { key, piece, start, end }: PackedChange): void => {
    if (piece === null) {
      table.remove(key)
      return
    }
    // The library reads from `start` to `end` of a buffer that has these, without making a view of it.
    piece.start = start
    piece.end = end
    table.put(key, piece)
  }

  const write = ({ pieces, state, number }: Job): void => {
    const changes = unpackChanges(pieces, tables.length).map(inOrder)
    root.transactionSync(() => {
      const before = states.getEntry(workerData.stateKey)?.version ?? 0
      if (before !== number - 1) throw new Error(`what was to be written before has failed (${before} is followed by ${number})`)
      for (const [at, table] of tables.entries()) {
        const ofTable = changes[at] ?? []
        for (let from = 0; from < ofTable.length; from += NESTED_CHANGES) {
          root.transactionSync(() => {
            for (const change of ofTable.slice(from, from + NESTED_CHANGES)) put(table, change)
          })
        }
      }
      states.put(workerData.stateKey, state, number)
      // Pages go to the file only now, all of them.
      parentPort.postMessage('commits')
    })
  }

  parentPort.on('message', (job: Job | null) => {
    if (job === null) {
      void root.close().then(() => parentPort.close())
      return
    }
    try {
      write(job)
      parentPort.postMessage({ error: null })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null
      parentPort.postMessage({ error: { message: error instanceof Error ? error.message : String(error), code } })
    }
  })
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class WriterThread {
  readonly #worker: Worker
  #waiting: Waiting[] = []
  /** Why there is no thread (any more). */
  #ended: Error | null = null
  readonly #exit: Promise<void>
  readonly #early: EarlySync

  constructor(file: WriterFile) {
    this.#early = new EarlySync(file.options.path)
    const workerData: ThreadData = { ...file, engine: createRequire(import.meta.url).resolve('lmdb'), tables: TABLES }
    const tools = Object.entries(TOOLS).map(([name, tool]) => `${name}: ${String(tool)}`)
    this.#worker = new Worker(`(${String(runThread)})(require, { ${tools.join(', ')} })`, { eval: true, workerData })
    // Nobody but who waits for it keeps the process alive.
    this.#worker.unref()
    this.#worker.on('message', (told: 'commits' | Answer) => {
      if (told === 'commits') {
        this.#early.start()
        return
      }
      this.#early.stop()
      const { error } = told
      const waiting = this.#next()
      if (error === null) waiting?.resolve()
      else waiting?.reject(Object.assign(new Error(error.message), { code: error.code }))
    })
    this.#exit = new Promise((resolve) => {
      this.#worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))))
      this.#worker.on('exit', (code) => {
        this.#end(new Error(`the thread that writes has ended with ${code}`))
        resolve()
      })
    })
  }

  /** Takes the pieces over. Resolves when all of it is durable, and visible to who begins to read then. */
  write(job: Job): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    this.#worker.ref()
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(
        job,
        job.pieces.map(({ buffer }) => buffer as ArrayBuffer),
      )
      this.#waiting.push({ resolve, reject })
    })
  }

  /** Waits for what was handed over. */
  close(): Promise<void> {
    this.#worker.ref()
    if (this.#ended === null) this.#worker.postMessage(null)
    return this.#exit.then(() => this.#early.rest())
  }

  #next(): Waiting | undefined {
    const waiting = this.#waiting.shift()
    if (this.#waiting.length === 0) this.#worker.unref()
    return waiting
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#early.stop()
    for (let waiting = this.#next(); waiting !== undefined; waiting = this.#next()) waiting.reject(error)
  }
}
