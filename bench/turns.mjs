// @ts-check
/**
 * How long one turn of the event loop takes while something large goes on: CPU time of this thread between two looks at the loop, so that other programs on the machine do not count (Linux; elsewhere
 * time on the wall). A million keys or old revisions on both backends, driven as a member with little else to do drives them: a batch, then the loop's turn.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LmdbBackend, NodeClock, NodeFileSystem } from '@balsa/host'
import { encodeCommand, KvStateMachine, MAX_HISTORY_REVISIONS, MemoryBackend, PLAIN_RANGE } from '@balsa/kv'
import { asIndex, asTerm } from '@balsa/raft'

const COUNT = Number(process.argv[2] ?? 1_000_000)
const BATCH = 128
const VALUE = new Uint8Array(100)
const LEASE = 7n
/** As many as there may be, and as many answers. */
const SESSIONS = 10_000
const ANSWERS = 40
const text = new TextEncoder()
const keyOf = (/** @type {number} */ at) => text.encode(`key/${String(at).padStart(9, '0')}`)
const ALL = { key: text.encode('key/'), rangeEnd: text.encode('key0') }
const immediate = () => new Promise((resolve) => setImmediate(resolve))

/** Of this thread, in ms. */
function cpuMs() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6
  } catch {
    return performance.now()
  }
}

/** Looks at every turn until it is stopped. */
class Probe {
  /** @type {number[]} */
  turns = []
  #last = cpuMs()
  #running = true

