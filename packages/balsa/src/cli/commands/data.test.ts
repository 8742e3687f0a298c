import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalCluster } from '../../local-cluster.test-support.js'
import { run, type RunOptions } from '../cli.test-support.js'

let cluster: LocalCluster
let endpoints: string
let directory: string

beforeAll(async () => {
  cluster = await LocalCluster.start(1)
  endpoints = cluster.endpoints.join(',')
  directory = await mkdtemp(join(tmpdir(), 'balsactl-'))
})

afterAll(async () => {
  await cluster.close()
  await rm(directory, { recursive: true, force: true })
})

const ctl = (args: readonly string[], options: RunOptions = {}) => run(['--endpoints', endpoints, '--timeout', '20s', ...args], options)
const balsactl = (...args: readonly string[]) => ctl(args)
const parsed = async (...args: readonly string[]) => JSON.parse((await balsactl(...args, '-o', 'json')).out) as Record<string, unknown>

describe('get and del of ranges', () => {
  it('prints keys and values, by prefix, from and to, in both orders, at old revisions', async () => {
    for (const key of ['r/a', 'r/b', 'r/c', 's']) await balsactl('put', key, `value of ${key}`)
    const { revision } = await parsed('get', 's')
    expect((await balsactl('get', '--prefix', 'r/')).out).toBe('r/a\tvalue of r/a\nr/b\tvalue of r/b\nr/c\tvalue of r/c\n')
    expect((await balsactl('get', 'r/b', '--to', 's', '--keys-only')).out).toBe('r/b\nr/c\n')
    expect((await balsactl('get', 'r/c', '--from', '--keys-only', '--descending', '--limit', '1')).out).toBe('s\n')
    expect((await balsactl('get', '--prefix', '--count', 'r/')).out).toBe('3\n')
    expect(await parsed('get', '--prefix', '--count', 'r/')).toEqual({ count: 3, revision })
    expect((await balsactl('get', '--prefix', 'r/', '-o', 'table', '--limit', '1')).out).toMatch(
      /^KEY +CREATED.*VALUE\nr\/a .*value of r\/a\n$/,
    )
    const range = await parsed('get', '--prefix', 'r/', '--keys-only')
    expect(range).toMatchObject({ revision, entries: [{ key: 'r/a', version: 1, lease: null }, { key: 'r/b' }, { key: 'r/c' }] })
    expect((await balsactl('get', '--prefix', 'nothing/')).out).toBe('')
    expect(await balsactl('del', '--prefix', 'r/', '--prev')).toMatchObject({
      code: 0,
      out: '3\nr/a\tvalue of r/a\nr/b\tvalue of r/b\nr/c\tvalue of r/c\n',
    })
    expect(await balsactl('del', '--prefix', 'r/')).toMatchObject({ code: 3, out: '0\n', err: 'balsactl del: no key found\n' })
    expect((await balsactl('get', 'r/a', '--rev', String(revision))).out).toBe('value of r/a\n')
    expect(await balsactl('get', 'r/a', '--rev', '999999')).toMatchObject({ code: 1, err: expect.stringContaining('FUTURE_REVISION') })
    expect(await balsactl('get', 'a', '--prefix', '--to', 'b')).toMatchObject({ code: 2 })
    expect(await balsactl('get', 'b', '--to', 'b')).toMatchObject({ code: 2, err: expect.stringContaining('--to must be behind KEY') })
    for (const args of [['get'], ['watch'], ['del'], ['put', 'x'], ['append', 'x']]) {
      const [command = '', ...value] = args
      expect(await balsactl(command, '', ...value), command).toMatchObject({ code: 2, err: expect.stringContaining('KEY is empty') })
    }
    expect(await balsactl('get', 'a', '--limit', '0')).toMatchObject({ code: 2, err: expect.stringContaining('--limit must be') })
  })
})

describe('leases', () => {
  it('are granted, listed, kept alive and revoked; keys go with them', async () => {
    const lease = (await balsactl('lease', 'grant', '60s')).out.trim()
    expect(lease).toMatch(/^[0-9a-f]{16}$/)
    expect(await balsactl('put', '--lease', lease, 'leased', 'x', '--prev')).toMatchObject({ code: 0, out: 'OK\n' })
    expect((await balsactl('put', '--keep-lease', '--prev', 'leased', 'y')).out).toBe('OK\nleased\tx\n')
    expect(await parsed('get', 'leased')).toMatchObject({ lease, value: 'y' })
    expect((await balsactl('lease', 'list')).out).toContain(`${lease}\t60.0s\t`)
    expect((await balsactl('lease', 'list', '-o', 'table')).out).toMatch(/^LEASE +TTL +REMAINING +KEYS\n/)
    expect(await parsed('lease', 'info', lease)).toMatchObject({ lease, ttlMs: 60_000, keys: [{ key: 'leased' }] })
    expect((await balsactl('lease', 'info', lease)).out).toMatch(/\nleased\n$/)
    expect(await balsactl('lease', 'keep-alive', lease, '--once')).toMatchObject({ code: 0, out: 'kept alive for 60.0s\n' })
    expect((await balsactl('lease', 'revoke', lease)).out).toBe('revoked, 1 key deleted\n')
    expect(await balsactl('get', 'leased')).toMatchObject({ code: 3 })
    expect(await balsactl('lease', 'info', lease)).toMatchObject({ code: 3, err: `balsactl lease info: lease ${lease} not found\n` })
    expect(await balsactl('lease', 'revoke', lease)).toMatchObject({ code: 1, err: expect.stringContaining('LEASE_NOT_FOUND') })
    const years = (await balsactl('lease', 'grant', '24000h')).out.trim()
    expect(await parsed('lease', 'info', years)).toMatchObject({ ttlMs: 24_000 * 3_600_000 })
    for (const ttl of ['0', '500ms', '2500001h', '1d', 'x'])
      expect(await balsactl('lease', 'grant', ttl)).toMatchObject({
        code: 2,
        err: expect.stringContaining('TTL must be between 1s and 2500000h'),
      })
    expect(await balsactl('put', '--lease', 'nine', 'a', 'b')).toMatchObject({ code: 2 })
  })
})

