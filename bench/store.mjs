// @ts-check
/**
 * The store on disk, in one member: loading, reading, writing with compaction on, restarting, and giving everything to a new member (a process of its own) while writes go on.
 * `npm run bench:store -- --keys 10000000 --seconds 60`, or BENCH_STORE_KEYS and BENCH_STORE_SECONDS. Values are 256 bytes. `--directory DIR` keeps what was loaded, and goes on with it the next time.
 * `--rate 60000` offers so many puts a second, evenly, instead of as many as are taken: the delays of a member that is not at its end.
 * Delays are of the event loop of the member, which makes the commands too. The threads of the member and its follower share the machine: on Linux it is also told how long the loop would have
 * been held up if its thread had never waited for a core. A follower has a machine of its own; here it gets what the member leaves of the cores (SCHED_IDLE where there is `chrt`, nice 10 elsewhere), so its
 * own delays are mostly waiting. While it receives, 80 % of the puts per second that were reached before are offered: a member that is at its end has no time for anything more.
 */
import { fork, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { encodeCommand } from '@balsa/kv'
import { asMemberId } from '@balsa/raft'
import { Member } from '@balsa/server'
import { tuneHeap } from '../packages/balsa/dist/daemon/heap.js'
import { memberOptions } from '../scripts/member-options.mjs'
import { HOST, pickPorts } from '../scripts/ports.mjs'
import { root } from '../scripts/processes.mjs'

const { values: flags } = parseArgs({
  options: { keys: { type: 'string' }, seconds: { type: 'string' }, rate: { type: 'string' }, directory: { type: 'string' } },
})
// As balsad does.
tuneHeap()

const KEYS = Number(flags.keys ?? process.env.BENCH_STORE_KEYS ?? 1_000_000)
const SECONDS = Number(flags.seconds ?? process.env.BENCH_STORE_SECONDS ?? 20)
const VALUE_BYTES = 256
/** Puts under way. More of them serve no more puts per second, and everything that waits is copied by the garbage collector. */
const IN_FLIGHT = 512
const LOADING_COMMANDS_IN_FLIGHT = 40
/** Puts offered per second; 0: as many as are taken. */
const RATE = Number(flags.rate ?? 0)
/** Of the puts per second without a follower, while one receives everything. */
const SHARE_MEANWHILE = 0.8
/** What starts the follower, and how that is called. */
const FOLLOWER_PRIORITY =
  spawnSync('chrt', ['-i', '0', process.execPath, '--version']).status === 0
    ? { command: 'chrt', options: ['-i', '0'], name: 'SCHED_IDLE' }
    : process.platform === 'win32'
      ? null
      : { command: 'nice', options: ['-n', '10'], name: 'nice 10' }
const PUTS_PER_LOADING_COMMAND = 100
const MIB = 1024 * 1024

const count = (/** @type {number} */ number) => Math.round(number).toLocaleString('en')
const KEY_PREFIX = Buffer.from('key/')
const KEY_DIGITS = 12
/** Without strings: what the benchmark itself costs is counted with what it measures. */
const keyOf = (/** @type {number} */ at) => {
  const key = new Uint8Array(KEY_PREFIX.length + KEY_DIGITS)
  key.set(KEY_PREFIX)
  for (let place = key.length - 1, rest = at; place >= KEY_PREFIX.length; place--) {
    const tenth = Math.floor(rest / 10)
    key[place] = 48 + rest - 10 * tenth
    rest = tenth
  }
  return key
}
/** Made once, too: a buffer for each put would be the garbage collector's largest piece of work. */
const VALUES = Array.from({ length: 256 }, (_, seed) => new Uint8Array(VALUE_BYTES).fill(seed))
const valueOf = (/** @type {number} */ seed) => /** @type {Uint8Array} */ (VALUES[seed & 0xff])
/** Numbers that look random, below `limit`. */
let state = 1
const random = (/** @type {number} */ limit) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * limit)
}

