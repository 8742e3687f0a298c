import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Member, parseConfig } from '@balsa/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startingPoint } from '../../daemon/starting-point.js'
import { freePorts, LocalCluster, temporaryDirectory } from '../../local-cluster.test-support.js'
import { run } from '../cli.test-support.js'

let cluster: LocalCluster
let directory: string
let endpoints: string
const extra: Member[] = []

beforeAll(async () => {
  cluster = await LocalCluster.start(3)
  endpoints = cluster.endpoints.join(',')
  directory = await temporaryDirectory()
})
afterAll(async () => {
  await Promise.all(extra.map((member) => member.close()))
  await cluster.close()
  await rm(directory, { recursive: true, force: true })
})

const balsactl = (...args: readonly string[]) => run(['--endpoints', endpoints, '--timeout', '20s', ...args])
const listed = async () =>
  JSON.parse((await balsactl('member', 'list', '-o', 'json')).out) as { leaderId: string; members: Record<string, unknown>[] }
const memberNamed = async (name: string) => (await listed()).members.find((member) => member['name'] === name)

/** Starts what the printed command says, in this process. */
async function obey(command: string, folder: string): Promise<Member> {
  const [program, ...words] = command.trim().split(' ')
  expect(program).toBe('balsad')
  const dataDir = join(directory, folder)
  const flags = words.map((word, at) => (words[at - 1] === '--data-dir' ? dataDir : word))
  const config = parseConfig([...flags, '--heartbeat-interval=100', '--election-timeout=1000'], {})
  const logger = { info: () => undefined, warn: () => undefined }
  const member = await Member.start({ ...config, ...(await startingPoint(config, { logger })) })
  extra.push(member)
  return member
}

async function addresses(): Promise<{ readonly peer: string; readonly client: string }> {
  const [peer = 0, client = 0] = await freePorts(2)
  return { peer: `127.0.0.1:${peer}`, client: `127.0.0.1:${client}` }
}

describe('member commands', () => {
  it('add prints the command that starts the member, waits until it votes; remove ends its process', async () => {
    const { peer, client } = await addresses()
    const added = await balsactl('member', 'add', 'n4', `http://${peer}`, '--client', client, '--no-wait')
    expect(added).toMatchObject({
      code: 0,
      err: expect.stringMatching(/n4 joins as a learner .* 4 members vote, 3 of them are needed, 1 may fail/),
    })
    expect(await memberNamed('n4')).toMatchObject({ role: 'learner', stage: 'joining', address: peer })
    const member = await obey(added.out, 'n4')
    await member.whenReady()
    await expect.poll(async () => (await memberNamed('n4'))?.['role'], { timeout: 30_000 }).toBe('voter')
    expect((await balsactl('put', 'k', 'v')).code).toBe(0)
    expect((await balsactl('status', '-o', 'table')).out).toContain('n4')
    const removed = await balsactl('member', 'remove', 'n4')
    expect(removed).toMatchObject({ code: 0, out: expect.stringMatching(/^n4 \([0-9a-f]{12}\) is removed/) })
    expect(await member.stopped).toMatchObject({ code: 'REMOVED', family: 'fatal' })
  })

  it('replace puts a new one in the place of a member whose disk is gone, which is refused', async () => {
    const [, , third] = cluster.members
    const config = cluster.configs[2]
    if (third === undefined || config === undefined) throw new Error('no third member')
    const before = (await memberNamed('n3'))?.['id']
    await third.close()
    await rm(config.dataDir, { recursive: true, force: true })
    const wiped = await Member.start(config)
    expect(await wiped.stopped).toMatchObject({ code: 'DISK_REPLACED', family: 'fatal', hint: expect.stringMatching(/member replace n3/) })
    await wiped.close()
    const replacing = balsactl('member', 'replace', 'n3', '--wait', '60s')
    await expect.poll(async () => (await listed()).members.length, { timeout: 30_000 }).toBe(4)
    // The printed command comes with the rest of the output: this is what it says.
    const command = `balsad --name n3 --data-dir n3 --listen-peer-urls http://${config.advertisePeer} --listen-client-urls http://${config.advertiseClient} --join ${cluster.endpoints[0]}`
    await obey(command, 'n3-new')
    const replaced = await replacing
    expect(replaced, replaced.err).toMatchObject({ code: 0, out: expect.stringMatching(/has taken the place of/) })
    expect(replaced.out).toContain(`--listen-peer-urls http://${config.advertisePeer}`)
    expect((await memberNamed('n3'))?.['id']).not.toBe(before)
  })

  it('transfer-leader, by name and by itself', async () => {
    const { leaderId } = await listed()
    const other = (await listed()).members.find((member) => member['id'] !== leaderId)
    const moved = await balsactl('transfer-leader', String(other?.['name']))
    expect(moved).toMatchObject({ code: 0, out: `${String(other?.['name'])} (${String(other?.['id'])}) leads\n` })
    expect((await balsactl('transfer-leader', '-o', 'json')).code).toBe(0)
    expect((await listed()).leaderId).not.toBe(other?.['id'])
  })

  it('demote and promote', async () => {
    const { leaderId, members } = await listed()
    const name = String(members.find((member) => member['id'] !== leaderId)?.['name'])
    expect(await balsactl('member', 'demote', name)).toMatchObject({ code: 0, out: `${name} is a learner now\n` })
    const status = await balsactl('status', '-o', 'table')
    expect(status.out).toMatch(new RegExp(`${name} .* learner `))
    expect(await balsactl('member', 'promote', name)).toMatchObject({ code: 0, out: `${name} is a voter now\n` })
  })

  it('names that nobody has get the nearest, ids work too, and what clashes is refused', async () => {
    expect(await balsactl('member', 'remove', 'n9')).toMatchObject({
      code: 3,
      err: expect.stringMatching(/MEMBER_UNKNOWN: the cluster has no member n9: did you mean n\d\?/),
    })
    expect(await balsactl('member', 'add', 'n1', '127.0.0.1:1')).toMatchObject({ code: 1, err: expect.stringContaining('MEMBER_EXISTS') })
    expect(await balsactl('member', 'add', 'n 5', '127.0.0.1:1')).toMatchObject({ code: 2 })
    expect(await balsactl('member', 'add', 'n5', 'nowhere')).toMatchObject({ code: 2, err: expect.stringMatching(/PEER_ADDRESS/) })
    expect(await balsactl('member', 'update', 'n1')).toMatchObject({ code: 2, err: expect.stringMatching(/--peer or --client/) })
    const own = await memberNamed('n1')
    expect(await balsactl('member', 'update', String(own?.['id']), '--peer', String(own?.['address']))).toMatchObject({ code: 0 })
  })

  it('list in every form', async () => {
    const table = await balsactl('member', 'list', '-o', 'table')
    expect(table.out).toMatch(/^NAME +ID +ROLE +HEALTH +LAG +PEER ADDRESS +CLIENT ADDRESS\n/)
    expect(table.err).toMatch(/3 members vote, 2 of them are needed, 1 may fail/)
    expect((await balsactl('member', 'list')).out.trimEnd().split('\n')).toHaveLength(3)
  })
})
