import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from './config.js'
import { Member, type MemberOptions } from './member.js'
import { freePorts } from './socket.test-support.js'

/** Members in this process, with real files and sockets. */
export class MemberCluster {
  readonly members: Member[] = []
  readonly options: MemberOptions[] = []
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static async start(
    size: number,
    overrides: Partial<MemberOptions> | ((at: number) => Partial<MemberOptions>) = {},
  ): Promise<MemberCluster> {
    const cluster = new MemberCluster(await mkdtemp(join(tmpdir(), 'balsa-member-')))
    const ports = await freePorts(2 * size)
    const names = Array.from({ length: size }, (_, at) => `n${at + 1}`)
    const initial = names.map((name, at) => `${name}=127.0.0.1:${ports[at]}`).join(',')
    names.forEach((name, at) => {
      const flags = [`--name=${name}`, `--data-dir=${join(cluster.directory, name)}`, `--initial-cluster=${initial}`]
      const listen = [`--listen-peer-urls=127.0.0.1:${ports[at]}`, `--listen-client-urls=127.0.0.1:${ports[size + at]}`]
      const own = typeof overrides === 'function' ? overrides(at) : overrides
      cluster.options.push({ ...parseConfig([...flags, ...listen], {}), ...own })
    })
    for (const options of cluster.options) cluster.members.push(await Member.start(options))
    return cluster
  }

  async ready(): Promise<void> {
    await Promise.all(this.members.map((member) => member.whenReady()))
  }

  leader(): Member {
    return this.#find((member) => member.status().role === 'leader')
  }

  follower(): Member {
    return this.#find((member) => member.status().role !== 'leader')
  }

  others(than: Member): readonly Member[] {
    return this.members.filter((member) => member !== than)
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()))
    await rm(this.directory, { recursive: true, force: true })
  }

  #find(matches: (member: Member) => boolean): Member {
    const found = this.members.find(matches)
    if (found === undefined) throw new Error('no such member now')
    return found
  }
}

/** Waits for something that no event tells. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}