  constructor() {
    const look = () => {
      if (!this.#running) return
      const nowMs = cpuMs()
      this.turns.push(nowMs - this.#last)
      this.#last = nowMs
      setImmediate(look)
    }
    setImmediate(look)
  }

  /** @param {string} what */
  async report(what) {
    await immediate()
    await immediate()
    this.#running = false
    const busy = this.turns.filter((ms) => ms > 0.05).sort((a, b) => a - b)
    const at = (/** @type {number} */ share) => (busy[Math.min(busy.length - 1, Math.floor(busy.length * share))] ?? 0).toFixed(1)
    const long = busy.filter((ms) => ms > 10).length
    console.log(
      `  ${what.padEnd(64)} ${String(busy.length).padStart(7)} turns, p50 ${at(0.5)} p99 ${at(0.99)} longest ${at(1)} ms, ${long} above 10 ms`,
    )
  }
}

class Store {
  index = 0
  timeMs = 1000
  machine

  /** @param {import('@balsa/kv').Backend} backend */
  constructor(backend) {
    this.machine = new KvStateMachine({ clock: new NodeClock(), backend })
  }

  /** @param {readonly import('@balsa/kv').Command[]} commands */
  async apply(commands) {
    const ready = this.machine.durable?.ready?.()
    if (ready) await ready
    const entries = commands.map((command) => ({
      index: asIndex(++this.index),
      term: asTerm(1),
      timeMs: this.timeMs,
      command: encodeCommand(command),
    }))
    const results = await this.machine.apply(entries)
    // As if the log had it.
    this.machine.durable?.logDurable?.(asIndex(this.index))
    await immediate()
    return results
  }

  async fill(lease = 0n) {
    for (let at = 0; at < COUNT; at += BATCH) {
      const success = Array.from({ length: BATCH }, (_, step) => ({
        type: /** @type {const} */ ('put'),
        key: keyOf(at + step),
        value: VALUE,
        lease,
        previous: false,
      }))
      await this.apply([{ type: 'txn', stamp: null, txn: { compares: [], success, failure: [] } }])
    }
  }

  /** As long as the machine says that there is work left, as the leader does. */
  async upkeep() {
    while (this.machine.advanceAtMs === 0) await this.apply([{ type: 'advance' }])
  }
}

/** Each with the answers of some puts. @param {Store} store */
async function openSessions(store) {
  const first = store.index
  for (let at = 0; at < SESSIONS; at += BATCH)
    await store.apply(
      Array.from({ length: Math.min(BATCH, SESSIONS - at) }, (_, step) => ({
        type: 'openSession',
        ttlMs: 60_000,
        clientNonce: Buffer.alloc(16, String(at + step)),
      })),
    )
  for (let sequence = 1; sequence <= ANSWERS; sequence++)
    for (let at = 0; at < SESSIONS; at += BATCH)
      await store.apply(
        Array.from({ length: Math.min(BATCH, SESSIONS - at) }, (_, step) => ({
          type: 'put',
          stamp: { session: first + 1 + at + step, sequence, firstUnanswered: 1 },
          key: keyOf(at + step),
          value: VALUE,
        })),
      )
}

/** @param {string} name @param {() => Promise<import('@balsa/kv').Backend>} open */
async function measure(name, open) {
  console.log(`${name}, ${COUNT} keys of 13 bytes, values of ${VALUE.length} bytes`)
  const store = new Store(await open())
  let probe = new Probe()
  await store.fill()
  await probe.report(`puts, in transactions of ${BATCH}`)

  probe = new Probe()
  const range = store.machine.scan({
    type: 'range',
    request: { ...PLAIN_RANGE, ...ALL, countOnly: true },
    maxBytes: Number.POSITIVE_INFINITY,
  })
  const sorted = store.machine.scan({
    type: 'range',
    request: { ...PLAIN_RANGE, ...ALL, sortTarget: 'modRevision', descending: true, limit: 10 },
    maxBytes: Number.POSITIVE_INFINITY,
  })
  let isOver = false
  void Promise.all([range, sorted]).then(() => (isOver = true))
  for (let at = 0; !isOver; at++) await store.apply([{ type: 'put', stamp: null, key: keyOf(at % COUNT), value: VALUE }])
  await probe.report('a count and a sorted range over all keys, and puts meanwhile')

  probe = new Probe()
  const all = { ...PLAIN_RANGE, ...ALL, sortTarget: /** @type {const} */ ('value') }
  const { result } = await store.machine.scan({ type: 'scan', request: all, maxBytes: Number.POSITIVE_INFINITY })
  await probe.report(`all of them sorted by their values (${result?.entries.length} in the answer)`)

  for (let at = 0; at < MAX_HISTORY_REVISIONS; at += BATCH)
    await store.apply(
      Array.from({ length: BATCH }, (_, step) => ({ type: 'put', stamp: null, key: keyOf((at + step) % COUNT), value: VALUE })),
    )
  probe = new Probe()
  await store.apply([{ type: 'compact', stamp: null, revision: store.machine.revision }])
  await store.upkeep()
  await probe.report(`compaction of ${MAX_HISTORY_REVISIONS} revisions, as many as are ever kept`)

  probe = new Probe()
  await store.apply([
    { type: 'txn', stamp: null, txn: { compares: [], success: [{ type: 'delete', ...ALL, previous: false }], failure: [] } },
  ])
  await probe.report('a range of all keys deleted by one command')
  probe = new Probe()
  await store.apply([{ type: 'compact', stamp: null, revision: store.machine.revision }])
  await store.upkeep()
  await probe.report('compaction of that')

  await store.apply([{ type: 'leaseGrant', stamp: null, lease: LEASE, ttlMs: 1000 }])
  await store.fill(LEASE)
  await store.upkeep()
  store.timeMs += 2000
  probe = new Probe()
  await store.apply([{ type: 'advance' }])
  await store.upkeep()
  await probe.report('the end of a lease with all keys')

  await openSessions(store)
  store.timeMs += 100_000
  probe = new Probe()
  await store.apply([{ type: 'advance' }])
  await probe.report(`the end of ${SESSIONS} sessions with ${ANSWERS} answers each`)
  console.log(`  left: ${store.machine.query({ type: 'stats' }).keys} keys`)
}

await measure('memory', async () => new MemoryBackend())
const directory = await mkdtemp(join(tmpdir(), 'balsa-turns-'))
const lmdb = await LmdbBackend.open({ fileSystem: new NodeFileSystem(), directory })
await measure('LMDB', async () => lmdb)
await lmdb.close()
await rm(directory, { recursive: true })
