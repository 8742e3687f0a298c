import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EtcdClient, snapshotBytes } from '@balsa/client'
import { crc32, NodeClock, NodeFileSystem, NodeRandom, openDataDirectory } from '@balsa/host'
import { BalsaError, foundFromState, foundingConfiguration } from '@balsa/raft'
import { drawId, formatId, parseConfig, type ServerConfig } from '@balsa/server'
import { NodeHttp2Dialer } from '../../http2-dialer.js'
import { untilInterrupted } from '../interrupt.js'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json } from '../output.js'
import { readSaved, type SavedSnapshot } from '../saved-snapshot.js'
import { printable, UsageError } from '../text.js'

export interface RestoreFlags extends CommonFlags {
  readonly name?: string
  readonly dataDir?: string
  readonly initialCluster?: string
  readonly initialClusterToken?: string
  readonly initialAdvertisePeerUrls?: string
}

/** Writes the state of one member into a file. The file has its name only when it is whole, checked and durable. */
export async function save(path: string, flags: CommonFlags, io: Io): Promise<ExitCode> {
  const { endpoints, output } = commonOptions(flags, io)
  const client = EtcdClient.open({ endpoints, clock: new NodeClock(), random: new NodeRandom(), dialer: new NodeHttp2Dialer() })
  const partial = `${path}.part`
  try {
    await untilInterrupted(async (signal) => {
      const file = await open(partial, 'w', 0o600)
      try {
        for await (const bytes of snapshotBytes(client, { signal })) await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
    })
    const saved = await readSaved(partial)
    await rename(partial, path)
    await io.out(output === 'json' ? json(describe(path, saved)) : `saved ${textOf(path, saved)}`)
    return EXIT.ok
  } finally {
    await rm(partial, { force: true })
    await client.close()
  }
}

export async function status(path: string, flags: CommonFlags, io: Io): Promise<ExitCode> {
  const { output } = commonOptions(flags, io)
  const saved = await readSaved(path)
  await io.out(output === 'json' ? json(describe(path, saved)) : textOf(path, saved))
  return EXIT.ok
}

/** Makes the data directory of one member of a new cluster that begins with what the snapshot holds. */
export async function restore(path: string, flags: RestoreFlags, io: Io): Promise<ExitCode> {
  const { output } = commonOptions(flags, io)
  const saved = await readSaved(path)
  const config = configOf(flags, saved)
  await mkdir(dirname(config.dataDir), { recursive: true })
  const present = await readdir(config.dataDir).catch(() => [])
  if (present.length > 0)
    throw new BalsaError('DATA_DIRECTORY', `${config.dataDir} is not empty`, { hint: 'Give a directory that does not exist yet.' })
  const directory = await openDataDirectory(config.dataDir)
  try {
    const { clusterId, memberId, members } = config
    await foundFromState({
      fileSystem: new NodeFileSystem(),
      directory: directory.path,
      crc32,
      identity: { clusterId, memberId },
      incarnation: drawId(new NodeRandom()),
      configuration: foundingConfiguration(members),
      state: { index: Math.max(1, saved.head.appliedIndex), timeMs: saved.head.timeMs, chunks: saved.chunks() },
    })
  } finally {
    await directory.close()
  }
  await io.out(output === 'json' ? json(made(path, saved, config)) : done(path, saved, config))
  return EXIT.ok
}

/** Flags of balsad, with their meaning there. A token of its own gives the new cluster another id than that of the old one. */
function configOf(flags: RestoreFlags, { sha256 }: SavedSnapshot): ServerConfig {
  const { name, dataDir, initialCluster, initialClusterToken = `restored-${sha256.slice(0, 16)}`, initialAdvertisePeerUrls } = flags
  const own = initialCluster
    ?.split(',')
    .map((pair) => pair.split('='))
    .find(([member]) => member === (name ?? 'default'))?.[1]
  const peer = initialAdvertisePeerUrls ?? own
  const given: readonly (readonly [string, string | undefined])[] = [
    ['name', name],
    ['data-dir', dataDir],
    ['initial-cluster', initialCluster],
    ['initial-cluster-token', initialClusterToken],
    ['initial-advertise-peer-urls', peer],
  ]
  try {
    return parseConfig([...given.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`]))], {})
  } catch (error) {
    if (error instanceof BalsaError && error.code === 'CONFIG') throw new UsageError(error.message)
    throw error
  }
}

const textOf = (path: string, { head, fileBytes, sha256 }: SavedSnapshot): string =>
  `${printable(path)}: revision ${head.revision}, ${head.keys} keys, ${fileBytes} bytes, SHA-256 ${sha256}\n`

const describe = (path: string, { head, fileBytes, sha256 }: SavedSnapshot) => ({
  file: path,
  revision: head.revision,
  keys: head.keys,
  dataBytes: head.dataBytes,
  fileBytes,
  sha256,
})

const made = (path: string, saved: SavedSnapshot, { name, dataDir, clusterId, memberId, members }: ServerConfig): object => ({
  ...describe(path, saved),
  name,
  dataDir,
  clusterId: formatId(clusterId),
  memberId: formatId(memberId),
  members: members.map((member) => member.name),
})

const done = (path: string, saved: SavedSnapshot, { name, dataDir, clusterId, members }: ServerConfig): string =>
  `${printable(dataDir)} is member ${name} of the new cluster ${formatId(clusterId)} (${members.map((member) => member.name).join(', ')}), with ${textOf(path, saved)}` +
  `${members.length > 1 ? 'Restore the same file for each of the others, with the same --initial-cluster. ' : ''}Then start it with its addresses:\n` +
  `  balsad --name ${printable(name)} --data-dir ${printable(dataDir)} --listen-peer-urls http://${members.find((member) => member.name === name)?.address ?? ''}\n`
