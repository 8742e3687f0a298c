/// <reference types="node" />
import { connect, createServer, type Server, type Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import {
  asMemberId,
  type Clock,
  decodePeerHandshake,
  encodeFrame,
  encodeHello,
  encodeWelcome,
  FrameDecoder,
  type Lane,
  type Member,
  type MemberId,
  PEER_MAGIC,
  type PeerHello,
  SeededRandom,
  type Timer,
  type TransportHandlers,
} from '@balsa/raft'
import { parseAddress } from './address.js'
import type { TcpTransportLimits, TransportEvent } from './peer-context.js'
import { TcpTransport, type TcpTransportOptions } from './tcp-transport.js'

/** Real time, and a count of what it still has to do. */
export class CountingClock implements Clock {
  readonly #pending = new Set<object>()

  get pending(): number {
    return this.#pending.size
  }

  now(): number {
    return performance.now()
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const key = {}
    this.#pending.add(key)
    const handle = setTimeout(() => {
      this.#pending.delete(key)
      callback()
    }, delayMs)
    return {
      cancel: () => {
        this.#pending.delete(key)
        clearTimeout(handle)
      },
    }
  }

  defer(callback: () => void): void {
    const key = {}
    this.#pending.add(key)
    setImmediate(() => {
      this.#pending.delete(key)
      callback()
    })
  }
}

/** Resolves when the condition holds. The limit only ends a broken test; nothing depends on its length. */
export async function until(condition: () => boolean, what: string, limitMs = 20_000): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

export const CLUSTER = 77
export const one = asMemberId(1)
export const two = asMemberId(2)
export const three = asMemberId(3)

export const member = (id: MemberId, address: string): Member => ({ id, address, clientAddress: '', name: '' })

export interface Node {
  readonly transport: TcpTransport
  readonly address: string
  readonly clock: CountingClock
  readonly received: { readonly from: MemberId; readonly message: Uint8Array }[]
  readonly events: TransportEvent[]
  readonly states: string[]
}

export async function startNode(
  id: MemberId,
  limits: Partial<TcpTransportLimits> = {},
  options: Partial<Omit<TcpTransportOptions, 'limits'>> = {},
  handlers: TransportHandlers | null = null,
): Promise<Node> {
  const clock = new CountingClock()
  const received: Node['received'] = []
  const events: TransportEvent[] = []
  const states: string[] = []
  const transport = new TcpTransport({
    identity: { clusterId: CLUSTER, memberId: id },
    clock,
    random: new SeededRandom(id),
    crc32,
    limits,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const collect: TransportHandlers = {
    onMessage: (from, message) => received.push({ from, message }),
    onPeerState: (peer, up) => states.push(`${peer} ${up ? 'up' : 'down'}`),
  }
  await transport.start(handlers ?? collect)
  return { transport, address: transport.address ?? '', clock, received, events, states }
}

export const goodHello: PeerHello = {
  clusterId: CLUSTER,
  memberId: two,
  expectedPeer: one,
  lane: 'append',
  protocol: { min: 1, max: 1 },
  clientAddress: '127.0.0.1:9',
  incarnation: 22,
  peerAddress: '',
}

export const helloBytes = (hello: PeerHello): Uint8Array => Buffer.concat([PEER_MAGIC, encodeFrame(encodeHello(hello), crc32)])

/** A connection whose every byte the test decides. */
export class RawClient {
  readonly socket: Socket
  readonly chunks: Uint8Array[] = []
  closed = false

  constructor(address: string) {
    this.socket = connect(parseAddress(address))
    this.socket.on('data', (chunk: Uint8Array) => this.chunks.push(chunk))
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => (this.closed = true))
  }

  write(...parts: (Uint8Array | string)[]): this {
    for (const part of parts) this.socket.write(part)
    return this
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.chunks)
  }

  /** Bodies of the frames that came back behind the magic. */
  get frames(): Uint8Array[] {
    const decoder = new FrameDecoder({ crc32, maxBodyBytes: 1 << 20, magic: PEER_MAGIC })
    const bodies: Uint8Array[] = []
    decoder.push(this.bytes)
    for (let body = decoder.next(); body !== null; body = decoder.next()) bodies.push(body)
    return bodies
  }
}

const listenAnywhere = (server: Server): Promise<string> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? `127.0.0.1:${bound.port}` : '')
    }),
  )

/** TCP sockets and servers that this process has open. */
export const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length

export const goodWelcome: Uint8Array = Buffer.concat([
  PEER_MAGIC,
  encodeFrame(encodeWelcome({ clusterId: CLUSTER, memberId: two, protocol: 1, incarnation: 22 }), crc32),
])

/** Everything that one test opens, to be closed behind it. */
export class TestBench {
  readonly sockets: Socket[] = []
  readonly #nodes: Node[] = []
  readonly #servers: Server[] = []

  async start(...parameters: Parameters<typeof startNode>): Promise<Node> {
    const node = await startNode(...parameters)
    this.#nodes.push(node)
    return node
  }

  /** A server whose sockets the test holds in its hands. */
  listen(onSocket: (socket: Socket) => void = () => undefined): Promise<string> {
    const server = createServer((socket) => {
      this.sockets.push(socket)
      socket.on('error', () => undefined)
      onSocket(socket)
    })
    this.#servers.push(server)
    return listenAnywhere(server)
  }

  /** A peer that answers every hello with these bytes and then does nothing: its sockets by lane, and how often it was dialled. */
  async handmadePeer(answer: Uint8Array = goodWelcome) {
    const accepted = new Map<Lane, Socket>()
    let dials = 0
    const address = await this.listen((socket) => {
      dials += 1
      const decoder = new FrameDecoder({ crc32, maxBodyBytes: 1024, magic: PEER_MAGIC })
      const onData = (data: Uint8Array) => {
        decoder.push(data)
        const body = decoder.next()
        if (body === null) return
        socket.removeListener('data', onData)
        const frame = decodePeerHandshake(body)
        socket.write(answer)
        if (frame.type === 'hello') accepted.set(frame.hello.lane, socket)
      }
      socket.on('data', onData)
    })
    return { address, accepted, dials: () => dials }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#nodes.splice(0).map(({ transport }) => transport.close()))
    for (const socket of this.sockets.splice(0)) socket.destroy()
    await Promise.all(this.#servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
  }
}
