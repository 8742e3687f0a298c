import type { FileHandle, FileSystem, SeededRandom } from '@balsa/raft'
import { type EventOwner, type Scheduler, USUAL_PATIENCE } from '../world/scheduler.js'
import { asError } from '../world/violation.js'
import { ioError, type SimDisk } from './sim-disk.js'
import { NOWHERE, sharedZeros, type SimFile } from './sim-file.js'

export type DiskOperation =
  | 'open'
  | 'create'
  | 'list'
  | 'exists'
  | 'makeDirectory'
  | 'rename'
  | 'remove'
  | 'syncDirectory'
  | 'size'
  | 'read'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'close'

/** What a disk does to the calls of its member, drawn by the world and changed by faults as time goes by. */
export interface DiskConditions {
  /** A sync takes this plus an exponential tail of the next, in ms. */
  syncMinMs: number
  syncTailMs: number
  /** Share of the other calls that take time, and how long. */
  slowCallRate: number
  slowCallMs: number
  /** To begin the file of a snapshot that is being received takes this long. */
  slowReceiptMs: number
  /** To end it, rather. */
  slowAtEnd: boolean
  /** Each read takes this long. */
  slowReadMs: number
  /** To put a snapshot of the own state in its place takes this long. */
  slowSnapshotMs: number
  /** Per call. */
  readErrorRate: number
  writeErrorRate: number
  syncErrorRate: number
  /** Every write fails with ENOSPC. */
  full: boolean
  /** The next write of the log says it is done and never reaches the platter, or lands elsewhere; see damage.ts. */
  nextWriteLost: boolean
  nextWriteMisdirected: boolean
}

export interface DiskHooks {
  readonly random: SeededRandom
  readonly conditions: DiskConditions
  /** Before (0), during (1) or after (2) a call: true = the process dies here. */
  crashHere(operation: DiskOperation, moment: 0 | 1 | 2): boolean
  /** A call failed because a fault was drawn. */
  injected(operation: DiskOperation, code: 'EIO' | 'ENOSPC'): void
  /** Something became durable. */
  synced(): void
  damaged(kind: 'lostWrite' | 'misdirectedWrite', path: string, position: number): void
}

const SLAB_BYTES = 64 * 1024
let slab = new Uint8Array(SLAB_BYTES)
let slabUsed = 0

/** A copy. Small ones share memory: asking for new memory costs more than copying a sector. */
function keep(data: Uint8Array): Uint8Array {
  const { length } = data
  if (length >= 4096) {
    const zeros = sharedZeros(data)
    if (zeros !== null) return zeros
  }
  if (length > SLAB_BYTES / 8) return data.slice()
  if (slabUsed + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES)
    slabUsed = 0
  }
  const copy = slab.subarray(slabUsed, slabUsed + length)
  copy.set(data)
  slabUsed += length
  return copy
}

/** Of what a reader may stop at with a promise or two. */
const SMALLEST_RECORD_BYTES = 12

const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

/** The FileSystem port of one life. Once that life is over, no call of it settles and no write of it arrives. */
export class DiskPort implements FileSystem {
  readonly scheduler: Scheduler
  readonly owner: EventOwner
  readonly disk: SimDisk
  readonly hooks: DiskHooks
  /** Syncs and slow calls under way. */
  busy = 0
  /** Of them, on the file of a snapshot that is being received. */
  receiving = 0
  /** Reads of a slow disk under way. */
  reading = 0

  constructor(scheduler: Scheduler, owner: EventOwner, disk: SimDisk, hooks: DiskHooks) {
    this.scheduler = scheduler
    this.owner = owner
    this.disk = disk
    this.hooks = hooks
  }

  open(path: string, mode: 'read' | 'readwrite' | 'create'): Promise<FileHandle> {
    return this.call(mode === 'create' ? 'create' : 'open', path, () => {
      const file = mode === 'create' ? this.disk.create(path) : this.disk.file(path)
      if (file === undefined) throw ioError('open', path, 'ENOENT')
      return new DiskHandle(this, path, file, mode === 'read')
    })
  }

