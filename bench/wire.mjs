// @ts-check
/**
 * What members say to each other: the message codec alone, and the TCP transport between two processes over loopback, echoing messages of
 * 300 bytes with 1 and 64 in flight.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { crc32, NodeClock, NodeRandom, TcpTransport } from '@balsa/host'
import { asIndex, asMemberId, asTerm, decodeMessage, encodeMessage, EntryType } from '@balsa/raft'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)
const one = asMemberId(1)
const two = asMemberId(2)

/** @param {number} id */
async function startTransport(id, /** @type {import('@balsa/raft').TransportHandlers} */ handlers) {
  const identity = { clusterId: 1, memberId: asMemberId(id) }
  const transport = new TcpTransport({ identity, clock: new NodeClock(), random: new NodeRandom(), crc32 })
  await transport.start(handlers)
  return transport
}

/** @param {number} id @param {string} address */
const member = (id, address) => ({ id: asMemberId(id), address, clientAddress: '', name: '' })

/** The other process: sends everything back. */
async function echo() {
  const transport = await startTransport(2, { onMessage: (from, message) => transport.send(from, 'append', message) })
  process.on('message', (address) => transport.setPeers([member(1, String(address))]))
  process.on('disconnect', () => void transport.close())
  process.send?.(transport.address)
}

/** @param {number} count */
function append(count) {
  const entries = Array.from({ length: count }, (_, at) => ({
    term: asTerm(7),
    index: asIndex(1_000_001 + at),
    type: EntryType.command,
    timeMs: 123_456_789 + at,
    payload: new Uint8Array(256).fill(at),
  }))
  return {
    type: /** @type {const} */ ('appendEntries'),
    from: one,
    to: two,
    term: asTerm(7),
    prevLogIndex: asIndex(1_000_000),
    prevLogTerm: asTerm(7),
    leaderCommit: asIndex(999_990),
    round: 12_345,
    fresh: null,
    entries,
  }
}

/** Calls per second of the median of five slices, after one to warm up. @param {() => unknown} call */
function rate(call) {
  const slices = []
  for (let slice = 0; slice < 6; slice++) {
    const startMs = performance.now()
    let calls = 0
    let elapsedMs = 0
    do {
      for (let turn = 0; turn < 200; turn++) call()
      calls += 200
      elapsedMs = performance.now() - startMs
    } while (elapsedMs < (SECONDS * 1000) / 12)
    slices.push((calls * 1000) / elapsedMs)
  }
  return slices.slice(1).sort((a, b) => a - b)[2] ?? 0
}

/** @param {number} value */
const thousands = (value) => `${(value / 1000).toFixed(1)}k`.padStart(9)

function benchCodec() {
  const response = {
    type: /** @type {const} */ ('appendEntriesResponse'),
    from: two,
    to: one,
    term: asTerm(7),
    round: 12_345,
    stamp: 123_456_789,
    matchIndex: asIndex(1_000_001),
    rejected: null,
  }
  /** @type {[string, import('@balsa/raft').Message][]} */
  const messages = [
    ['AppendEntries, 1 x 256 B', append(1)],
    ['AppendEntries, 64 x 256 B', append(64)],
    ['AppendEntries, 1024 x 256 B', append(1024)],
    ['AppendEntries response', response],
  ]
  console.log('message codec                  encode/s   decode/s   bytes')
  for (const [name, message] of messages) {
    const bytes = encodeMessage(message)
    const encoded = rate(() => encodeMessage(message))
    const decoded = rate(() => decodeMessage(bytes))
    console.log(`${name.padEnd(28)} ${thousands(encoded)}  ${thousands(decoded)}   ${bytes.length}`)
  }
}

async function benchLoopback() {
  const child = fork(fileURLToPath(import.meta.url), ['echo'])
  const [address] = await once(child, 'message')
  const message = new Uint8Array(300).fill(7)
  let received = 0
  let outstanding = 0
  let running = false
  let finish = () => {}
  const transport = await startTransport(1, {
    onMessage: () => {
      received++
      if (running) return transport.send(two, 'append', message)
      if (--outstanding === 0) finish()
    },
  })
  transport.setPeers([member(2, String(address))])
  child.send(String(transport.address))
  // Dropped until both sides know each other.
  while (received === 0) {
    outstanding = 1
    transport.send(two, 'append', message)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  console.log('\nTCP transport, 300 B echo      round trips/s   messages per write')
  for (const inFlight of [1, 64]) {
    received = 0
    outstanding = inFlight
    running = true
    const before = transport.statistics
    const startMs = performance.now()
    const idle = /** @type {Promise<void>} */ (new Promise((resolve) => (finish = resolve)))
    for (let count = 0; count < inFlight; count++) transport.send(two, 'append', message)
    setTimeout(() => (running = false), SECONDS * 1000)
    await idle
    const perSecond = (received * 1000) / (performance.now() - startMs)
    const { sent, writes } = transport.statistics
    console.log(
      `${`${inFlight} in flight`.padEnd(28)} ${thousands(perSecond)}       ${((sent - before.sent) / (writes - before.writes)).toFixed(1)}`,
    )
  }
  child.disconnect()
  await transport.close()
}

if (process.argv[2] === 'echo') {
  await echo()
} else {
  benchCodec()
  await benchLoopback()
}
