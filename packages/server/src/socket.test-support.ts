import { connect, createServer, type Socket } from 'node:net'
import { type ClientRequest, decodeResponse, MAX_CLIENT_FRAME_BYTES, type ServerResponse, writeRequest } from '@balsa/kv'
import { crc32 } from '@balsa/host'
import { ByteWriter, CLIENT_MAGIC, FrameDecoder } from '@balsa/raft'

/** A connection under the control of a test: what it sends is not checked, what comes back is kept. */
export class RawClient {
  readonly socket: Socket
  /** Resolves when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>
  #received: Buffer[] = []
  #isClosed = false
  #watchers: (() => void)[] = []
  readonly #decoder = new FrameDecoder({ crc32, maxBodyBytes: MAX_CLIENT_FRAME_BYTES, magic: CLIENT_MAGIC })
  readonly responses: ServerResponse[] = []
  /** Pieces in which bytes arrived. */
  pieces = 0

  private constructor(socket: Socket, decode: boolean) {
    this.socket = socket
    socket.on('error', () => undefined)
    // The other side has ended: this one may still send, and then does not want to.
    socket.on('end', () => socket.end())
    socket.on('data', (data: Buffer) => {
      this.pieces++
      this.#received.push(data)
      if (decode) {
        this.#decoder.push(data)
        for (let body = this.#decoder.next(); body !== null; body = this.#decoder.next()) this.responses.push(decodeResponse(body.slice()))
      }
      this.#changed()
    })
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true
        resolve()
        this.#changed()
      })
    })
  }

  static async connect(address: string, options: { readonly decode?: boolean; readonly reads?: boolean } = {}): Promise<RawClient> {
    const [host = '', port = ''] = address.split(':')
    const socket = connect({ host, port: Number(port), allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    const client = new RawClient(socket, options.decode ?? false)
    if (options.reads === false) socket.pause()
    return client
  }

  /** After the handshake of the Balsa protocol. */
  static async balsa(address: string): Promise<RawClient> {
    const client = await RawClient.connect(address, { decode: true })
    client.send(CLIENT_MAGIC, frames({ type: 'hello', protocol: { min: 1, max: 1 } }))
    await client.until(() => client.responses.length === 1)
    return client
  }

  get text(): string {
    return Buffer.concat(this.#received).toString('latin1')
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  send(...pieces: readonly (Uint8Array | string)[]): void {
    for (const piece of pieces) this.socket.write(piece)
  }

  /** Waits for something that arriving bytes or the end of the connection can make true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#isClosed)
        throw new Error(`the connection ended; received: ${JSON.stringify(this.text.slice(0, 500))} ${JSON.stringify(this.responses)}`)
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  destroy(): void {
    this.socket.destroy()
  }

  #changed(): void {
    const watchers = this.#watchers
    this.#watchers = []
    for (const resolve of watchers) resolve()
  }
}

export function frames(...requests: readonly ClientRequest[]): Uint8Array {
  const writer = new ByteWriter()
  for (const request of requests) writeRequest(writer, request, crc32)
  return writer.take()
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => {
    const address = server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  return ports
}
