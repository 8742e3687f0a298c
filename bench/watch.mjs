// @ts-check
/**
 * Watches on the applied state of one member, without a network: what a put costs with and without watchers, what an event costs whoever gets it, and how
 * long 10,000 watchers take to go through a history together. Memory backend; values of 64 bytes; commands applied one by one, as an idle member does.
 */
import { encodeCommand, KvStateMachine } from '@balsa/kv'
import { asIndex, asTerm } from '@balsa/raft'

const WATCHERS = 10_000
const VALUE = new Uint8Array(64)
const text = new TextEncoder()
const PLAIN = { startRevision: 0, previous: false, noPut: false, noDelete: false }
const single = (/** @type {string} */ key) => ({ key: text.encode(key), rangeEnd: new Uint8Array(0) })
const prefix = (/** @type {string} */ key) => ({
  key: text.encode(key),
  rangeEnd: text.encode(key.slice(0, -1) + String.fromCharCode(key.charCodeAt(key.length - 1) + 1)),
})
const pad = (/** @type {number} */ at) => String(at).padStart(5, '0')

class Member {
  /** @type {(() => void)[]} */
  turns = []
  machine = new KvStateMachine({
    clock: {
      now: () => performance.now(),
      setTimer: () => ({ cancel: () => undefined }),
      defer: (callback) => void this.turns.push(callback),
    },
  })
  index = 0
  delivered = 0
  /** Each watcher pulls in a turn of its own, as it would to write into a socket. */
  pullsLater = false

  /** @param {string} key */
  put(key) {
    const command = encodeCommand({ type: 'put', stamp: null, key: text.encode(key), value: VALUE })
    this.machine.applyAtOnce([{ index: asIndex(++this.index), term: asTerm(1), timeMs: this.index, command }])
  }

  /** @param {{ readonly key: Uint8Array; readonly rangeEnd: Uint8Array }} range */
  watch(range, startRevision = 0) {
    const watcher = this.machine.watches.open({ ...PLAIN, ...range, startRevision }, () =>
      this.pullsLater ? void this.turns.push(pull) : pull(),
    )
    const pull = () => {
      for (let delivery = watcher.pull(1 << 20); delivery !== null; delivery = watcher.pull(1 << 20)) {
        if (delivery.type === 'compacted') throw new Error('the history was compacted')
        this.delivered += delivery.events.length
      }
    }
    pull()
  }
}

/** Microseconds per put, in the median of slices, and events delivered per put. @param {Member} member @param {(at: number) => string} keyOf @param {number} puts */
function costOfPut(member, keyOf, puts) {
  const slices = []
  const before = member.delivered
  const step = Math.ceil(puts / 20)
  for (let at = 0; at < puts; at += step) {
    const start = performance.now()
    for (let each = at; each < at + step; each++) member.put(keyOf(each))
    slices.push(((performance.now() - start) * 1000) / step)
  }
  slices.sort((a, b) => a - b)
  return { micros: slices[slices.length >> 1] ?? 0, events: (member.delivered - before) / (step * 20) }
}

/** @param {string} name @param {(member: Member) => void} open @param {number} puts */
function measure(name, open, puts, base = 0) {
  const member = new Member()
  const keyOf = (/** @type {number} */ at) => `key/${pad((at * 7919) % WATCHERS)}`
  for (let at = 0; at < 20_000; at++) member.put(keyOf(at))
  open(member)
  const { micros, events } = costOfPut(member, keyOf, puts)
  const share = events > 0 ? `, ${((micros - base) / events).toFixed(3)} us per event delivered` : ''
  console.log(`${name.padEnd(52)} ${micros.toFixed(2).padStart(9)} us per put, ${events.toFixed(1).padStart(7)} events${share}`)
  return micros
}

const base = measure('nobody watches', () => undefined, 40_000)
measure('10,000 watch other keys', (member) => all((at) => member.watch(single(`other/${pad(at)}`))), 40_000, base)
measure('10,000 watch other prefixes', (member) => all((at) => member.watch(prefix(`other/${pad(at)}/`))), 40_000, base)
measure('10,000 watch a key each', (member) => all((at) => member.watch(single(`key/${pad(at)}`))), 40_000, base)
measure('10,000 watch 1,000 prefixes', (member) => all((at) => member.watch(prefix(`key/${pad(at).slice(0, 4)}`))), 40_000, base)
measure('10,000 watch everything', (member) => all(() => member.watch(prefix('key/'))), 200, base)

/** @param {(at: number) => void} run */
function all(run) {
  for (let at = 0; at < WATCHERS; at++) run(at)
}

/** 1,000 events each second, each for ten watchers: how long after the beginning of its apply an event was pulled by the last of them. */
async function paced() {
  const member = new Member()
  all((at) => member.watch(prefix(`key/${pad(at).slice(0, 4)}`)))
  /** @type {number[]} */
  const latencies = []
  const seconds = Number(process.env.BENCH_SECONDS ?? 5)
  const start = performance.now()
  for (let at = 0; at < seconds * 1000; at++) {
    const dueMs = start + at
    while (performance.now() < dueMs) await new Promise((resolve) => setImmediate(resolve))
    member.put(`key/${pad((at * 7919) % WATCHERS)}`)
    latencies.push(performance.now() - dueMs)
  }
  latencies.sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2)
  console.log(
    `1,000 puts/s for ${seconds} s, ${member.delivered / seconds} events/s delivered: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(0.9999)} ms`,
  )
}
await paced()

/** Everybody comes back at once, and has missed everything. */
function catchUp() {
  const member = new Member()
  member.pullsLater = true
  for (let at = 0; at < 100_000; at++) member.put(`key/${pad((at * 7919) % WATCHERS)}`)
  const start = performance.now()
  all((at) => member.watch(single(`key/${pad(at)}`), 2))
  let longest = 0
  for (let turn = member.turns.shift(); turn !== undefined; turn = member.turns.shift()) {
    const turnStart = performance.now()
    turn()
    longest = Math.max(longest, performance.now() - turnStart)
  }
  const elapsed = performance.now() - start
  console.log(
    `10,000 watchers through 100,000 events: ${elapsed.toFixed(0)} ms, ${member.delivered} delivered, longest turn ${longest.toFixed(2)} ms`,
  )
}
catchUp()
