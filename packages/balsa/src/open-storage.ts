import { crc32, type DataDirectory, NodeFileSystem, openDataDirectory } from '@balsa/host'
import { DurableStorage, foundingConfiguration, type Identity, IncarnationTable, type Member, type Random } from '@balsa/raft'
import { OwnedStorage } from './owned-storage.js'

/** What members know each other's disks by: without it a restarted member would look like one whose disk was exchanged. */
export interface OpenedStorage {
  readonly storage: OwnedStorage
  readonly incarnation: number
  readonly memory: IncarnationTable
}

const LARGEST_INCARNATION = 2 ** 48

/** Puts more into the directory; it is closed with it. */
type Extend = (directory: DataDirectory) => Promise<DataDirectory>
const nothingElse: Extend = async (directory) => directory

/** Locks the directory and recovers what is in it, or founds it with these members as voters. Nothing stays locked when it fails. */
export async function openStorage(
  dataDir: string,
  identity: Identity,
  members: readonly Member[],
  random: Random,
  extend: Extend = nothingElse,
): Promise<OpenedStorage> {
  const directory = await extend(await openDataDirectory(dataDir))
  try {
    const files = { fileSystem: new NodeFileSystem(), directory: directory.path, crc32 }
    const storage = await DurableStorage.open({
      ...files,
      identity,
      incarnation: 1 + Math.floor(random.next() * (LARGEST_INCARNATION - 1)),
      initialConfiguration: foundingConfiguration(members),
    })
    const memory = await IncarnationTable.open({ ...files, clusterId: identity.clusterId })
    return { storage: new OwnedStorage(storage, directory), incarnation: storage.incarnation, memory }
  } catch (error) {
    await directory.close()
    throw error
  }
}
