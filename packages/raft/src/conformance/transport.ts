import type { Lane, Transport, TransportHandlers } from '../ports/transport.js'
import { asMemberId, type Member, type MemberId } from '../types.js'
import { type ConformanceCase, demand } from './case.js'

/** What the suite needs from the implementation under test. The network must be calm: it loses nothing without reason. */
export interface TransportFixture {
  /** A started transport of this member and the address at which others reach it. A member may come again after its close, at another address. */
  start(id: MemberId, handlers: TransportHandlers): Promise<{ readonly transport: Transport; readonly address: string }>
  /** An address at which nobody answers. */
  readonly deadAddress: string
  /** Bytes that one lane to one peer may queue. At least 64 KiB and at most 4 MiB, so that the suite can fill it. */
  readonly maxQueuedBytes: number
  /** Lets time pass until the condition holds. Rejects, naming `what`, when it does not within reasonable time. */
  until(condition: () => boolean, what: string): Promise<void>
  /** Timers, sockets and the like that this fixture's transports have open now. */
  leftRunning(): number
  /** Releases everything, also after a failed case. */
  dispose(): Promise<void>
}

interface Inbox {
  readonly messages: { readonly from: MemberId; readonly bytes: Uint8Array }[]
  readonly handlers: TransportHandlers
}

const one = asMemberId(1)
const two = asMemberId(2)
const three = asMemberId(3)

const member = (id: MemberId, address: string): Member => ({ id, address, clientAddress: '', name: '' })

function inbox(): Inbox {
  const messages: { from: MemberId; bytes: Uint8Array }[] = []
  return { messages, handlers: { onMessage: (from, bytes) => messages.push({ from, bytes }) } }
}

/** Message number `number` of `length` bytes, each byte of which depends on the number. */
function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = (number * 31 + at * 7) & 0xff
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, number, true)
  return bytes
}

const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true)

function demandEqual(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  demand(actual !== undefined && actual.length === expected.length, `${what}: ${actual?.length} bytes instead of ${expected.length}`)
  const different = actual.findIndex((byte, at) => byte !== expected[at])
  demand(different < 0, `${what}: byte ${different} differs`)
}

/** Members 1 and 2, who know each other. */
async function pair(fixture: TransportFixture) {
  const first = inbox()
  const second = inbox()
  const a = await fixture.start(one, first.handlers)
  const b = await fixture.start(two, second.handlers)
  const members = [member(one, a.address), member(two, b.address)]
  a.transport.setPeers(members)
  b.transport.setPeers(members)
  return { first, second, a: a.transport, b: b.transport, members }
}

async function deliversInOrder(fixture: TransportFixture): Promise<void> {
  const { a, b, first, second } = await pair(fixture)
  const count = 1000
  for (let number = 0; number < count; number++) a.send(two, 'append', numbered(number, 4 + (number % 50)))
  b.send(one, 'append', numbered(7, 9))
  await fixture.until(() => second.messages.length >= count && first.messages.length >= 1, `${count} messages to arrive`)
  demand(second.messages.length === count, `${second.messages.length} messages instead of ${count}`)
  for (const [number, { from, bytes }] of second.messages.entries()) {
    demand(from === one, `message ${number} is said to come from ${from}`)
    demandEqual(bytes, numbered(number, 4 + (number % 50)), `message ${number}`)
  }
  demandEqual(first.messages[0]?.bytes, numbered(7, 9), 'the message the other way')
}

async function deliversEverySize(fixture: TransportFixture): Promise<void> {
  const { a, second } = await pair(fixture)
  const sizes = [0, 1, 7, 8, 9, 4095, 4096, 4097, 16_383, 16_384, fixture.maxQueuedBytes >> 2]
  for (const [number, size] of sizes.entries()) {
    a.send(two, 'snapshot', numbered(number, size))
    await fixture.until(() => second.messages.length > number, `a message of ${size} bytes`)
    demandEqual(second.messages[number]?.bytes, numbered(number, size), `message of ${size} bytes`)
  }
}

