import type { FileSystem } from '@balsa/raft'
import type { DataDirectory } from '../data-directory.js'
import { NodeFileSystem } from '../node-file-system.js'
import { LmdbBackend } from './lmdb-backend.js'

const TABLES = 'tables'

export interface DirectoryWithTables {
  /** Closes the tables, then frees the lock. */
  readonly directory: DataDirectory
  readonly backend: LmdbBackend
}

/**
 * Opens the tables of the store in a data directory, which are closed with it. Frees the directory when it fails: IO_ERROR, DISK_FULL, CORRUPT (fatal).
 */
export async function openTables(directory: DataDirectory, fileSystem: FileSystem = new NodeFileSystem()): Promise<DirectoryWithTables> {
  const { path } = directory
  try {
    const backend = await LmdbBackend.open({ fileSystem, directory: `${path}/${TABLES}` })
    const close = async (): Promise<void> => {
      try {
        await backend.close()
      } finally {
        await directory.close()
      }
    }
    return { directory: { path, close }, backend }
  } catch (error) {
    await directory.close()
    throw error
  }
}
