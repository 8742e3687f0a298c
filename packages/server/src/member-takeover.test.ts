import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KvStateMachine } from '@balsa/kv'
import { NodeClock } from '@balsa/host'
import { afterEach, describe, expect, it } from 'vitest'
import { Member, type MemberOptions } from './member.js'
import { eventually, MemberCluster } from './member-cluster.test-support.js'

/** Data directories that a member finds: written by one whose store was in memory alone, and with tables that are not those of this log. */

const clusters: MemberCluster[] = []
const directories: string[] = []
afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.close()
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true })
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function started(size: number, overrides: Partial<MemberOptions>): Promise<MemberCluster> {
  const cluster = await MemberCluster.start(size, { electionTimeoutMs: 2000, heartbeatIntervalMs: 200, ...overrides })
  clusters.push(cluster)
  await cluster.ready()
  return cluster
}

const sole = (cluster: MemberCluster): Member => cluster.members[0] ?? cluster.leader()
const optionsOf = (cluster: MemberCluster, at = 0): MemberOptions => {
  const options = cluster.options[at]
  if (options === undefined) throw new Error(`no member ${at}`)
  const { stateMachine: _, ...rest } = options
  return rest
}

async function put(member: Member, from: number, to: number): Promise<void> {
  const write = (at: number): Promise<unknown> =>
    member.store.execute(
      { type: 'put', stamp: null, key: bytes(`k${at}`), value: new Uint8Array(100).fill(at) },
      { deadlineMs: performance.now() + 20_000 },
    )
  for (let at = from; at < to; at += 100) await Promise.all(Array.from({ length: Math.min(100, to - at) }, (_, step) => write(at + step)))
}

async function valueOf(member: Member, key: string): Promise<Uint8Array | undefined> {
  const answer = await member.replica.read({ type: 'get', key: bytes(key) })
  return answer.type === 'get' ? answer.record?.value : undefined
}

async function start(cluster: MemberCluster, at: number, options: MemberOptions): Promise<Member> {
  const member = await Member.start(options)
  cluster.members[at] = member
  await member.whenReady()
  return member
}

/** A copy that goes when the test ends. */
async function copyOf(path: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-takeover-'))
  directories.push(directory)
  await cp(path, join(directory, 'copy'), { recursive: true, filter: (source) => !source.endsWith('.sock') })
  return join(directory, 'copy')
}

describe('a directory that was written before the tables were on disk', () => {
  it('is taken over at the first start: what is in the snapshot and in the log, versions and revisions too', async () => {
    const cluster = await started(1, { maxLogBytes: 20_000, stateMachine: new KvStateMachine({ clock: new NodeClock() }) })
    await put(sole(cluster), 0, 1500)
    await put(sole(cluster), 0, 500)
    await eventually(() => sole(cluster).replica.status().firstIndex > 100)
    await put(sole(cluster), 1500, 1700)
    const before = sole(cluster).status()
    const { dataDir } = sole(cluster)
    await sole(cluster).close()
    expect((await readdir(dataDir)).filter((name) => name === 'tables')).toEqual([])

    const member = await start(cluster, 0, optionsOf(cluster))
    expect(await readdir(join(dataDir, 'tables'))).toContain('CURRENT')
    const after = member.status()
    expect([after.keys, after.revision]).toEqual([before.keys, before.revision])
    expect(await valueOf(member, 'k7')).toEqual(new Uint8Array(100).fill(7))
    expect(await valueOf(member, 'k1699')).toEqual(new Uint8Array(100).fill(1699))

    // And from then on it comes back from its own disk, log and snapshot as short as they are.
    await put(member, 2000, 2500)
    await member.close()
    const again = await start(cluster, 0, optionsOf(cluster))
    expect(again.status().keys).toBe(2200)
  })
})

describe('tables that do not belong to the log', () => {
  it('newer ones are refused: the log that they need is gone', async () => {
    const cluster = await started(1, {})
    await put(sole(cluster), 0, 100)
    await sole(cluster).close()
    const old = await copyOf(sole(cluster).dataDir)
    const member = await start(cluster, 0, optionsOf(cluster))
    await put(member, 100, 300)
    await member.close()
    await rm(join(old, 'tables'), { recursive: true })
    await cp(join(member.dataDir, 'tables'), join(old, 'tables'), { recursive: true })
    await expect(Member.start({ ...optionsOf(cluster), dataDir: old })).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/holds everything up to index \d+, but the log ends at index \d+/),
      hint: expect.stringContaining('Put back the log'),
    })
  })

  it('older ones, and none, are refused when the log begins behind them', async () => {
    const cluster = await started(1, { maxLogBytes: 20_000 })
    await put(sole(cluster), 0, 100)
    await sole(cluster).close()
    const { dataDir } = sole(cluster)
    const old = await copyOf(join(dataDir, 'tables'))
    const member = await start(cluster, 0, optionsOf(cluster))
    await put(member, 0, 2500)
    await eventually(() => member.replica.status().firstIndex > 400)
    await member.close()
    for (const tables of [old, null]) {
      await rm(join(dataDir, 'tables'), { recursive: true })
      if (tables !== null) await cp(tables, join(dataDir, 'tables'), { recursive: true })
      await expect(Member.start(optionsOf(cluster))).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringMatching(/log begins behind index \d+, but the store on disk ends at index \d+/),
        hint: expect.stringContaining('add it again'),
      })
    }
  })

  it('files that are no tables are refused with their path', async () => {
    const cluster = await started(1, {})
    await put(sole(cluster), 0, 10)
    await sole(cluster).close()
    const tables = join(sole(cluster).dataDir, 'tables')
    for (const [name, content] of [
      ['state-00000001.mdb', new Uint8Array(100_000).fill(7)],
      ['CURRENT', bytes('../../etc/passwd\n')],
    ] as const) {
      await writeFile(join(tables, name), content)
      await expect(Member.start(optionsOf(cluster))).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining(join(tables, name)),
        hint: expect.stringContaining('add it again'),
      })
    }
  })

  it('those of another cluster are found by the hash of the state as soon as something is written', async () => {
    const other = await started(1, {})
    await put(sole(other), 0, 50)
    await sole(other).close()
    const cluster = await started(3, { divergenceCheckMs: 20 })
    await put(cluster.leader(), 100, 300)
    const member = cluster.follower()
    const at = cluster.members.indexOf(member)
    await eventually(() => member.status().keys === 200)
    await member.close()
    await rm(join(member.dataDir, 'tables'), { recursive: true })
    await cp(join(sole(other).dataDir, 'tables'), join(member.dataDir, 'tables'), { recursive: true })
    const back = await Member.start(optionsOf(cluster, at))
    cluster.members[at] = back
    await put(cluster.leader(), 300, 400)
    await eventually(() => back.divergence?.suspect === 'this')
    expect(back.readiness.ready).toBe(false)
  })
})