async function usesEveryLane(fixture: TransportFixture): Promise<void> {
  const { a, second } = await pair(fixture)
  const lanes: readonly Lane[] = ['control', 'append', 'snapshot']
  for (const [number, lane] of lanes.entries()) for (let part = 0; part < 100; part++) a.send(two, lane, numbered(number * 100 + part, 50))
  await fixture.until(() => second.messages.length === 300, 'all messages of all lanes')
  for (const start of [0, 100, 200]) {
    const ofLane = second.messages.map(({ bytes }) => numberOf(bytes)).filter((number) => number >= start && number < start + 100)
    demand(
      ofLane.every((number, at) => number === start + at),
      `a lane lost its order: ${ofLane.join()}`,
    )
  }
}

async function ownsItsBytes(fixture: TransportFixture): Promise<void> {
  const { a, second } = await pair(fixture)
  const kept = numbered(5, 100)
  a.send(two, 'append', kept)
  await fixture.until(() => second.messages.length === 1, 'the message')
  second.messages[0]?.bytes.fill(0)
  demandEqual(kept, numbered(5, 100), 'the bytes of the sender after the receiver changed its own')
}

async function dropsUnknownPeers(fixture: TransportFixture): Promise<void> {
  const { a, second } = await pair(fixture)
  a.send(three, 'control', numbered(1, 10))
  a.send(one, 'control', numbered(2, 10))
  a.send(two, 'control', numbered(3, 10))
  await fixture.until(() => second.messages.length > 0, 'the message to the known peer')
  demand(second.messages.length === 1, 'a message to an unknown peer went to another one')
}

async function toleratesDeadPeers(fixture: TransportFixture): Promise<void> {
  const { a, members, second } = await pair(fixture)
  a.setPeers([...members, member(three, fixture.deadAddress)])
  for (let number = 0; number < 100; number++)
    for (const lane of ['control', 'append', 'snapshot'] as const) a.send(three, lane, numbered(number, 100))
  a.send(two, 'append', numbered(1, 10))
  await fixture.until(() => second.messages.length === 1, 'a message beside a dead peer')
  await a.close()
}

async function ignoresBadAddresses(fixture: TransportFixture): Promise<void> {
  const { a, members, second } = await pair(fixture)
  for (const address of ['', 'nowhere', ':', '127.0.0.1:99999', '[::1', 'a b:1']) {
    a.setPeers([...members, member(three, address)])
    a.send(three, 'control', numbered(0, 10))
  }
  a.send(two, 'append', numbered(1, 10))
  await fixture.until(() => second.messages.length === 1, 'a message beside a peer without a usable address')
}

async function followsAddresses(fixture: TransportFixture): Promise<void> {
  const { a, b, members, second } = await pair(fixture)
  a.send(two, 'append', numbered(1, 10))
  await fixture.until(() => second.messages.length === 1, 'a message at the first address')
  await b.close()
  const moved = inbox()
  const again = await fixture.start(two, moved.handlers)
  const newMembers = [...members.filter(({ id }) => id !== two), member(two, again.address)]
  again.transport.setPeers(newMembers)
  a.setPeers(newMembers)
  let number = 2
  await fixture.until(() => {
    // The contract allows loss around a change of address: what matters is that the way is found.
    if (moved.messages.length === 0) a.send(two, 'append', numbered(number++, 10))
    return moved.messages.length > 0
  }, 'a message at the new address')
  demand(second.messages.length === 1, 'the closed member got a message')
  a.setPeers(newMembers.filter(({ id }) => id !== two))
  const before = moved.messages.length
  a.send(two, 'append', numbered(1_000_000, 10))
  a.setPeers(newMembers)
  await fixture.until(() => {
    a.send(two, 'append', numbered(2_000_000, 10))
    return moved.messages.slice(before).some(({ bytes }) => numberOf(bytes) === 2_000_000)
  }, 'a message after the member was added again')
  demand(!moved.messages.some(({ bytes }) => numberOf(bytes) === 1_000_000), 'a message to a removed member arrived')
}

