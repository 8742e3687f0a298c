// @ts-check
/**
 * etcd's API on three members, beside etcd itself: h2load (Debian nghttp2-client) as a neutral client of the leader, Put of 256 bytes and linearizable
 * Range of one key. Both clusters run at the same time and are measured in turns, because the speed of shared machines changes from minute to minute:
 * only the ratios mean something. Without `etcd` on the machine (Debian etcd-server) there are figures of Balsa alone.
 * BENCH_SECONDS (default 3) for each cell, BENCH_ROUNDS (default 3). Before the first cell each is loaded for BENCH_WARM_UP seconds (default 10), and that is not
 * measured: what runs for long is compared, not the minute in which a process that compiles as it goes has just begun.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute } from '../scripts/compat/checks.mjs'
import { etcdFlags } from '../scripts/compat/etcd-server.mjs'
import { LocalCluster, until } from '../scripts/local-cluster.mjs'
import { HOST, pickPorts } from '../scripts/ports.mjs'

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 3)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3)
const WARM_UP_SECONDS = Number(process.env['BENCH_WARM_UP'] ?? 10)
/** Connections x streams. */
const SHAPES = /** @type {const} */ ([[1, 1], [10, 1], [10, 10], [100, 10]]) // biome-ignore format: pairs
/** Times as etcd has them; and nobody else may take over on a busy machine, because the leader is what is measured. */
const FLAGS = ['--log-level', 'error', '--heartbeat-interval', '100', '--election-timeout', '1000', '--automatic-transfer=false']
const CALLS = { put: '/etcdserverpb.KV/Put', range: '/etcdserverpb.KV/Range' }
const KEY = Buffer.from('benchmark/the-only-key/00000')

/** @typedef {{ name: string, leader: () => Promise<string>, close: () => Promise<unknown> }} Contender */
/** @typedef {{ rate: number, p50: number, p99: number, failed: number }} Figures times in ms */

/** A field of type bytes. @param {number} number @param {Buffer} value */
const bytesField = (number, value) => {
  const length = value.length < 128 ? [value.length] : [(value.length & 0x7f) | 0x80, value.length >> 7]
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), value])
}

