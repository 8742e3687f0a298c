import { BalsaError, type FileHandle, type FileSystem } from '@balsa/raft'
import { NodeFileSystem } from './node-file-system.js'

const real = new NodeFileSystem()

/** Carries out so many steps that change something; the one after them and all later ones do not happen any more. */
export class EndingFileSystem implements FileSystem {
  stepsLeft = Number.POSITIVE_INFINITY
  /** Those that were carried out. */
  steps = 0
  error = new BalsaError('IO_ERROR', 'the process has ended here')

  #step(): void {
    if (this.stepsLeft <= 0) throw this.error
    this.stepsLeft -= 1
    this.steps += 1
  }

  async open(path: string, mode: 'read' | 'readwrite' | 'create'): Promise<FileHandle> {
    if (mode === 'create') this.#step()
    const handle = await real.open(path, mode)
    return {
      path,
      size: () => handle.size(),
      read: (position, length) => handle.read(position, length),
      write: (position, data) => {
        this.#step()
        handle.write(position, data)
      },
      datasync: async () => {
        this.#step()
        await handle.datasync()
      },
      truncate: (size) => handle.truncate(size),
      close: () => handle.close(),
    }
  }

  list = (directory: string): Promise<readonly string[]> => real.list(directory)
  exists = (path: string): Promise<boolean> => real.exists(path)

  async makeDirectory(directory: string): Promise<void> {
    this.#step()
    await real.makeDirectory(directory)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step()
    await real.rename(from, to)
  }

  async remove(path: string): Promise<void> {
    this.#step()
    await real.remove(path)
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#step()
    await real.syncDirectory(directory)
  }
}
