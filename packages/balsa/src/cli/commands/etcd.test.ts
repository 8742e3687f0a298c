import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalCluster } from '../../local-cluster.test-support.js'
import { run, type RunOptions } from '../cli.test-support.js'

let cluster: LocalCluster

beforeAll(async () => {
  cluster = await LocalCluster.start(1)
})

afterAll(() => cluster.close())

const ctl = (args: readonly string[], options: RunOptions = {}) =>
  run(['--endpoints', cluster.endpoints.join(','), '--timeout', '20s', ...args], options)
const balsactl = (...args: readonly string[]) => ctl(args)

describe('--etcd', () => {
  it('does what the commands about keys, leases and locks do, over etcd’s interface', async () => {
    expect(await balsactl('put', '--etcd', 'a', '1')).toMatchObject({ code: 0, out: 'OK\n' })
    expect(await balsactl('put', '--etcd', '--if-absent', 'a', '2')).toMatchObject({ code: 3 })
    expect(await balsactl('append', '--etcd', 'a', '2')).toMatchObject({ code: 0 })
    expect((await balsactl('get', '--etcd', 'a')).out).toBe('12\n')
    expect((await balsactl('get', 'a')).out).toBe('12\n')
    expect((await balsactl('get', '--etcd', '--prefix', '', '--keys-only')).out).toBe('a\n')
    expect(await balsactl('get', '--etcd', '--stale', '--max-stale', '1s', 'a')).toMatchObject({
      code: 1,
      err: expect.stringContaining('UNSUPPORTED'),
    })
    const transaction = JSON.stringify({ success: [{ type: 'put', key: 'b', value: 'x' }] })
    expect(await ctl(['txn', '--etcd', '-'], { stdin: transaction })).toMatchObject({ out: expect.stringContaining('SUCCESS') })
    const lease = (await balsactl('lease', 'grant', '--etcd', '60s')).out.trim()
    await balsactl('put', '--etcd', '--lease', lease, 'leased', 'y')
    expect((await balsactl('lease', 'revoke', '--etcd', lease)).out).toBe('revoked, 1 key deleted\n')
    expect((await balsactl('watch', '--etcd', '--rev', '2', '--limit', '2', 'a')).out).toBe('2\tput\ta\t1\n3\tput\ta\t12\n')
    expect(await balsactl('lock', '--etcd', 'job', '--', 'true')).toMatchObject({ code: 0 })
    expect(await balsactl('compact', '--etcd', '3')).toMatchObject({ code: 0 })
    expect(await balsactl('del', '--etcd', 'a')).toMatchObject({ code: 0, out: '1\n' })
  })

  it('is no option of what etcd has not', async () => {
    expect(await balsactl('member', 'list', '--etcd')).toMatchObject({ code: 2 })
  })
})
