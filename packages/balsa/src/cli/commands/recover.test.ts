import { cp, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { formatId, Member, parseConfig } from '@balsa/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startingPoint } from '../../daemon/starting-point.js'
import { freePorts, LocalCluster, temporaryDirectory } from '../../local-cluster.test-support.js'
import { run } from '../cli.test-support.js'

let cluster: LocalCluster
let directory: string
let clusterText: string
const opened: Member[] = []

/** Three members that have stopped; tests take copies of their directories. */
beforeAll(async () => {
  cluster = await LocalCluster.start(3)
  directory = await temporaryDirectory()
  clusterText = formatId(cluster.configs[0]?.clusterId ?? 0)
  expect(await run(['put', 'kept', 'yes', '--endpoints', cluster.endpoints.join(',')])).toMatchObject({ code: 0 })
  await Promise.all(cluster.members.map((member) => member.close()))
})
afterAll(async () => {
  await Promise.all(opened.map((member) => member.close()))
  await cluster.close()
  await rm(directory, { recursive: true, force: true })
})

async function copyOf(at: number, name: string): Promise<string> {
  const path = join(directory, name)
  await cp(cluster.configs[at]?.dataDir ?? '', path, { recursive: true, filter: (source) => !source.endsWith('.sock') })
  return path
}

const recover = (args: readonly string[], stdin = '') => run(['recover', ...args], { stdin })

async function startOn(dataDir: string, at: number, ...more: readonly string[]): Promise<Member> {
  const [peer = 0, client = 0] = await freePorts(2)
  const addresses = [`--listen-peer-urls=127.0.0.1:${peer}`, `--listen-client-urls=127.0.0.1:${client}`]
  const config = parseConfig([`--name=n${at + 1}`, `--data-dir=${dataDir}`, ...addresses, ...more], {})
  const logger = { info: () => undefined, warn: () => undefined }
  const member = await Member.start({ ...config, ...(await startingPoint(config, { logger })) })
  opened.push(member)
  await member.whenReady()
  return member
}

describe('balsactl recover', () => {
  it('shows what is left and which to keep, and changes nothing without the typed confirmation', async () => {
    const path = await copyOf(0, 'shown')
    const before = await readdir(path)
    const dry = await recover(['--data-dir', path, '--dry-run'])
    expect(dry).toMatchObject({ code: 0, err: '' })
    expect(dry.out).toMatch(
      /^DIRECTORY +MEMBER +ID +ROLE +LAST TERM +LAST INDEX +SNAPSHOT\n.*shown +n1 +[0-9a-f]{12} +voter +\d+ +\d+ +0\n/,
    )
    expect(dry.out).toContain(`Cluster ${clusterText}: voters n1 (`)
    expect(dry.out).toMatch(
      /2 of them are needed, 1 is here\.\nKeep .*shown \(n1\): its newest entry is of term \d+ at index \d+\.\nMay be lost: .*n2, n3/,
    )
    const asked = await recover(['--data-dir', path], 'yes\n')
    expect(asked).toMatchObject({ code: 1, err: `Type ${clusterText} to go on: Not confirmed: nothing was changed.\n` })
    expect(await recover(['--data-dir', path], '')).toMatchObject({ code: 1 })
    expect(await recover(['--data-dir', path, '--yes', 'abc'])).toMatchObject({ code: 2, err: expect.stringContaining(clusterText) })
    const shown = await recover(['--data-dir', path, '-o', 'json'])
    expect(JSON.parse(shown.out)).toMatchObject({
      recovered: false,
      confirmWith: `--yes ${clusterText}`,
      survivors: [{ name: 'n1', role: 'voter' }],
    })
    expect(await readdir(path)).toEqual(before)
  })

  it('makes a cluster of one member with all data; new ones join, old ones are refused', async () => {
    const path = await copyOf(1, 'recovered')
    const done = await recover(['--data-dir', path], `${clusterText}\n`)
    expect(done, done.err).toMatchObject({ code: 0 })
    expect(done.out).toMatch(
      /is cluster [0-9a-f]{12} now, with n2 as its only member\.[\s\S]*balsad --name n2 --data-dir .*\n[\s\S]*balsactl member add/,
    )
    const member = await startOn(path, 1)
    const endpoint = member.clientAddress
    expect(formatId(member.status().clusterId)).not.toBe(clusterText)
    expect(await run(['get', 'kept', '--endpoints', endpoint])).toMatchObject({ code: 0, out: 'yes\n' })
    expect(await run(['put', 'more', 'too', '--endpoints', endpoint])).toMatchObject({ code: 0 })
    const [peer = 0, client = 0] = await freePorts(2)
    const adding = run([
      'member',
      'add',
      'n4',
      `127.0.0.1:${peer}`,
      '--client',
      `127.0.0.1:${client}`,
      '--endpoints',
      endpoint,
      '--wait',
      '30s',
    ])
    await expect.poll(() => member.status().members.length, { timeout: 10_000 }).toBe(2)
    const config = parseConfig(
      [
        '--name=n4',
        `--data-dir=${join(directory, 'n4')}`,
        `--listen-peer-urls=127.0.0.1:${peer}`,
        `--listen-client-urls=127.0.0.1:${client}`,
        `--join=${endpoint}`,
      ],
      {},
    )
    const logger = { info: () => undefined, warn: () => undefined }
    opened.push(await Member.start({ ...config, ...(await startingPoint(config, { logger })) }))
    expect(await adding).toMatchObject({ code: 0 })
    expect(await run(['get', 'kept', '--endpoints', `127.0.0.1:${client}`])).toMatchObject({ out: 'yes\n' })
    // An old member cannot join with what it has.
    await expect(startOn(await copyOf(0, 'old'), 0, `--join=${endpoint}`)).rejects.toMatchObject({
      code: 'IDENTITY_MISMATCH',
      message: expect.stringContaining(`of cluster ${clusterText}`),
    })
  })

  it('for scripts: --yes and JSON', async () => {
    const path = await copyOf(2, 'scripted')
    const { code, out } = await recover(['--data-dir', path, '-o', 'json', '--yes', clusterText])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      clusterId: clusterText,
      keep: path,
      recovered: true,
      newClusterId: expect.stringMatching(/^[0-9a-f]{12}$/),
    })
    // It is a whole cluster now: there is nothing to recover.
    expect(await recover(['--data-dir', path, '--yes', clusterText])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/NOT_RECOVERABLE: nothing is lost/),
    })
  })

  it('says what is wrong with a directory, and what to do', async () => {
    const path = await copyOf(0, 'wrong')
    expect(await recover([])).toMatchObject({ code: 2, err: expect.stringMatching(/--data-dir is needed/) })
    expect(await recover(['--data-dir', path, '--data-dir', `${path}/`])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/given twice/),
    })
    expect(await recover(['--data-dir', join(directory, 'nowhere')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/DATA_DIRECTORY: .*does not exist\nNext: Give/),
    })
    const empty = join(directory, 'empty')
    await mkdir(empty, { mode: 0o700 })
    expect(await recover(['--data-dir', empty])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/DATA_DIRECTORY: .*no identity file\nNext: Give/),
    })
    const [, other] = [path, await copyOf(1, 'other')]
    expect(await recover(['--data-dir', path, '--data-dir', other])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/NOT_RECOVERABLE: nothing is lost: 2 of 3 voters are here\nNext: Start them/),
    })
    const file = await open(join(path, 'wal-0000000000000001.log'), 'r+')
    await file.write(Buffer.from('damage'), 0, 6, 20)
    await file.close()
    expect(await recover(['--data-dir', path])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/CORRUPT: .*wal-.*\nNext: .*leave the directory out/),
    })
    const running = await startOn(
      await copyOf(1, 'running').then(async (at) => {
        await recover(['--data-dir', at, '--yes', clusterText])
        return at
      }),
      1,
    )
    expect(await recover(['--data-dir', running.dataDir])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/LOCKED: .* is in use by process \d+\nNext: .*Stop it/),
    })
  })
})
