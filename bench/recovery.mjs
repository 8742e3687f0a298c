// @ts-check
/**
 * Opening a log of 1 GiB (BENCH_LOG_MIB): time and peak memory of a fresh process that recovers it. The log must not be read into memory at once.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32, NodeFileSystem } from '../packages/host/dist/index.js'
import { asIndex, asMemberId, asTerm, DurableStorage, EntryType, foundingConfiguration } from '../packages/raft/dist/index.js'
import { root } from '../scripts/processes.mjs'

const MIB = 1024 * 1024
const LOG_MIB = Number(process.env.BENCH_LOG_MIB ?? 1024)
const PAYLOAD = 4096
const PER_BATCH = 256

/** @param {string} directory */
function open(directory) {
  return DurableStorage.open({
    fileSystem: new NodeFileSystem(),
    directory,
    identity: { clusterId: 1, memberId: asMemberId(1) },
    initialConfiguration: foundingConfiguration([]),
    crc32,
  })
}

/** @param {string} directory */
async function fill(directory) {
  const storage = await open(directory)
  const payload = new Uint8Array(PAYLOAD).fill(7)
  const batches = Math.ceil((LOG_MIB * MIB) / (PAYLOAD * PER_BATCH))
  let index = 0
  for (let batch = 0; batch < batches; batch++) {
    const entries = Array.from({ length: PER_BATCH }, () => ({
      term: asTerm(1),
      index: asIndex(++index),
      type: EntryType.command,
      timeMs: 0,
      payload,
    }))
    const hardState = batch === 0 ? { term: asTerm(1), votedFor: null } : null
    await storage.persist({ sequence: batch + 1, hardState, entries, installSnapshot: null, compactBelow: null })
  }
  await storage.close()
  return index
}

const recovering = process.env.BENCH_RECOVER
if (recovering === undefined) {
  const directory = mkdtempSync(join(root, '.bench-'))
  try {
    const entries = await fill(directory)
    console.log(`recovery: a log of ${LOG_MIB} MiB (${entries} entries of ${PAYLOAD} bytes), opened by a fresh process`)
    const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
      stdio: 'inherit',
      env: { ...process.env, BENCH_RECOVER: directory },
    })
    process.exitCode = status ?? 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
} else {
  const before = process.resourceUsage().maxRSS / 1024
  const started = performance.now()
  const storage = await open(recovering)
  const seconds = (performance.now() - started) / 1000
  const { lastIndex } = storage.recovered
  const first = await storage.readEntries(asIndex(1), lastIndex, 1)
  if (first[0]?.index !== 1) throw new Error('the first entry cannot be read')
  const peak = process.resourceUsage().maxRSS / 1024
  console.log(
    `  ${seconds.toFixed(2)} s, ${(LOG_MIB / seconds).toFixed(0)} MiB/s; peak memory ${peak.toFixed(0)} MiB (${before.toFixed(0)} before)`,
  )
  await storage.close()
}