/** How many were applied. @param {Member} member @param {(sent: number) => Uint8Array} command @param {() => boolean} goesOn @param {number} inFlight */
async function keepProposing(member, command, goesOn, inFlight = IN_FLIGHT) {
  let sent = 0
  let applied = 0
  const one = async () => {
    while (goesOn()) {
      await member.replica.propose(command(sent++))
      applied++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
  return applied
}

/** The same, with so many puts offered a second, evenly: what somebody waits for who does not ask for all that a member can do. @param {Member} member @param {(sent: number) => Uint8Array} command @param {() => boolean} goesOn @param {number} rate */
async function keepProposingAtRate(member, command, goesOn, rate) {
  let sent = 0
  let applied = 0
  const began = performance.now()
  while (goesOn()) {
    const due = Math.min((rate * (performance.now() - began)) / 1000 - sent, IN_FLIGHT - (sent - applied))
    for (let at = 0; at < due; at++) {
      void member.replica.propose(command(sent++)).then(() => applied++)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  while (applied < sent) await new Promise((resolve) => setTimeout(resolve, 1))
  return applied
}

const putOf = (/** @type {number} */ key, /** @type {number} */ seed) =>
  encodeCommand({ type: 'put', stamp: null, key: keyOf(key), value: valueOf(seed) })

/** How long this thread was ready to run and had to wait for a core, in ms since it began; null where the system does not tell. @returns {(() => number) | null} */
function waitsForCore() {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r')
    process.once('exit', () => closeSync(file))
    const text = Buffer.alloc(128)
    return () => Number(text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ')[1]) / 1e6
  } catch {
    return null
  }
}
const waitedMs = waitsForCore()

/** What a timer of a millisecond is late by without the wait for a core: the work of the loop alone. */
function watchWork() {
  const work = createHistogram()
  let waited = 0
  if (waitedMs === null) return { stop: () => '' }
  const beganMs = performance.now()
  const waitedBefore = waitedMs()
  let last = { atMs: beganMs, waitedMs: waitedBefore }
  const timer = setInterval(() => {
    const now = { atMs: performance.now(), waitedMs: waitedMs() }
    work.record(Math.max(1, Math.round(1000 * (now.atMs - last.atMs - (now.waitedMs - last.waitedMs)))))
    last = now
  }, 1)
  return {
    stop: () => {
      clearInterval(timer)
      waited = (100 * (waitedMs() - waitedBefore)) / (performance.now() - beganMs)
      return ` (it waited for a core ${waited.toFixed(0)} % of the time; without that p99 ${(work.percentile(99) / 1000).toFixed(1)}, max ${(work.max / 1000).toFixed(0)} ms)`
    },
  }
}

/** @template T @param {() => Promise<T>} work */
async function watched(work) {
  const delays = monitorEventLoopDelay({ resolution: 1 })
  const workAlone = watchWork()
  delays.enable()
  const began = performance.now()
  const cpu = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  delays.disable()
  const alone = workAlone.stop()
  const ms = (/** @type {number} */ percentile) => (delays.percentile(percentile) / 1e6).toFixed(1)
  return {
    result,
    seconds: (performance.now() - began) / 1000,
    cpuUs: user + system,
    delays: `event loop delay p50 ${ms(50)}, p99 ${ms(99)}, max ${(delays.max / 1e6).toFixed(0)} ms${alone}`,
  }
}

const memory = () => {
  const { heapUsed, rss, external } = process.memoryUsage()
  return `heap ${count(heapUsed / MIB)} MiB, buffers ${count(external / MIB)} MiB, resident ${count(rss / MIB)} MiB (with the page cache that is mapped)`
}

/** @param {string} directory @returns {number} */
const sizeOf = (directory) =>
  readdirSync(directory, { withFileTypes: true, recursive: true }).reduce(
    (sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0),
    0,
  )

/** @param {Member} member */
async function load(member) {
  let next = 0
  const { seconds } = await watched(() =>
    keepProposing(
      member,
      () => {
        const from = next
        next = Math.min(KEYS, next + PUTS_PER_LOADING_COMMAND)
        const success = Array.from({ length: Math.max(0, next - from) }, (_, at) => ({
          type: /** @type {const} */ ('put'),
          key: keyOf(from + at),
          value: valueOf(from + at),
          lease: 0n,
          previous: false,
          keepValue: false,
          keepLease: false,
        }))
        return encodeCommand({ type: 'txn', stamp: null, txn: { compares: [], success, failure: [] } })
      },
      () => next < KEYS,
      LOADING_COMMANDS_IN_FLIGHT,
    ),
  )
  console.log(
    `  loaded   ${count(KEYS)} keys x ${VALUE_BYTES} B in ${seconds.toFixed(0)} s, ${count(KEYS / seconds)} keys/s (${PUTS_PER_LOADING_COMMAND} per command); ${memory()}`,
  )
}

/** The goal is about the store, not about a disk that has to find every page first. @param {string} directory */
function readIntoPageCache(directory) {
  const piece = Buffer.alloc(MIB)
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = openSync(join(entry.parentPath, entry.name), 'r')
    while (readSync(file, piece, 0, piece.length, null) > 0);
    closeSync(file)
  }
}

/** Per second, for five seconds. @param {Member} member */
async function readRandomly(member) {
  const until = performance.now() + 5000
  let reads = 0
  const began = performance.now()
  while (performance.now() < until) {
    for (let at = 0; at < 1000; at++) {
      const answer = member.replica.query({ type: 'get', key: keyOf(random(KEYS)) })
      if (answer.type !== 'get' || answer.record === null) throw new Error('a key is missing')
    }
    reads += 1000
    await new Promise((resolve) => setImmediate(resolve))
  }
  return reads / ((performance.now() - began) / 1000)
}

/** @param {Member} member @param {string} directory */
async function read(member, directory) {
  readIntoPageCache(directory)
  const first = await readRandomly(member)
  console.log(
    `  reads    ${count(await readRandomly(member))} random keys/s, after ${count(first)} in the five seconds before, in which the system maps the pages (the data files are in the page cache)`,
  )
}

/** @param {Member} member @param {number} forSeconds */
async function write(member, forSeconds) {
  const until = performance.now() + forSeconds * 1000
  const command = (/** @type {number} */ sent) => putOf(random(KEYS), sent)
  const goesOn = () => performance.now() < until
  const { result, seconds, cpuUs, delays } = await watched(() =>
    RATE > 0 ? keepProposingAtRate(member, command, goesOn, RATE) : keepProposing(member, command, goesOn),
  )
  return { rate: result / seconds, cpuUs: cpuUs / result, delays }
}

/** @param {import('@balsa/server').MemberOptions} options */
async function restart(options) {
  const began = performance.now()
  const member = await Member.start(options)
  const answer = member.replica.query({ type: 'get', key: keyOf(random(KEYS)) })
  const firstMs = performance.now() - began
  if (answer.type !== 'get' || answer.record === null) throw new Error('a key is missing after the restart')
  await member.whenReady()
  console.log(
    `  restart  ${count(firstMs)} ms to the first read, ${count(performance.now() - began)} ms until it leads and has applied everything`,
  )
  return member
}

/** @param {Member} member @param {string} directory @param {{ peer: number, client: number }} ports @param {number} alone Writes per second without it. */
async function follow(member, directory, ports, alone) {
  const own = await pickPorts()
  // Ids are never used again, also not by the next run on the same data.
  const id = asMemberId(2 + Math.floor(Math.random() * 2 ** 40))
  // What a run that was interrupted has left.
  rmSync(join(directory, 'follower'), { recursive: true, force: true })
  const child = fork(fileURLToPath(import.meta.url), {
    ...(FOLLOWER_PRIORITY === null
      ? {}
      : { execPath: FOLLOWER_PRIORITY.command, execArgv: [...FOLLOWER_PRIORITY.options, process.execPath] }),
    env: { ...process.env, BENCH_STORE_FOLLOWER: JSON.stringify({ directory, ports: own, join: `${HOST}:${ports.peer}`, id }) },
  })
  /** @type {Promise<{ sizeBytes: number, cpuMs: number, delays: string }>} */
  const restored = new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the follower ended with ${code}`)))
  })
  const address = { address: `${HOST}:${own.peer}`, clientAddress: `${HOST}:${own.client}`, name: 'follower' }
  const began = performance.now()
  await member.replica.changeMembership([{ type: 'add', member: { id, ...address }, promote: false, witness: false }])
  let there = false
  const arrived = restored.then((told) => {
    there = true
    return { ...told, took: (performance.now() - began) / 1000 }
  })
  const { result, seconds, delays } = await watched(() =>
    keepProposingAtRate(
      member,
      (sent) => putOf(random(KEYS), sent),
      () => !there,
      SHARE_MEANWHILE * alone,
    ),
  )
  const { took, sizeBytes, cpuMs, delays: theirs } = await arrived
  const megabytes = sizeBytes / 1e6
  console.log(
    `  follower ${count(megabytes)} MB in ${took.toFixed(1)} s, ${count(megabytes / took)} MB/s from its admission to its restored state; meanwhile ` +
      `${count(result / seconds)} puts/s (${count((100 * result) / seconds / alone)} %); ${delays}; ` +
      `on its side (${FOLLOWER_PRIORITY?.name ?? 'the same priority'}) ${(cpuMs / megabytes).toFixed(2)} ms of CPU per MB, ${theirs}`,
  )
  await member.replica.changeMembership([{ type: 'remove', id }])
  child.kill()
  await new Promise((resolve) => child.once('close', resolve))
  rmSync(join(directory, 'follower'), { recursive: true })
}

/** @param {{ directory: string, ports: { peer: number, client: number }, join: string, id: number }} given */
async function runFollower({ directory, ports, join: leader, id }) {
  const config = memberOptions(directory, ports, 'follower', [`--initial-cluster-state=existing`, `--join=${leader}`])
  const member = await Member.start({ ...config, memberId: asMemberId(id), clusterId: Number(process.env.BENCH_STORE_CLUSTER) })
  const { user, system } = process.cpuUsage()
  let sizeBytes = 0
  const { delays } = await watched(
    () =>
      new Promise((resolve) => {
        member.replica.on('restored', ({ meta }) => resolve((sizeBytes = meta.sizeBytes)))
      }),
  )
  const used = process.cpuUsage({ user, system })
  process.send?.({ sizeBytes, cpuMs: (used.user + used.system) / 1000, delays })
}

/** Where the data lives, and whether it is there already. @param {string | undefined} kept */
async function place(kept) {
  if (kept === undefined)
    return { directory: mkdtempSync(join(root, '.bench-')), ports: await pickPorts(), isLoaded: false, loaded: () => undefined }
  mkdirSync(kept, { recursive: true })
  const note = join(kept, 'bench.json')
  // The address of a founding member is part of its cluster's identity.
  const found = existsSync(note) ? JSON.parse(readFileSync(note, 'utf8')) : null
  if (found !== null && found.keys !== KEYS) throw new Error(`${kept} was loaded with ${found.keys} keys`)
  const ports = found?.ports ?? (await pickPorts())
  return { directory: kept, ports, isLoaded: found !== null, loaded: () => writeFileSync(note, JSON.stringify({ keys: KEYS, ports })) }
}

async function main() {
  const { directory, ports, isLoaded, loaded } = await place(flags.directory)
  const options = memberOptions(directory, ports, 'leader', [`--initial-cluster=leader=${HOST}:${ports.peer}`])
  process.env.BENCH_STORE_CLUSTER = String(options.clusterId)
  console.log(`store: one member with ${count(KEYS)} keys`)
  try {
    let member = await Member.start(options)
    await member.whenReady()
    if (!isLoaded) await load(member)
    loaded()
    await read(member, directory)
    const { rate, cpuUs, delays } = await write(member, SECONDS)
    console.log(
      `  writes   ${count(rate)} applied puts/s for ${SECONDS} s to random keys, ${cpuUs.toFixed(1)} us of CPU each in all threads; ${delays}; ${memory()}`,
    )
    await member.close()
    console.log(`  on disk  ${count(sizeOf(directory) / MIB)} MiB with the log`)
    member = await restart(options)
    await follow(member, directory, ports, rate)
    await member.close()
  } finally {
    if (flags.directory === undefined) rmSync(directory, { recursive: true, force: true })
  }
}

const follower = process.env.BENCH_STORE_FOLLOWER
await (follower === undefined ? main() : runFollower(JSON.parse(follower)))
