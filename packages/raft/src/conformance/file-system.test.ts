import { describe, it } from 'vitest'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { type FileSystemFixture, fileSystemConformance } from './file-system.js'

async function memoryFixture(): Promise<FileSystemFixture> {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/disk/data')
  return { fileSystem, directory: '/disk/data', losePower: () => fileSystem.crash('lost'), dispose: async () => undefined }
}

describe('MemoryFileSystem conforms to FileSystem', () => {
  for (const { name, run } of fileSystemConformance(memoryFixture, { canLosePower: true })) it(name, run)
})
