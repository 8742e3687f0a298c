/**
 * Files in memory with the durability of a real disk: what is written is visible at once and durable only after `datasync`; names
 * are durable only after `syncDirectory`; a crash may lose, keep, reorder or tear everything in between. Directories themselves are
 * durable at once. Deterministic: nothing happens that the caller or the given Random did not decide.
 */
import { BalsaError } from '../errors.js'
import type { Random } from '../ports/clock.js'
import type { FileHandle, FileSystem } from '../ports/file-system.js'
import { type CrashMode, type FilePiece, MemoryFile, type NameChange, survivingChanges } from './memory-file.js'

export type FileOperation =
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

export interface FileSystemEvent {
  readonly operation: FileOperation
  readonly path: string
  /** Counted from 1 over the life of the file system. */
  readonly number: number
}

export interface FileFault {
  readonly operation: FileOperation
  readonly code: 'EIO' | 'ENOSPC'
  /** Only for paths that contain this. Default: every path. */
  readonly pathContains?: string
  /** How many matching operations fail. Default 1; Infinity until `clearFaults`. */
  readonly times?: number
}

export interface MemoryFileSystemOptions {
  /** Bytes that fit, counted by the length of the files; a write beyond is DISK_FULL after the part that fits. Default: no limit. */
  readonly capacityBytes?: number
}

interface ActiveFault {
  readonly fault: FileFault
  left: number
}

interface MemoryDirectory {
  /** Names as they are visible. */
  readonly live: Map<string, MemoryFile>
  /** Names as they are on disk. */
  readonly durable: Map<string, MemoryFile>
  pending: NameChange[]
}

const parentOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '')
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

export class MemoryFileSystem implements FileSystem {
  /** Called before every operation. A throw makes the operation fail with it: a test can stop the world at the n-th. */
  beforeOperation: ((event: FileSystemEvent) => void) | null = null
  /** When set, every datasync and syncDirectory waits for the promise it returns: a slow disk in the test's hand. */
  beforeSync: ((path: string) => Promise<void>) | null = null
  readonly #directories = new Map<string, MemoryDirectory>()
  readonly #capacityBytes: number
  #faults: ActiveFault[] = []
  #operations = 0
  /** Grows with every crash: handles of an earlier life are dead. */
  #life = 1

  constructor(options: MemoryFileSystemOptions = {}) {
    this.#capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
  }

  /** Operations so far. */
  get operations(): number {
    return this.#operations
  }

  get life(): number {
    return this.#life
  }

