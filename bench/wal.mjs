// @ts-check
/**
 * The log on a real disk: records of 300 bytes from 1 to 4096 writers, each of which waits for its record to be durable before it
 * writes the next one. Every 64 MiB a snapshot lets the log recycle its segments, as in a member's life.
 * BENCH_DIRECTORY chooses the disk (default: the directory for temporary files), BENCH_SECONDS the time of each row.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { crc32, NodeFileSystem } from '../packages/host/dist/index.js'
import { asIndex, asMemberId, asTerm, DurableStorage, EntryType, foundingConfiguration } from '../packages/raft/dist/index.js'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)
const PAYLOAD = new Uint8Array(300).fill(7)
const COMPACT_EVERY_ENTRIES = Math.floor((64 * 1024 * 1024) / PAYLOAD.length)
const member = { id: asMemberId(1), address: 'a', clientAddress: '', name: '' }
const configuration = foundingConfiguration([member])
const NOTHING = { sequence: 0, hardState: null, entries: [], installSnapshot: null, compactBelow: null }
const term = asTerm(1)

async function* noState() {
  // A snapshot of nothing: only the log is measured.
}

/** @param {number} writers */
async function row(writers) {
  const directory = mkdtempSync(join(process.env.BENCH_DIRECTORY ?? tmpdir(), 'balsa-bench-'))
  const identity = { clusterId: 1, memberId: member.id }
  const storage = await DurableStorage.open({
    fileSystem: new NodeFileSystem(),
    directory,
    identity,
    initialConfiguration: configuration,
    crc32,
    segmentBytes: Number(process.env.BENCH_SEGMENT_MIB ?? 16) * 1024 * 1024,
  })
  await storage.persist({ ...NOTHING, hardState: { term, votedFor: null } })
  let index = 0
  let counting = false
  let stop = false
  const latencies = new Float64Array(4_000_000)
  let count = 0

  const writer = async () => {
    while (!stop) {
      const started = performance.now()
      const entry = { index: asIndex(++index), term, type: EntryType.command, timeMs: 1, payload: PAYLOAD }
      await storage.persist({ ...NOTHING, entries: [entry] })
      if (counting && count < latencies.length) latencies[count++] = performance.now() - started
    }
  }
  const compactor = async () => {
    let compacted = 0
    while (!stop) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (index - compacted < COMPACT_EVERY_ENTRIES) continue
      compacted = index - writers
      const meta = await storage.snapshots.write({ index: asIndex(compacted), term, timeMs: 1, configuration }, noState())
      await storage.persist({ ...NOTHING, compactBelow: asIndex(meta.index + 1) })
    }
  }
  const running = [compactor(), ...Array.from({ length: writers }, writer)]
  await new Promise((resolve) => setTimeout(resolve, 500))
  const before = process.cpuUsage()
  const started = performance.now()
  counting = true
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000))
  counting = false
  const seconds = (performance.now() - started) / 1000
  const cpu = process.cpuUsage(before)
  stop = true
  await Promise.all(running)
  await storage.close()
  rmSync(directory, { recursive: true, force: true })
  const sorted = latencies.subarray(0, count).sort()
  const at = (/** @type {number} */ share) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2)
  const cores = ((cpu.user + cpu.system) / 1e6 / seconds).toFixed(2)
  const rss = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(
    `${String(writers).padStart(7)} ${String(Math.round(count / seconds)).padStart(11)} ${at(0.5).padStart(8)} ${at(0.99).padStart(8)} ${at(1).padStart(8)} ${cores.padStart(6)} ${String(rss).padStart(9)}`,
  )
}

console.log('Log on disk: 300-byte records, each writer waits for its own to be durable')
console.log('writers   records/s   p50 ms   p99 ms   max ms  cores  peak MiB')
for (const writers of [1, 16, 256, 4096]) await row(writers)
