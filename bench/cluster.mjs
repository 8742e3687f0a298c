// @ts-check
/**
 * Three `balsad` processes with durable files on this machine, loaded over TCP by clients in this process: puts and linearizable reads per second, with
 * 1, 10 and 100 clients (each waits for its answer), and one client with many requests in flight. Keys of 28 and values of 256 bytes.
 */
import { mkdtemp } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { createHistogram } from 'node:perf_hooks'
import { join } from 'node:path'
import { connect } from '../packages/balsa/dist/index.js'
import { LocalCluster } from '../scripts/local-cluster.mjs'
import { root } from '../scripts/processes.mjs'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 4)
const VALUE = new Uint8Array(256).fill(120)
/** [clients, requests in flight per client] */
const LOADS = /** @type {const} */ ([
  [1, 1],
  [10, 1],
  [100, 1],
  [10, 10],
  [1, 256],
])

/** @param {number} n */
const keyOf = (n) => `bench/${String(n % 10_000).padStart(22, '0')}`

/**
 * @param {readonly string[]} endpoints
 * @param {readonly [number, number]} load
 * @param {(store: Awaited<ReturnType<typeof connect>>, n: number) => Promise<unknown>} operation
 */
async function measure(endpoints, [clients, depth], operation) {
  const stores = await Promise.all(Array.from({ length: clients }, () => connect({ endpoints })))
  const latency = createHistogram()
  let operations = 0
  let counting = false
  let running = true
  let n = 0
  const loop = async (/** @type {Awaited<ReturnType<typeof connect>>} */ store) => {
    while (running) {
      const started = performance.now()
      await operation(store, n++)
      if (!counting) continue
      operations++
      latency.record(Math.max(1, Math.round((performance.now() - started) * 1e6)))
    }
  }
  const loops = stores.flatMap((store) => Array.from({ length: depth }, () => loop(store)))
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  counting = true
  const from = performance.now()
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000))
  counting = false
  const seconds = (performance.now() - from) / 1000
  running = false
  await Promise.all(loops)
  await Promise.all(stores.map((store) => store.close()))
  const ms = (/** @type {number} */ percentile) => (latency.percentile(percentile) / 1e6).toFixed(2)
  return { perSecond: operations / seconds, p50: ms(50), p99: ms(99) }
}

/** Peak resident memory of a process, MiB. @param {number | undefined} pid */
function peakMiB(pid) {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line === null ? '?' : (Number(line[1]) / 1024).toFixed(0)
  } catch {
    return '?'
  }
}

// On a real disk: a temporary folder may be memory only, and then a sync costs nothing.
const directory = await mkdtemp(join(root, '.bench-'))
const cluster = await LocalCluster.start({ directory })
try {
  console.log(
    `cluster: three balsad processes, durable files, 28-byte keys, 256-byte values, ${SECONDS} s per row; clients in one process beside them`,
  )
  console.log('  operation          clients x in flight        /s    p50 ms    p99 ms')
  const operations = /** @type {const} */ ([
    ['put', (/** @type {any} */ store, /** @type {number} */ n) => store.put(keyOf(n), VALUE)],
    ['linearizable get', (/** @type {any} */ store, /** @type {number} */ n) => store.get(keyOf(n))],
  ])
  for (const [name, operation] of operations) {
    for (const load of LOADS) {
      const { perSecond, p50, p99 } = await measure(cluster.endpoints, load, operation)
      const row = [
        name.padEnd(18),
        `${load[0]} x ${load[1]}`.padStart(19),
        perSecond.toFixed(0).padStart(9),
        p50.padStart(9),
        p99.padStart(9),
      ]
      console.log(`  ${row.join(' ')}`)
    }
  }
  const leader = await cluster.leader()
  const memory = cluster.members.map((member) => `${member.name}${member === leader ? ' (leader)' : ''} ${peakMiB(member.child?.pid)} MiB`)
  console.log(`  peak memory: ${memory.join(', ')}; clients ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`)
} finally {
  await cluster.destroy()
}
