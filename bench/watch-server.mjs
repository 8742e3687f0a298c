// @ts-check
/**
 * Watches through a real member: 100 connections with 100 watches each in a process of its own, over Balsa's protocol and over etcd's gRPC; 1,000 puts a second, each seen by one watcher and then by ten.
 * From the moment a put was due (not from when it was sent) until its watcher has the event; CPU per event of the member, beyond what the puts cost while nobody watches, and of the watchers.
 * BENCH_SECONDS, BENCH_MEMBERS (default 1).
 */
import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '../packages/balsa/dist/index.js'
import { LocalCluster, until } from '../scripts/local-cluster.mjs'

const CONNECTIONS = 100
const WATCHES = 100
const PUTS_PER_SECOND = 1000
const TICKS_PER_SECOND = 100
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5)
/** The same clock in all processes of a machine. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6
const keyOf = (/** @type {number} */ at) => `watched/${String(at).padStart(5, '0')}`

/** @typedef {'balsa' | 'etcd'} Protocol */
/** @param {readonly string[]} endpoints @param {Protocol} protocol */
const open = (endpoints, protocol) => connect({ endpoints, deadlineMs: 60_000, ...(protocol === 'etcd' ? { protocol } : {}) })

/** The other process: watches, and says what it has seen when it is asked. */
async function watchers() {
  const endpoints = (process.env.BENCH_ENDPOINTS ?? '').split(',')
  const perKey = Number(process.env.BENCH_PER_KEY)
  const protocol = process.env.BENCH_WATCHERS === 'etcd' ? 'etcd' : 'balsa'
  /** @type {number[]} */
  let latencies = []
  let begun = 0
  const follow = async (/** @type {Awaited<ReturnType<typeof open>>} */ store, /** @type {string} */ key) => {
    for await (const event of store.watch(key)) {
      if (event.type !== 'put') continue
      const dueMs = Number(event.entry.text())
      if (dueMs === 0) begun += 1
      else latencies.push(nowMs() - dueMs)
    }
  }
  for (let at = 0; at < CONNECTIONS; at++) {
    const store = await open(endpoints, protocol)
    for (let watch = 0; watch < WATCHES; watch++) void follow(store, keyOf(Math.floor((at * WATCHES + watch) / perKey)))
  }
  let before = process.cpuUsage()
  process.on('message', (asked) => {
    if (asked === 'begin') {
      latencies = []
      before = process.cpuUsage()
    }
    const { user, system } = process.cpuUsage(before)
    process.send?.({ begun, latencies: asked === 'end' ? latencies : [], seen: latencies.length, cpuMs: (user + system) / 1000 })
  })
  process.send?.('open')
}

/** User and system time of a process, in ms. @param {number} pid */
function cpuMsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** @param {import('node:child_process').ChildProcess} child @param {string} [message] @returns {Promise<any>} */
function ask(child, message) {
  const answer = new Promise((resolve) => child.once('message', resolve))
  if (message !== undefined) child.send(message)
  return answer
}

/** Each put when it is due, also when the ones before it are not answered yet. @param {Awaited<ReturnType<typeof open>>} store @param {number} keys */
async function puts(store, keys) {
  const startMs = nowMs()
  const calls = []
  const perTick = PUTS_PER_SECOND / TICKS_PER_SECOND
  for (let tick = 0; tick < SECONDS * TICKS_PER_SECOND; tick++) {
    const dueMs = startMs + (tick * 1000) / TICKS_PER_SECOND
    while (nowMs() < dueMs) await new Promise((resolve) => setTimeout(resolve, 1))
    for (let at = 0; at < perTick; at++) calls.push(store.put(keyOf(((tick * perTick + at) * 7919) % keys), String(dueMs)))
  }
  await Promise.all(calls)
}

/** @param {Protocol} protocol @param {number} perKey */
async function measure(protocol, perKey) {
  const directory = mkdtempSync(join(tmpdir(), 'balsa-watch-bench-'))
  const cluster = await LocalCluster.start({ directory, size: Number(process.env.BENCH_MEMBERS ?? 1) })
  const pids = cluster.members.map(({ child }) => child?.pid ?? 0)
  const cpuMs = () => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0)
  const keys = (CONNECTIONS * WATCHES) / perKey
  const store = await open(cluster.endpoints, 'balsa')
  await puts(store, keys)
  const baseStart = cpuMs()
  await puts(store, keys)
  const baseMs = cpuMs() - baseStart
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, BENCH_WATCHERS: protocol, BENCH_PER_KEY: String(perKey), BENCH_ENDPOINTS: cluster.endpoints.join(',') },
  })
  try {
    await ask(child)
    // A watch begins at some moment: until all of them have seen something.
    for (let at = 0; at < keys; at += 500) await Promise.all(Array.from({ length: 500 }, (_, step) => store.put(keyOf(at + step), '0')))
    await until(
      async () => {
        const { begun } = await ask(child, 'how far')
        return begun >= CONNECTIONS * WATCHES
      },
      { what: 'all watches to begin', intervalMs: 200, timeoutMs: 120_000 },
    )
    await puts(store, keys)
    await ask(child, 'begin')
    const startMs = cpuMs()
    await puts(store, keys)
    const expected = SECONDS * PUTS_PER_SECOND * perKey
    await until(async () => (await ask(child, 'how far')).seen >= expected, { what: 'all events' })
    const memberMs = cpuMs() - startMs
    const { latencies, cpuMs: watcherMs } = await ask(child, 'end')
    latencies.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b)
    const at = (/** @type {number} */ share) =>
      (latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0).toFixed(1)
    const micros = (/** @type {number} */ ms) => ((ms * 1000) / expected).toFixed(1)
    console.log(
      `${protocol.padEnd(6)} ${expected / SECONDS} events/s: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms; CPU per event: member ${micros(memberMs - baseMs)} us ` +
        `(puts alone ${((baseMs * 1000) / (SECONDS * PUTS_PER_SECOND)).toFixed(0)} us each), watchers ${micros(watcherMs)} us`,
    )
  } finally {
    child.kill('SIGKILL')
    await store.close()
    await cluster.destroy()
  }
}

if (process.env.BENCH_WATCHERS !== undefined) await watchers()
else {
  console.log(`${CONNECTIONS} connections x ${WATCHES} watches, ${PUTS_PER_SECOND} puts/s for ${SECONDS} s`)
  for (const perKey of [1, 10]) for (const protocol of /** @type {const} */ (['balsa', 'etcd'])) await measure(protocol, perKey)
}