/** More than the queue holds, sent before anything can leave it: the bulk lanes keep the oldest, control keeps the newest. */
async function boundsQueues(fixture: TransportFixture): Promise<void> {
  for (const lane of ['append', 'snapshot', 'control'] as const) {
    const { a, b, second } = await pair(fixture)
    const length = 8192
    const count = Math.ceil(fixture.maxQueuedBytes / length) * 3
    for (let number = 0; number < count; number++) a.send(two, lane, numbered(number, length))
    const wanted = lane === 'control' ? count - 1 : 0
    await fixture.until(() => second.messages.some(({ bytes }) => numberOf(bytes) === wanted), `message ${wanted} of a full ${lane} lane`)
    a.send(two, lane, numbered(count, length))
    await fixture.until(() => second.messages.some(({ bytes }) => numberOf(bytes) === count), `a message after the ${lane} lane was full`)
    const bytes = (second.messages.length - 1) * length
    demand(bytes <= fixture.maxQueuedBytes, `the ${lane} lane queued ${bytes} bytes, allowed are ${fixture.maxQueuedBytes}`)
    await Promise.all([a.close(), b.close()])
  }
}

async function keepsControlApart(fixture: TransportFixture): Promise<void> {
  const { a, second } = await pair(fixture)
  for (let number = 0; number * 8192 < fixture.maxQueuedBytes * 2; number++) a.send(two, 'append', numbered(number, 8192))
  a.send(two, 'control', numbered(1_000_000, 10))
  await fixture.until(() => second.messages.some(({ bytes }) => numberOf(bytes) === 1_000_000), 'a heart-beat beside a full append lane')
}

async function leavesNothing(fixture: TransportFixture): Promise<void> {
  const { a, b, first, second, members } = await pair(fixture)
  a.setPeers([...members, member(three, fixture.deadAddress)])
  a.send(two, 'append', numbered(1, 10))
  b.send(one, 'append', numbered(1, 10))
  await fixture.until(() => first.messages.length === 1 && second.messages.length === 1, 'messages both ways')
  a.send(two, 'append', numbered(2, 100_000))
  a.send(three, 'append', numbered(2, 100))
  await Promise.all([a.close(), b.close()])
  await Promise.all([a.close(), b.close()])
  a.send(two, 'append', numbered(3, 10))
  a.setPeers(members)
  const received = second.messages.length
  await fixture.until(() => fixture.leftRunning() === 0, 'everything to end after close')
  demand(second.messages.length === received, 'a message arrived after close')
}

const CASES: readonly (readonly [string, (fixture: TransportFixture) => Promise<void>])[] = [
  ['delivers whole messages in the order of their lane', deliversInOrder],
  ['delivers messages of every size, empty and big ones too', deliversEverySize],
  ['carries every lane, each in order', usesEveryLane],
  ['gives the receiver bytes of its own', ownsItsBytes],
  ['drops messages to unknown peers and to itself silently', dropsUnknownPeers],
  ['never throws for a peer that cannot be reached', toleratesDeadPeers],
  ['never throws for an address that makes no sense', ignoresBadAddresses],
  ['follows a member to its new address and forgets a removed one', followsAddresses],
  ['drops from a full queue instead of letting it grow', boundsQueues],
  ['delivers control messages beside a full append lane', keepsControlApart],
  ['leaves nothing running after close, and may be closed twice', leavesNothing],
]

/** What every Transport must do. Each case runs on a fixture of its own. */
export function transportConformance(createFixture: () => Promise<TransportFixture>): readonly ConformanceCase[] {
  return CASES.map(([name, check]) => ({
    name,
    run: async () => {
      const fixture = await createFixture()
      try {
        await check(fixture)
      } finally {
        await fixture.dispose()
      }
    },
  }))
}
