import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Member, parseConfig, type ServerConfig } from '@balsa/server'

export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))))
  const ports = servers.map((server) => {
    const address = server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  })
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  return ports
}

export const temporaryDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'balsa-test-'))

/** Three members in this process, as `balsad` would run them. */
export class LocalCluster {
  readonly members: Member[] = []
  readonly configs: ServerConfig[] = []
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async start(size = 3): Promise<LocalCluster> {
    const cluster = new LocalCluster(await temporaryDirectory())
    const ports = await freePorts(2 * size)
    const initial = Array.from({ length: size }, (_, at) => `n${at + 1}=127.0.0.1:${ports[at]}`).join(',')
    for (let at = 0; at < size; at++) {
      const name = `n${at + 1}`
      // Three members and their clients share one busy event loop: the usual times would hold elections for that.
      const flags = [
        '--heartbeat-interval=100',
        '--election-timeout=1000',
        `--name=${name}`,
        `--data-dir=${join(cluster.#directory, name)}`,
        `--initial-cluster=${initial}`,
      ]
      const config = parseConfig(
        [...flags, `--listen-peer-urls=127.0.0.1:${ports[at]}`, `--listen-client-urls=127.0.0.1:${ports[size + at]}`],
        {},
      )
      cluster.configs.push(config)
      cluster.members.push(await Member.start(config))
    }
    await Promise.all(cluster.members.map((member) => member.whenReady()))
    return cluster
  }

  get endpoints(): readonly string[] {
    return this.configs.map(({ advertiseClient }) => advertiseClient)
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()))
    await rm(this.#directory, { recursive: true, force: true })
  }
}