describe('a revision that cannot be read', () => {
  it('is refused with what is known and what to do next', async () => {
    const { revision = 0 } = (await parsed('put', 'old', '1')) as { readonly revision?: number }
    await balsactl('put', 'old', '2')
    await balsactl('compact', String(revision + 1))
    for (const args of [['old'], ['--prefix', 'o'], ['--count', 'old']]) {
      const gone = `COMPACTED: this revision is compacted already, the newest is ${revision + 1}\nNext: Use a later revision, or none`
      expect(await balsactl('get', '--rev', String(revision), ...args)).toMatchObject({ code: 1, err: expect.stringMatching(gone) })
      const early = `FUTURE_REVISION: the store has not reached this revision, the newest is ${revision + 1}\nNext: Use an earlier revision, or none`
      expect(await balsactl('get', '--rev', '99999', ...args)).toMatchObject({ code: 1, err: expect.stringMatching(early) })
    }
  })
})

describe('txn', () => {
  it('reads lines or JSON from a file or standard input; the exit code tells the branch', async () => {
    const text = 'if\ncreated t = 0\nthen\nput t 1\nget --prefix t\nelse\nget t\ndel t'
    expect(await ctl(['txn'], { stdin: text })).toMatchObject({ code: 0, out: 'SUCCESS\nOK\nt\t1\n' })
    const file = join(directory, 'txn.txt')
    await writeFile(file, text)
    expect(await balsactl('txn', file)).toMatchObject({ code: 3, out: 'FAILURE\nt\t1\n1\n' })
    const json = JSON.stringify({
      success: [
        { type: 'put', key: 't', value: '2' },
        { type: 'range', key: 't' },
      ],
    })
    const done = await ctl(['txn', '-', '-o', 'json'], { stdin: json })
    expect(JSON.parse(done.out)).toMatchObject({ succeeded: true, results: [{ type: 'put', version: 1 }, { entries: [{ value: '2' }] }] })
    expect(await ctl(['txn'], { stdin: 'put a' })).toMatchObject({ code: 2, err: expect.stringContaining('line 1') })
    expect(await ctl(['txn'], { stdin: '{"success":5}' })).toMatchObject({ code: 2, err: expect.stringContaining('success is a list') })
    expect(await balsactl('txn', join(directory, 'none'))).toMatchObject({ code: 2, err: expect.stringContaining('cannot be read') })
  })
})

describe('watch', () => {
  it('prints changes one to a line, with what was there before, as JSON too', async () => {
    const first = (await parsed('put', 'w/a', '1'))['revision'] as number
    await balsactl('put', 'w/a', '2')
    await balsactl('put', 'w/b', '3')
    await balsactl('del', 'w/a')
    const rev = ['--rev', String(first)]
    expect((await balsactl('watch', '--prefix', 'w/', ...rev, '--limit', '4')).out).toBe(
      `${first}\tput\tw/a\t1\n${first + 1}\tput\tw/a\t2\n${first + 2}\tput\tw/b\t3\n${first + 3}\tdelete\tw/a\t-\n`,
    )
    expect((await balsactl('watch', 'w/a', ...rev, '--only', 'deletes', '--prev', '--limit', '1')).out).toBe(
      `${first + 3}\tdelete\tw/a\t-\t2\n`,
    )
    const line = (await balsactl('watch', 'w/b', ...rev, '--limit', '1', '-o', 'json')).out
    expect(JSON.parse(line)).toMatchObject({ type: 'put', revision: first + 2, key: 'w/b', value: '3', previous: null })
    expect(await balsactl('watch', 'w/a', '--only', 'reads')).toMatchObject({ code: 2 })
  })

  it('runs a command for each change, one after the other, and goes on when one fails', async () => {
    const first = (await parsed('put', 'x', 'one'))['revision'] as number
    await balsactl('put', 'x', 'two')
    const file = join(directory, 'seen')
    const script = `cat >> ${file}; echo " $BALSA_WATCH_TYPE $BALSA_WATCH_KEY $BALSA_WATCH_VALUE $BALSA_WATCH_REVISION" >> ${file}; exit 3`
    const environment = { PATH: process.env['PATH'] ?? '' }
    const ran = await ctl(['watch', 'x', '--rev', String(first), '--limit', '2', '--', 'sh', '-c', script], { environment })
    expect(ran).toMatchObject({ code: 0, err: expect.stringContaining(`revision ${first}: sh: exit code 3`) })
    expect(await readFile(file, 'utf8')).toBe(`one put x one ${first}\ntwo put x two ${first + 1}\n`)
    const none = await ctl(['watch', 'x', '--rev', String(first), '--', '/no/such/program'], { environment })
    expect(none).toMatchObject({ code: 127, err: 'balsactl watch: /no/such/program: no such program\n' })
  })
})

describe('compact', () => {
  it('forgets old revisions', async () => {
    const { revision } = await parsed('put', 'c', '1')
    await balsactl('put', 'c', '2')
    expect((await balsactl('compact', String(Number(revision) + 1))).out).toBe(`compacted to revision ${Number(revision) + 1}\n`)
    expect(await balsactl('get', 'c', '--rev', String(revision))).toMatchObject({ code: 1, err: expect.stringContaining('COMPACTED') })
    expect(await balsactl('compact', 'x')).toMatchObject({ code: 2 })
  })
})
