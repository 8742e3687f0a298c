import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'

/** Files of src/testdata/tls, also from the built tests. */
export const pemFile = (name: string): string => fileURLToPath(new URL(`../src/testdata/tls/${name}`, import.meta.url))
export const pem = (name: string): string => readFileSync(pemFile(name), 'utf8')

/** A port with TLS, for clients of our authority alone, before a member, as etcd has one with `--client-cert-auth`. */
export class TlsFront {
  readonly endpoint: string
  readonly #sockets: Set<Socket>
  readonly #stop: () => Promise<void>

  private constructor(endpoint: string, sockets: Set<Socket>, stop: () => Promise<void>) {
    this.endpoint = endpoint
    this.#sockets = sockets
    this.#stop = stop
  }

  static async start(behind: string): Promise<TlsFront> {
    const [host, port] = behind.split(':')
    const sockets = new Set<Socket>()
    const options = { cert: pem('server.pem'), key: pem('server.key'), ca: pem('ca.pem'), requestCert: true, ALPNProtocols: ['h2'] }
    const server = createServer(options, (front) => {
      const back = connect({ host: host ?? '', port: Number(port) })
      for (const [from, to] of [
        [front, back],
        [back, front],
      ] as const) {
        sockets.add(from)
        from.pipe(to)
        from.on('error', () => to.destroy())
        from.once('close', () => sockets.delete(from))
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port: own } = server.address() as AddressInfo
    return new TlsFront(`https://localhost:${own}`, sockets, () => new Promise((resolve) => server.close(() => resolve())))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await this.#stop()
  }
}
