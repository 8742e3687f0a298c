/**
 * The directory of a store on disk:
 *
 *     CURRENT            one line: the name of the data file that counts
 *     CURRENT.new        the next one, being written; counts for nothing
 *     state-<n>.mdb      data files: the living one, at times one that is being built, at times one that somebody still reads
 *     state-<n>.mdb-lock LMDB's own
 *
 * A data file counts when it is durable and CURRENT names it, and CURRENT changes by rename alone: so after a crash at any moment there is wholly the old or wholly the new
 * content. What CURRENT does not name is removed at the next start.
 */
import { BalsaError, type FileSystem } from '@balsa/raft'

const CURRENT = 'CURRENT'
const NEXT = 'CURRENT.new'
const DATA_NAME = /^state-(\d{8})\.mdb$/
const LOCK_SUFFIX = '-lock'
const OWN_NAME = /^(?:CURRENT\.new|state-\d{8}\.mdb(?:-lock)?)$/
const MAX_LINE_BYTES = 256
/** The first page's header, and the magic number behind it. */
const HEAD_BYTES = 64
const MAGIC: Buffer = Buffer.from([0xde, 0xc0, 0xef, 0xbe])
/** Two pages that say where the rest is. */
const SMALLEST_FILE_BYTES = 2 * 4096

export class CurrentFile {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  #number = 0

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
    for (const name of names) {
      const number = Number(DATA_NAME.exec(name)?.[1] ?? 0)
      if (number > this.#number) this.#number = number
      if (OWN_NAME.test(name) && name !== current && name !== `${current}${LOCK_SUFFIX}`) await this.#fileSystem.remove(this.path(name))
    }
    return current
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
  async point(name: string): Promise<void> {
    const next = this.path(NEXT)
    if (await this.#fileSystem.exists(next)) await this.#fileSystem.remove(next)
    const handle = await this.#fileSystem.open(next, 'create')
    try {
      handle.write(0, Buffer.from(`${name}\n`, 'latin1'))
      await handle.datasync()
    } finally {
      await handle.close()
    }
    // The directory entry of the data file first: CURRENT must never name what a loss of power takes away.
    await this.#fileSystem.syncDirectory(this.#directory)
    await this.#fileSystem.rename(next, this.path(CURRENT))
    await this.#fileSystem.syncDirectory(this.#directory)
  }

  /** Removes a data file that does not count (any more) and is closed. */
  async remove(name: string): Promise<void> {
    for (const file of [name, `${name}${LOCK_SUFFIX}`]) {
      if (await this.#fileSystem.exists(this.path(file))) await this.#fileSystem.remove(this.path(file))
    }
  }

  async #read(): Promise<string> {
    const handle = await this.#fileSystem.open(this.path(CURRENT), 'read')
    try {
      const line = Buffer.from(await handle.read(0, MAX_LINE_BYTES)).toString('latin1')
      const name = line.endsWith('\n') ? line.slice(0, -1) : ''
      if (!DATA_NAME.test(name)) throw corrupt(`${this.path(CURRENT)} names no data file`)
      return name
    } finally {
      await handle.close()
    }
  }
}

const corrupt = (text: string): BalsaError =>
  new BalsaError('CORRUPT', text, { hint: 'Remove this member, wipe its data directory and add it again.' })
