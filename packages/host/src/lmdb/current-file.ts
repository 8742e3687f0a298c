/**
 * The directory of a store on disk:
 *
 *     CURRENT            one line: the name of the data file that counts
 *     CURRENT.new        the next one, being written; counts for nothing
 *     STAGED             one line: the name of a data file that was received as it is and not adopted yet, and the index of the log up to which it goes
 *     STAGED.new         the next one
 *     state-<n>.mdb      data files: the living one, at times one that is being built, at times one that somebody still reads
 *     state-<n>.mdb-lock LMDB's own
 *
 * A data file counts when it is durable and CURRENT names it, and CURRENT changes by rename alone: so after a crash at any moment there is wholly the old or wholly the new
 * content. What neither CURRENT nor STAGED names is removed at the next start.
 */
import { BalsaError, type FileSystem } from '@balsa/raft'

const CURRENT = 'CURRENT'
const STAGED = 'STAGED'
const DATA_NAME = /^state-(\d{8})\.mdb$/
const LOCK_SUFFIX = '-lock'
const OWN_NAME = /^(?:(?:CURRENT|STAGED)\.new|state-\d{8}\.mdb(?:-lock)?)$/
const STAGED_LINE = /^(state-\d{8}\.mdb) (\d+)$/
const MAX_LINE_BYTES = 256
/** The first page's header, and the magic number behind it. */
const HEAD_BYTES = 64
const MAGIC: Buffer = Buffer.from([0xde, 0xc0, 0xef, 0xbe])
/** Two pages that say where the rest is. */
const SMALLEST_FILE_BYTES = 2 * 4096

/** A data file that waits to be adopted. */
export interface StagedFile {
  readonly name: string
  readonly index: number
}

export class CurrentFile {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  #number = 0
  #staged: StagedFile | null = null

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem
    this.#directory = directory
  }

  path(name: string): string {
    return `${this.#directory}/${name}`
  }

  /** The living data file; null when there is none yet. Removes what does not count. Throws CORRUPT (fatal) when it is named and missing. */
  async find(): Promise<string | null> {
    await this.#fileSystem.makeDirectory(this.#directory)
    const names = await this.#fileSystem.list(this.#directory)
    const current = names.includes(CURRENT) ? await this.#read() : null
    if (current !== null && !names.includes(current)) {
      throw corrupt(`${this.path(CURRENT)} names ${current}, which is missing`)
    }
    const staged = names.includes(STAGED) ? await this.#readStaged() : null
    const kept = [current, staged?.name ?? null].flatMap((name) => (name === null ? [] : [name, `${name}${LOCK_SUFFIX}`]))
    for (const name of names) {
      const number = Number(DATA_NAME.exec(name)?.[1] ?? 0)
      if (number > this.#number) this.#number = number
      if (OWN_NAME.test(name) && !kept.includes(name)) await this.#fileSystem.remove(this.path(name))
    }
    // It was adopted, and the process ended right then.
    if (staged !== null && staged.name !== current && names.includes(staged.name)) this.#staged = staged
    else if (names.includes(STAGED)) await this.#fileSystem.remove(this.path(STAGED))
    return current
  }

  get staged(): StagedFile | null {
    return this.#staged
  }

  /** From here on this data file is found again after a restart, in place of one that was staged before. It must be durable. */
  async stage(name: string, index: number): Promise<void> {
    const before = this.#staged
    await this.#replace(STAGED, `${name} ${index}\n`)
    this.#staged = { name, index }
    if (before !== null) await this.remove(before.name)
  }

  /** The staged data file is not wanted, or was adopted. */
  async unstage({ keepFile }: { readonly keepFile: boolean }): Promise<void> {
    const staged = this.#staged
    this.#staged = null
    if (staged === null) return
    await this.#fileSystem.remove(this.path(STAGED))
    if (!keepFile) await this.remove(staged.name)
  }

  /** Throws CORRUPT (fatal) unless the file begins as LMDB's do: the engine itself does not survive that. */
  async check(name: string): Promise<void> {
    const handle = await this.#fileSystem.open(this.path(name), 'read')
    try {
      const head = await handle.read(0, HEAD_BYTES)
      const isWhole = (await handle.size()) >= SMALLEST_FILE_BYTES
      if (isWhole && Buffer.from(head).includes(MAGIC)) return
    } finally {
      await handle.close()
    }
    throw corrupt(`${this.path(name)} is no data file of the store (bytes 0 to ${HEAD_BYTES})`)
  }

  /** A name that no data file has had since the start. */
  next(): string {
    this.#number += 1
    return `state-${String(this.#number).padStart(8, '0')}.mdb`
  }

  /** Makes a closed data file durable. */
  async sync(name: string): Promise<void> {
    const handle = await this.#fileSystem.open(this.path(name), 'readwrite')
    try {
      await handle.datasync()
    } finally {
      await handle.close()
    }
  }

  /** From here on this data file counts, also after a loss of power. It must be durable. */
  point(name: string): Promise<void> {
    return this.#replace(CURRENT, `${name}\n`)
  }

  async #replace(target: string, line: string): Promise<void> {
    const next = this.path(`${target}.new`)
    if (await this.#fileSystem.exists(next)) await this.#fileSystem.remove(next)
    const handle = await this.#fileSystem.open(next, 'create')
    try {
      handle.write(0, Buffer.from(line, 'latin1'))
      await handle.datasync()
    } finally {
      await handle.close()
    }
    // The directory entry of the data file first: nothing must name what a loss of power takes away.
    await this.#fileSystem.syncDirectory(this.#directory)
    await this.#fileSystem.rename(next, this.path(target))
    await this.#fileSystem.syncDirectory(this.#directory)
  }

  /** Removes a data file that does not count (any more) and is closed. */
  async remove(name: string): Promise<void> {
    for (const file of [name, `${name}${LOCK_SUFFIX}`]) {
      if (await this.#fileSystem.exists(this.path(file))) await this.#fileSystem.remove(this.path(file))
    }
  }

  async #read(): Promise<string> {
    const name = await this.#line(CURRENT)
    if (!DATA_NAME.test(name)) throw corrupt(`${this.path(CURRENT)} names no data file`)
    return name
  }

  async #readStaged(): Promise<StagedFile> {
    const [, name, index] = STAGED_LINE.exec(await this.#line(STAGED)) ?? []
    if (name === undefined) throw corrupt(`${this.path(STAGED)} names no data file`)
    return { name, index: Number(index) }
  }

  async #line(file: string): Promise<string> {
    const handle = await this.#fileSystem.open(this.path(file), 'read')
    try {
      const line = Buffer.from(await handle.read(0, MAX_LINE_BYTES)).toString('latin1')
      return line.endsWith('\n') ? line.slice(0, -1) : ''
    } finally {
      await handle.close()
    }
  }
}

const corrupt = (text: string): BalsaError =>
  new BalsaError('CORRUPT', text, { hint: 'Remove this member, wipe its data directory and add it again.' })