  list(directory: string): Promise<readonly string[]> {
    return this.call('list', directory, () => this.disk.list(directory))
  }

  exists(path: string): Promise<boolean> {
    return this.call('exists', path, () => this.disk.exists(path))
  }

  makeDirectory(directory: string): Promise<void> {
    return this.call('makeDirectory', directory, () => this.disk.makeDirectory(directory))
  }

  rename(from: string, to: string): Promise<void> {
    return this.call('rename', from, () => this.disk.rename(from, to))
  }

  remove(path: string): Promise<void> {
    return this.call('remove', path, () => this.disk.remove(path))
  }

  syncDirectory(path: string): Promise<void> {
    let upTo = 0
    return this.sync('syncDirectory', path, {
      start: () => {
        upTo = this.disk.newestName(path)
      },
      done: () => this.disk.syncNames(path, upTo),
      failed: () => undefined,
    })
  }

  /** A call that is over at once, or after a while when the disk is slow. Its effect comes first, its answer later. */
  call<T>(operation: DiskOperation, path: string, effect: () => T): Promise<T> {
    const { hooks, scheduler, owner } = this
    if (!owner.alive || hooks.crashHere(operation, 0)) return never()
    scheduler.activity++
    scheduler.unsettled = true
    let result: T
    try {
      this.#draw(operation, path)
      result = effect()
    } catch (error) {
      return Promise.reject(asError(error))
    }
    if (hooks.crashHere(operation, 2)) return never()
    const { slowCallRate, slowCallMs, slowReceiptMs, slowAtEnd, slowReadMs, slowSnapshotMs } = hooks.conditions
    // One call of a piece, or behind the last one: all of them together would take longer than anything that goes on meanwhile.
    const isSlow = slowAtEnd ? operation === 'close' : operation === 'open' || operation === 'create'
    if (slowReceiptMs > 0 && isSlow && path.endsWith('.part')) {
      this.receiving++
      return this.later(slowReceiptMs, () => {
        this.receiving--
        return result
      })
    }
    if (slowSnapshotMs > 0 && operation === 'rename' && path.endsWith('snapshot-local.tmp')) return this.later(slowSnapshotMs, () => result)
    if (slowReadMs > 0 && operation === 'read') {
      this.reading++
      return this.later(slowReadMs, () => {
        this.reading--
        this.#expectReader(result)
        return result
      })
    }
    if (slowCallRate === 0 || !hooks.random.bool(slowCallRate)) {
      this.#expectReader(result)
      return Promise.resolve(result)
    }
    return this.later(hooks.random.next() * slowCallMs, () => {
      this.#expectReader(result)
      return result
    })
  }

  /** Whoever gets bytes may walk through them record by record, a promise or two for each. */
  #expectReader(result: unknown): void {
    if (!(result instanceof Uint8Array)) return
    const { scheduler } = this
    let content = result.length
    while (content > 0 && result[content - 1] === 0) content--
    scheduler.patience = Math.max(scheduler.patience, USUAL_PATIENCE + Math.ceil(content / SMALLEST_RECORD_BYTES))
  }

  later<T>(delayMs: number, effect: () => T): Promise<T> {
    this.busy++
    return new Promise((resolve, reject) => {
      this.scheduler.after(delayMs, this.owner, () => {
        this.busy--
        this.scheduler.activity++
        this.scheduler.unsettled = true
        try {
          const result = effect()
          // The process may have died with the last of it.
          if (this.owner.alive) resolve(result)
        } catch (error) {
          reject(asError(error))
        }
      })
    })
  }

  sync(operation: 'datasync' | 'syncDirectory', path: string, steps: { start(): void; done(): void; failed(): void }): Promise<void> {
    const { hooks, scheduler, owner } = this
    if (!owner.alive || hooks.crashHere(operation, 0)) return never()
    scheduler.activity++
    scheduler.unsettled = true
    try {
      steps.start()
    } catch (error) {
      return Promise.reject(asError(error))
    }
    const { syncMinMs, syncTailMs } = hooks.conditions
    const tailMs = syncTailMs === 0 ? 0 : -Math.log(1 - hooks.random.next()) * syncTailMs
    if (hooks.crashHere(operation, 1)) return never()
    return this.later(syncMinMs + tailMs, () => {
      const { syncErrorRate } = hooks.conditions
      if (syncErrorRate > 0 && hooks.random.bool(syncErrorRate)) {
        steps.failed()
        hooks.injected(operation, 'EIO')
        throw ioError(operation, path, 'EIO')
      }
      steps.done()
      hooks.synced()
      hooks.crashHere(operation, 2)
    })
  }

  #draw(operation: DiskOperation, path: string): void {
    const { hooks } = this
    const { readErrorRate, writeErrorRate, full } = hooks.conditions
    const reads = operation === 'read' || operation === 'size' || operation === 'list' || operation === 'open'
    const rate = reads ? readErrorRate : writeErrorRate
    if (rate > 0 && hooks.random.bool(rate)) {
      hooks.injected(operation, 'EIO')
      throw ioError(operation, path, 'EIO')
    }
    if (full && operation === 'create') {
      hooks.injected(operation, 'ENOSPC')
      throw ioError(operation, path, 'ENOSPC')
    }
  }
}