  /** Makes coming operations fail. Faults are tried in the order in which they were added. */
  failNext(fault: FileFault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 })
  }

  clearFaults(): void {
    this.#faults = []
  }

  /**
   * Loses what was not synced, as `mode` says; `random` decides the details. All open handles are dead afterwards, and a sync
   * that was under way never completes.
   */
  crash(mode: CrashMode = 'lost', random: Random = { next: () => 0 }): void {
    this.#life += 1
    const files = new Set<MemoryFile>()
    for (const directory of this.#directories.values()) {
      for (const file of directory.durable.values()) files.add(file)
      for (const file of directory.live.values()) files.add(file)
      // A name on its way from one place to another is only in the pending changes.
      for (const { to } of directory.pending) if (to !== null) files.add(to.file)
    }
    for (const file of files) file.crash(mode, random)
    for (const directory of this.#directories.values()) {
      for (const change of survivingChanges(directory.pending, mode, random)) applyChange(directory.durable, change)
      directory.pending = []
      directory.live.clear()
      for (const [name, file] of directory.durable) directory.live.set(name, file)
    }
  }

  /** Damages a byte at rest, in memory as well as on disk. */
  flipBit(path: string, offset: number, bit: number): void {
    this.#file(path).flipBit(offset, bit)
  }

  /** Cuts a file at rest, as something outside would. */
  cut(path: string, size: number): void {
    this.#file(path).cut(size)
  }

  /** The visible bytes of a file. */
  contents(path: string): Uint8Array {
    const file = this.#file(path)
    return file.read(0, file.size)
  }

  /** An independent copy with everything that is not synced yet, without hooks and faults: one run can be crashed at many points. */
  fork(): MemoryFileSystem {
    const copy = new MemoryFileSystem({ capacityBytes: this.#capacityBytes })
    const twins = new Map<MemoryFile, MemoryFile>()
    const twinOf = (file: MemoryFile): MemoryFile => {
      const twin = twins.get(file) ?? file.fork()
      twins.set(file, twin)
      return twin
    }
    for (const [path, directory] of this.#directories) {
      const target = copy.#ensureDirectory(path)
      for (const [name, file] of directory.live) target.live.set(name, twinOf(file))
      for (const [name, file] of directory.durable) target.durable.set(name, twinOf(file))
      target.pending = directory.pending.map(({ from, to }) => ({
        from,
        to: to === null ? null : { name: to.name, file: twinOf(to.file) },
      }))
    }
    return copy
  }

  // --- the port ---

  async open(path: string, mode: 'read' | 'readwrite' | 'create'): Promise<FileHandle> {
    this.enter(mode === 'create' ? 'create' : 'open', path)
    const directory = this.#directory(parentOf(path), path)
    const existing = directory.live.get(nameOf(path))
    if (mode === 'create') {
      if (existing !== undefined) throw ioError('open', path, 'EEXIST')
      const file = new MemoryFile()
      this.#change(directory, { from: null, to: { name: nameOf(path), file } })
      return new MemoryFileHandle(this, path, file)
    }
    if (existing !== undefined) return new MemoryFileHandle(this, path, existing, mode === 'read')
    throw ioError('open', path, this.#directories.has(path) ? 'EISDIR' : 'ENOENT')
  }

  async list(directory: string): Promise<readonly string[]> {
    this.enter('list', directory)
    return [...this.#directory(directory).live.keys()].sort()
  }

  async exists(path: string): Promise<boolean> {
    this.enter('exists', path)
    return this.#directories.has(path) || (this.#directories.get(parentOf(path))?.live.has(nameOf(path)) ?? false)
  }

  async makeDirectory(directory: string): Promise<void> {
    this.enter('makeDirectory', directory)
    this.#ensureDirectory(directory)
  }

  async rename(from: string, to: string): Promise<void> {
    this.enter('rename', from)
    if (parentOf(from) !== parentOf(to)) throw ioError('rename', `${from} to ${to}`, 'EXDEV')
    const directory = this.#directory(parentOf(from), from)
    const file = directory.live.get(nameOf(from))
    if (file === undefined) throw ioError('rename', from, 'ENOENT')
    this.#change(directory, { from: nameOf(from), to: { name: nameOf(to), file } })
  }

  async remove(path: string): Promise<void> {
    this.enter('remove', path)
    const directory = this.#directory(parentOf(path), path)
    if (!directory.live.has(nameOf(path))) throw ioError('remove', path, 'ENOENT')
    this.#change(directory, { from: nameOf(path), to: null })
  }

  async syncDirectory(path: string): Promise<void> {
    this.enter('syncDirectory', path)
    const directory = this.#directory(path)
    const changes = directory.pending.length
    await this.waitForSync(path)
    for (const change of directory.pending.splice(0, changes)) applyChange(directory.durable, change)
  }

  // --- for the handles ---

  /** Counts an operation and lets it fail if it shall. */
  enter(operation: FileOperation, path: string): void {
    this.#operations += 1
    this.beforeOperation?.({ operation, path, number: this.#operations })
    const active = this.#faults.find(({ fault }) => fault.operation === operation && path.includes(fault.pathContains ?? ''))
    if (active === undefined) return
    active.left -= 1
    if (active.left <= 0) this.#faults.splice(this.#faults.indexOf(active), 1)
    throw ioError(operation, path, active.fault.code)
  }

  async waitForSync(path: string): Promise<void> {
    const life = this.#life
    await this.beforeSync?.(path)
    if (life !== this.#life) throw ioError('datasync', path, 'crashed')
  }

  /** Bytes by which files may still grow. */
  get freeBytes(): number {
    if (this.#capacityBytes === Number.POSITIVE_INFINITY) return this.#capacityBytes
    let used = 0
    for (const directory of this.#directories.values()) for (const file of directory.live.values()) used += file.size
    return Math.max(0, this.#capacityBytes - used)
  }

  #change(directory: MemoryDirectory, change: NameChange): void {
    applyChange(directory.live, change)
    directory.pending.push(change)
  }

  #file(path: string): MemoryFile {
    const file = this.#directory(parentOf(path), path).live.get(nameOf(path))
    if (file === undefined) throw ioError('open', path, 'ENOENT')
    return file
  }

  /** Throws for a missing directory, naming what was wanted in it. */
  #directory(path: string, wanted = path): MemoryDirectory {
    const directory = this.#directories.get(path)
    if (directory === undefined) throw ioError('open', wanted, 'ENOENT')
    return directory
  }

  #ensureDirectory(path: string): MemoryDirectory {
    const existing = this.#directories.get(path)
    if (existing !== undefined) return existing
    const directory: MemoryDirectory = { live: new Map(), durable: new Map(), pending: [] }
    this.#directories.set(path, directory)
    if (parentOf(path) !== '') this.#ensureDirectory(parentOf(path))
    return directory
  }
}

class MemoryFileHandle implements FileHandle {
  readonly path: string
  readonly #fileSystem: MemoryFileSystem
  readonly #file: MemoryFile
  readonly #readOnly: boolean
  readonly #life: number
  #closed = false

  constructor(fileSystem: MemoryFileSystem, path: string, file: MemoryFile, readOnly = false) {
    this.path = path
    this.#fileSystem = fileSystem
    this.#file = file
    this.#readOnly = readOnly
    this.#life = fileSystem.life
  }

  #enter(operation: FileOperation): void {
    if (this.#closed) throw ioError(operation, this.path, 'EBADF')
    if (this.#life !== this.#fileSystem.life) throw ioError(operation, this.path, 'crashed')
    const changes = operation === 'write' || operation === 'truncate'
    if (changes && this.#readOnly) throw ioError(operation, this.path, 'EBADF')
    this.#fileSystem.enter(operation, this.path)
  }

  async size(): Promise<number> {
    this.#enter('size')
    return this.#file.size
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    this.#enter('read')
    return this.#file.read(position, length)
  }

  write(position: number, data: Uint8Array): void {
    try {
      this.#enter('write')
    } catch (error) {
      // A write that fails may have been done in part.
      if (error instanceof BalsaError && !this.#closed && !this.#readOnly) this.#put(position, data.subarray(0, data.length >>> 1))
      throw error
    }
    const growth = position + data.length - this.#file.size
    const missing = growth - this.#fileSystem.freeBytes
    if (missing <= 0) this.#put(position, data)
    else {
      this.#put(position, data.subarray(0, Math.max(0, data.length - missing)))
      throw ioError('write', this.path, 'ENOSPC')
    }
  }

  #put(position: number, data: Uint8Array): void {
    if (data.length > 0) this.#file.write({ position, data: data.slice() } satisfies FilePiece)
  }

  async datasync(): Promise<void> {
    const pieces = this.#file.pendingPieces
    try {
      this.#enter('datasync')
      await this.#fileSystem.waitForSync(this.path)
    } catch (error) {
      // As Linux does: after a failed sync the pages count as clean. They stay visible, and the next sync finds nothing to do.
      if (this.#life === this.#fileSystem.life) this.#file.forgetPending(pieces)
      throw error
    }
    this.#file.sync(pieces)
  }

  async truncate(size: number): Promise<void> {
    this.#enter('truncate')
    this.#file.write({ size })
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}

function applyChange(names: Map<string, MemoryFile>, { from, to }: NameChange): void {
  if (from !== null) names.delete(from)
  if (to !== null) names.set(to.name, to.file)
}

function ioError(operation: string, path: string, code: string): BalsaError {
  return code === 'ENOSPC'
    ? new BalsaError('DISK_FULL', `${operation} ${path}: no space left (ENOSPC)`)
    : new BalsaError('IO_ERROR', `${operation} ${path}: ${code}`)
}
