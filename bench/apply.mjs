// @ts-check
/**
 * What a member pays to apply a put, all threads of the process together: the state machine alone, on tables in memory and on disk, with compaction on.
 * `node bench/apply.mjs --keys 200000 --puts 200000 --backend memory,lmdb --batch 1,16,256`. Values are 256 bytes. CPU time, because others may use the machine as well.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { LmdbBackend, NodeFileSystem } from '@balsa/host'
import { encodeCommand, KvStateMachine, MemoryBackend } from '@balsa/kv'
import { asIndex, asTerm } from '@balsa/raft'
import { root } from '../scripts/processes.mjs'

const { values: flags } = parseArgs({
  options: {
    keys: { type: 'string', default: '200000' },
    puts: { type: 'string', default: '200000' },
    backend: { type: 'string', default: 'memory,lmdb' },
    batch: { type: 'string', default: '1,16,256' },
    order: { type: 'string', default: 'random,ascending' },
  },
})
const KEYS = Number(flags.keys)
const PUTS = Number(flags.puts)
const VALUE_BYTES = 256
const TERM = asTerm(1)
const LOADED_PER_COMMAND = 100
/** Batches between two turns of the event loop: about as many puts as a busy member takes in one. */
const PUTS_PER_TURN = 256

const keyOf = (/** @type {number} */ at) => Buffer.from(`key/${String(at).padStart(12, '0')}`)
const valueOf = (/** @type {number} */ seed) => new Uint8Array(VALUE_BYTES).fill(seed & 0xff)
const turn = () => new Promise((resolve) => setImmediate(resolve))
let state = 1
const random = (/** @type {number} */ limit) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * limit)
}

let gcMs = 0
let gcLongestMs = 0
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    gcMs += duration
    gcLongestMs = Math.max(gcLongestMs, duration)
  }
}).observe({ entryTypes: ['gc'] })

/** Commands one behind the other in one buffer, as they arrive: made before, so that only the applying is measured, and without an object for each. */
class Commands {
  bytes = new Uint8Array(1024 * 1024)
  /** @type {number[]} */
  ends = []
  length = 0

  /** @param {Uint8Array} command */
  add(command) {
    if (this.length + command.length > this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length)
      larger.set(this.bytes)
      this.bytes = larger
    }
    this.bytes.set(command, this.length)
    this.length += command.length
    this.ends.push(this.length)
  }

  /** @param {number} at */
  command(at) {
    return this.bytes.subarray(this.ends[at - 1] ?? 0, this.ends[at])
  }
}

/** @param {import('@balsa/kv').Backend} backend @param {KvStateMachine} machine @param {Commands} commands @param {number} batch */
async function apply(backend, machine, commands, batch) {
  let index = Number(machine.appliedIndex)
  for (let at = 0; at < commands.ends.length; at += batch) {
    const entries = []
    for (let next = at; next < Math.min(commands.ends.length, at + batch); next++) {
      entries.push({ index: asIndex(++index), term: TERM, timeMs: index >>> 6, command: commands.command(next) })
    }
    void machine.apply(entries)
    const waiting = backend.ready()
    if (waiting !== null) await waiting
    if (at % PUTS_PER_TURN < batch) await turn()
  }
}

/** @param {number} from @param {number} count */
function loading(from, count) {
  const success = Array.from({ length: count }, (_, at) => ({
    type: /** @type {const} */ ('put'),
    key: keyOf(from + at),
    value: valueOf(from + at),
    lease: 0n,
    previous: false,
  }))
  return encodeCommand({ type: 'txn', stamp: null, txn: { compares: [], success, failure: [] } })
}

/** @param {string} kind @param {string} directory */
const open = (kind, directory) =>
  kind === 'lmdb' ? LmdbBackend.open({ fileSystem: new NodeFileSystem(), directory }) : Promise.resolve(new MemoryBackend())

/** @param {string} kind */
async function measure(kind) {
  const directory = mkdtempSync(join(root, '.bench-'))
  const backend = await open(kind, directory)
  try {
    const machine = new KvStateMachine({ backend })
    const commands = new Commands()
    for (let from = 0; from < KEYS; from += LOADED_PER_COMMAND) commands.add(loading(from, Math.min(LOADED_PER_COMMAND, KEYS - from)))
    await apply(backend, machine, commands, 1)
    await backend.flush()
    for (const order of flags.order.split(',')) {
      for (const batch of flags.batch.split(',').map(Number)) {
        const puts = new Commands()
        for (let at = 0; at < PUTS; at++) {
          const key = keyOf(order === 'random' ? random(KEYS) : at % KEYS)
          puts.add(encodeCommand({ type: 'put', stamp: null, key, value: valueOf(at) }))
        }
        const delays = monitorEventLoopDelay({ resolution: 1 })
        delays.enable()
        gcMs = 0
        gcLongestMs = 0
        const before = process.cpuUsage()
        const beganMs = performance.now()
        await apply(backend, machine, puts, batch)
        await backend.flush()
        const { user, system } = process.cpuUsage(before)
        const tookMs = performance.now() - beganMs
        delays.disable()
        await turn()
        const ms = (/** @type {number} */ ns) => (ns / 1e6).toFixed(1)
        console.log(
          `  ${kind.padEnd(6)} ${order.padEnd(9)} ${String(batch).padStart(3)} a batch: ${((user + system) / PUTS).toFixed(2)} us a put (${(system / PUTS).toFixed(2)} of it in the kernel), ` +
            `${Math.round((PUTS / tookMs) * 1000).toLocaleString('en')}/s; garbage collection ${((100 * gcMs) / tookMs).toFixed(0)} %, longest ${gcLongestMs.toFixed(1)} ms; ` +
            `event loop delay p99 ${ms(delays.percentile(99))}, max ${ms(delays.max)} ms`,
        )
      }
    }
  } finally {
    await backend.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

console.log(`apply: ${PUTS.toLocaleString('en')} puts to ${KEYS.toLocaleString('en')} keys x ${VALUE_BYTES} B`)
for (const kind of flags.backend.split(',')) await measure(kind)