/** @param {Buffer} message */
function grpcFrame(message) {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** @param {string} directory @returns {Promise<Contender>} */
async function startBalsa(directory) {
  const cluster = await LocalCluster.start({ directory, flags: FLAGS })
  return {
    name: 'balsa',
    leader: async () => (await until(() => cluster.leader(), { what: 'a leader' })).endpoint,
    close: () => cluster.close(),
  }
}

/** @param {string} directory @returns {Promise<Contender | null>} */
async function startEtcd(directory) {
  if ((await execute('sh', ['-c', 'command -v etcd'])).code !== 0) return null
  /** @type {import('../scripts/compat/etcd-server.mjs').EtcdMember[]} */
  const members = []
  for (let at = 0; at < 3; at++) members.push({ name: `e${at}`, ...(await pickPorts()) })
  const children = members.map((member) => spawn('etcd', etcdFlags(directory, member, { cluster: members }), { stdio: 'ignore' }))
  const ended = children.map((child) => new Promise((resolve) => child.once('close', resolve)))
  const leader = () =>
    until(
      async () => {
        for (const { client } of members) {
          const url = `http://${HOST}:${client}/v3/maintenance/status`
          /** @type {any} */
          const answer = await fetch(url, { method: 'POST', body: '{}' }).then((response) => response.json(), () => null) // biome-ignore format: one line
          if (answer?.leader !== undefined && answer.leader === answer.header.member_id) return `${HOST}:${client}`
        }
        return null
      },
      { what: 'a leader of etcd' },
    )
  await leader()
  return {
    name: 'etcd',
    leader,
    close: () => {
      for (const child of children) child.kill('SIGKILL')
      return Promise.all(ended)
    },
  }
}

/** @param {string} file @param {'us' | 'ms'} unit lines of h2load's log: start, status, duration in us @returns {Promise<number[]>} sorted, ms */
async function durations(file, unit) {
  const { out } = await execute('sh', ['-c', `cut -f3 ${file} | sort -n`])
  const lines = out.trim().split('\n')
  return lines.map((line) => Number(line) / (unit === 'us' ? 1000 : 1))
}

/** @param {string} endpoint @param {keyof typeof CALLS} call @param {number} connections @param {number} streams @param {string} directory @param {number} seconds */
async function measure(endpoint, call, connections, streams, directory, seconds = SECONDS) {
  const log = join(directory, 'h2load.log')
  await rm(log, { force: true })
  const args = ['-c', String(connections), '-m', String(streams), '-D', String(seconds), '--warm-up-time=1', '-d', join(directory, call)]
  const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers', `--log-file=${log}`, '-t', '1']
  const { out, err } = await execute('h2load', [...args, ...headers, `http://${endpoint}${CALLS[call]}`], { timeoutMs: 120_000 })
  const rate = Number(/finished in [\d.]+s, ([\d.]+) req\/s/.exec(out)?.[1] ?? Number.NaN)
  const failed = Number(/(\d+) failed/.exec(out)?.[1] ?? Number.NaN)
  if (Number.isNaN(rate)) throw new Error(`h2load said:\n${out}${err}`)
  const times = await durations(log, 'us')
  const at = (/** @type {number} */ share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return { rate, failed, p50: at(0.5), p99: at(0.99) }
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (/** @type {number} */ place) => sorted[Math.floor(place)] ?? Number.NaN
  return (at((values.length - 1) / 2) + at(values.length / 2)) / 2
}

/** @param {readonly Figures[]} rounds @returns {Figures} */
const middle = (rounds) => ({
  rate: median(rounds.map(({ rate }) => rate)),
  p50: median(rounds.map(({ p50 }) => p50)),
  p99: median(rounds.map(({ p99 }) => p99)),
  failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
})

/** @param {Figures} figures */
const shown = ({ rate, p50, p99, failed }) =>
  `${rate.toFixed(0).padStart(7)}/s  p50 ${p50.toFixed(2).padStart(6)}  p99 ${p99.toFixed(2).padStart(7)} ms${failed > 0 ? `  ${failed} FAILED` : ''}`

async function main() {
  if ((await execute('sh', ['-c', 'command -v h2load'])).code !== 0) {
    console.log('etcd: h2load is missing (Debian: apt-get install nghttp2-client etcd-server); nothing measured')
    return
  }
  const directory = await mkdtemp(join(tmpdir(), 'balsa-bench-etcd-'))
  await writeFile(join(directory, 'put'), grpcFrame(Buffer.concat([bytesField(1, KEY), bytesField(2, Buffer.alloc(256, 'v'))])))
  await writeFile(join(directory, 'range'), grpcFrame(bytesField(1, KEY)))
  /** @type {Contender[]} */
  const contenders = []
  // Interrupted, it leaves nobody behind.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => void Promise.all(contenders.map(({ close }) => close())).then(() => process.exit(130)))
  try {
    contenders.push(await startBalsa(join(directory, 'balsa')))
    const etcd = await startEtcd(join(directory, 'etcd'))
    if (etcd !== null) contenders.push(etcd)
    console.log(
      `etcd's API, three members, h2load on the leader, ${SECONDS} s a cell after ${WARM_UP_SECONDS} s of warm-up, median of ${ROUNDS} rounds in turns`,
    )
    for (const call of /** @type {const} */ (['put', 'range'])) {
      if (WARM_UP_SECONDS > 0) for (const { leader } of contenders) await measure(await leader(), call, 10, 10, directory, WARM_UP_SECONDS)
      for (const [connections, streams] of SHAPES) {
        /** @type {Map<string, Figures[]>} */
        const figures = new Map(contenders.map(({ name }) => [name, []]))
        for (let round = 0; round < ROUNDS; round++)
          for (const { name, leader } of contenders)
            figures.get(name)?.push(await measure(await leader(), call, connections, streams, directory))
        const rows = contenders.map(({ name }) => /** @type {const} */ ([name, middle(figures.get(name) ?? [])]))
        for (const [name, row] of rows)
          console.log(`${call.padEnd(6)} ${`${connections}x${streams}`.padEnd(7)} ${name.padEnd(6)} ${shown(row)}`)
        const [own, other] = rows
        if (own !== undefined && other !== undefined)
          console.log(
            `${' '.repeat(15)}ratio  ${(own[1].rate / other[1].rate).toFixed(2)} x throughput, ${(own[1].p99 / other[1].p99).toFixed(2)} x p99`,
          )
      }
    }
  } finally {
    for (const { close } of contenders) await close()
    await rm(directory, { recursive: true, force: true })
  }
}

await main()
