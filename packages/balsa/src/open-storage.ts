import { crc32, NodeFileSystem, openDataDirectory } from '@balsa/host'
import { DurableStorage, foundingConfiguration, type Identity, type Member } from '@balsa/raft'
import { OwnedStorage } from './owned-storage.js'

/** Locks the directory and recovers what is in it, or founds it with these members as voters. Nothing stays locked when it fails. */
export async function openStorage(dataDir: string, identity: Identity, members: readonly Member[]): Promise<OwnedStorage> {
  const directory = await openDataDirectory(dataDir)
  try {
    const storage = await DurableStorage.open({
      fileSystem: new NodeFileSystem(),
      directory: directory.path,
      identity,
      initialConfiguration: foundingConfiguration(members),
      crc32,
    })
    return new OwnedStorage(storage, directory)
  } catch (error) {
    await directory.close()
    throw error
  }
}
