import { BalsaError, type SeededRandom } from '@balsa/raft'
import { DurableLog } from './durable-log.js'
import { type CrashLoss, type DiskVersion, SimFile } from './sim-file.js'

interface NameChange {
  readonly from: string | null
  readonly to: { readonly name: string; readonly file: SimFile } | null
}

interface Directory {
  readonly live: Map<string, SimFile>
  readonly durable: Map<string, SimFile>
  pending: NameChange[]
  settled: number
}

/** How a crash treats what was not synced: shares of the ways, each file and each directory choosing for itself. */
export interface CrashStyle {
  readonly lost: number
  readonly prefix: number
  readonly subset: number
  readonly torn: number
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

export function ioError(operation: string, path: string, code: string): BalsaError {
  return code === 'ENOSPC'
    ? new BalsaError('DISK_FULL', `${operation} ${path}: no space left (ENOSPC)`)
    : new BalsaError('IO_ERROR', `${operation} ${path}: ${code}`)
}

/** The disk of one member: survives its lives. Directories themselves are durable at once, names and bytes only after a sync. */
export class SimDisk {
  readonly #directories = new Map<string, Directory>()
  readonly log = new DurableLog()
  #namesGeneration = 0
  readonly #version: DiskVersion = { value: 0 }
  /** What `log` was read from. */
  #readVersion = -1
  #readNames = -1

  /** Where the log and the snapshots are. */
  readonly home: string

  constructor(home: string) {
    this.home = home
  }

  // --- what invariants see ---

  /** The log as it stands on the platter now. */
  durableLog(): DurableLog {
    if (this.#version.value === this.#readVersion && this.#namesGeneration === this.#readNames) return this.log
    const home = this.#directories.get(this.home)
    if (home !== undefined) this.log.refresh(home.durable, this.#namesGeneration)
    this.#readVersion = this.#version.value
    this.#readNames = this.#namesGeneration
    return this.log
  }

  get hasUnsynced(): boolean {
    for (const directory of this.#directories.values()) {
      if (directory.pending.length > 0) return true
      for (const file of directory.live.values()) if (file.pending.length > 0) return true
    }
    return false
  }

  durableNames(): readonly string[] {
    return [...(this.#directories.get(this.home)?.durable.keys() ?? [])].sort()
  }

  durableFile(name: string): SimFile | undefined {
    return this.#directories.get(this.home)?.durable.get(name)
  }

  /** Bytes of all visible files. */
  get usedBytes(): number {
    let used = 0
    for (const directory of this.#directories.values()) for (const file of directory.live.values()) used += file.live.size
    return used
  }

  // --- operations, without time ---

  file(path: string): SimFile | undefined {
    return this.#directories.get(parentOf(path))?.live.get(nameOf(path))
  }

  exists(path: string): boolean {
    return this.#directories.has(path) || this.file(path) !== undefined
  }

  list(path: string): string[] {
    return [...this.#require(path).live.keys()].sort()
  }

  makeDirectory(path: string): void {
    for (let at = path; at !== ''; at = parentOf(at)) {
      if (!this.#directories.has(at)) this.#directories.set(at, { live: new Map(), durable: new Map(), pending: [], settled: 0 })
    }
  }

  create(path: string): SimFile {
    const directory = this.#require(parentOf(path))
    if (directory.live.has(nameOf(path))) throw ioError('open', path, 'EEXIST')
    const file = new SimFile(this.#version)
    change(directory, { from: null, to: { name: nameOf(path), file } })
    return file
  }

  rename(from: string, to: string): void {
    const directory = this.#require(parentOf(from))
    const file = directory.live.get(nameOf(from))
    if (file === undefined) throw ioError('rename', from, 'ENOENT')
    change(directory, { from: nameOf(from), to: { name: nameOf(to), file } })
  }

  remove(path: string): void {
    const directory = this.#require(parentOf(path))
    if (!directory.live.has(nameOf(path))) throw ioError('remove', path, 'ENOENT')
    change(directory, { from: nameOf(path), to: null })
  }

  /** Name changes so far: what a sync that starts now makes durable. */
  newestName(path: string): number {
    const directory = this.#require(path)
    return directory.settled + directory.pending.length
  }

  syncNames(path: string, upTo: number): void {
    const directory = this.#require(path)
    const taken = directory.pending.splice(0, Math.max(0, upTo - directory.settled))
    directory.settled += taken.length
    for (const each of taken) apply(directory.durable, each)
    if (taken.length > 0) this.#namesGeneration++
  }

  /** The power goes: what was not synced is lost as `style` says. Returns how many files lost something. */
  crash(style: CrashStyle, random: SeededRandom): number {
    let touched = 0
    const files = new Set<SimFile>()
    for (const directory of this.#directories.values()) {
      for (const file of directory.durable.values()) files.add(file)
      for (const file of directory.live.values()) files.add(file)
      for (const { to } of directory.pending) if (to !== null) files.add(to.file)
    }
    for (const file of files) {
      if (file.pending.length > 0) touched++
      file.crash(drawLoss(style, random), random)
    }
    for (const directory of this.#directories.values()) {
      const loss = drawLoss(style, random)
      const kept = loss === 'prefix' ? random.int(directory.pending.length + 1) : directory.pending.length
      directory.pending.forEach((each, position) => {
        if (loss === 'lost' || position >= kept || ((loss === 'subset' || loss === 'torn') && random.bool())) return
        apply(directory.durable, each)
      })
      directory.settled += directory.pending.length
      directory.pending = []
      directory.live.clear()
      for (const [name, file] of directory.durable) directory.live.set(name, file)
    }
    this.#namesGeneration++
    return touched
  }

  /** Only the process dies: the page cache lives on and reaches the platter in its own time. */
  kill(): void {
    for (const directory of this.#directories.values()) {
      for (const file of directory.live.values()) file.sync(file.newestPiece)
      for (const each of directory.pending) apply(directory.durable, each)
      directory.settled += directory.pending.length
      directory.pending = []
    }
    this.#namesGeneration++
  }

  /** Takes everything away. */
  wipe(): void {
    this.#directories.clear()
    this.#namesGeneration++
    this.log.refresh(new Map(), this.#namesGeneration)
  }

  /** Takes a file away, as nobody should. */
  loseFile(name: string): void {
    const home = this.#require(this.home)
    home.live.delete(name)
    home.durable.delete(name)
    this.#namesGeneration++
  }

  #require(path: string): Directory {
    const directory = this.#directories.get(path)
    if (directory === undefined) throw ioError('open', path, 'ENOENT')
    return directory
  }
}

function change(directory: Directory, each: NameChange): void {
  apply(directory.live, each)
  directory.pending.push(each)
}

function apply(names: Map<string, SimFile>, { from, to }: NameChange): void {
  if (from !== null) names.delete(from)
  if (to !== null) names.set(to.name, to.file)
}

function drawLoss(style: CrashStyle, random: SeededRandom): CrashLoss {
  const draw = random.next() * (style.lost + style.prefix + style.subset + style.torn)
  if (draw < style.lost) return 'lost'
  if (draw < style.lost + style.prefix) return 'prefix'
  return draw < style.lost + style.prefix + style.subset ? 'subset' : 'torn'
}