class DiskHandle implements FileHandle {
  readonly path: string
  readonly #port: DiskPort
  readonly #file: SimFile
  readonly #readOnly: boolean
  #closed = false

  constructor(port: DiskPort, path: string, file: SimFile, readOnly: boolean) {
    this.#port = port
    this.path = path
    this.#file = file
    this.#readOnly = readOnly
  }

  size(): Promise<number> {
    return this.#port.call('size', this.path, () => this.#open().live.size)
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#port.call('read', this.path, () => this.#open().read(position, length))
  }

  write(position: number, data: Uint8Array): void {
    const { hooks, owner, scheduler } = this.#port
    if (!owner.alive || hooks.crashHere('write', 0)) return
    const file = this.#open()
    if (this.#readOnly) throw ioError('write', this.path, 'EBADF')
    scheduler.activity++
    const { conditions, random } = hooks
    if (hooks.crashHere('write', 1)) {
      file.write(position, data.slice(0, random.int(data.length + 1)))
      return
    }
    const failure = this.#failure()
    if (failure !== null) {
      file.write(position, data.slice(0, data.length >>> 1))
      hooks.injected('write', failure)
      throw ioError('write', this.path, failure)
    }
    const isLog = this.path.includes('wal-') && position >= 512
    file.write(position, keep(data), isLog ? this.#misdirection(conditions, position, data.length) : null)
    hooks.crashHere('write', 2)
  }

  #failure(): 'EIO' | 'ENOSPC' | null {
    const { conditions, random } = this.#port.hooks
    if (conditions.full) return 'ENOSPC'
    return conditions.writeErrorRate > 0 && random.bool(conditions.writeErrorRate) ? 'EIO' : null
  }

  /** Where the bytes really land on the platter: null = where they should, -1 = nowhere. */
  #misdirection(conditions: DiskConditions, position: number, length: number): number | null {
    const { hooks } = this.#port
    if (conditions.nextWriteLost) {
      conditions.nextWriteLost = false
      hooks.damaged('lostWrite', this.path, position)
      return NOWHERE
    }
    if (conditions.nextWriteMisdirected && position >= 1024 + length) {
      conditions.nextWriteMisdirected = false
      hooks.damaged('misdirectedWrite', this.path, position)
      return position - Math.ceil(length / 512) * 512
    }
    return null
  }

  datasync(): Promise<void> {
    let upTo = 0
    return this.#port.sync('datasync', this.path, {
      start: () => {
        upTo = this.#open().newestPiece
      },
      done: () => this.#file.sync(upTo),
      failed: () => this.#file.forget(upTo),
    })
  }

  truncate(size: number): Promise<void> {
    return this.#port.call('truncate', this.path, () => this.#open().resize(size))
  }

  close(): Promise<void> {
    return this.#port.call('close', this.path, () => {
      this.#closed = true
    })
  }

  #open(): SimFile {
    if (this.#closed) throw ioError('use', this.path, 'EBADF')
    return this.#file
  }
}
