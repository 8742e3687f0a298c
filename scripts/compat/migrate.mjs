// @ts-check
/** `balsactl migrate` between Debian's etcd-server 3.4 and Balsa, both ways: values, order, leases, changes, what is checked at the end. */
import { join } from 'node:path'
import { connect } from '../../packages/balsa/dist/index.js'
import { HOST, pickPorts } from '../ports.mjs'
import { until } from '../local-cluster.mjs'
import { root } from '../processes.mjs'
import { equal, execute, includes, Running } from './checks.mjs'
import { startEtcd } from './etcd-server.mjs'

const BALSACTL = join(root, 'packages/balsa/bin/balsactl.js')

export { prepare } from './etcd-server.mjs'

/** @typedef {import('../../packages/balsa/dist/index.js').EtcdStore} EtcdStore */

/** @param {{ cluster: import('../local-cluster.mjs').LocalCluster, checks: import('./checks.mjs').Checks, directory: string }} context */
export async function run({ cluster, checks, directory }) {
  const member = { name: 'etcd', ...(await pickPorts()) }
  const server = startEtcd(directory, member)
  const sides = { etcd: [`${HOST}:${member.client}`], balsa: cluster.endpoints }
  const etcd = await connect({ endpoints: sides.etcd, protocol: 'etcd', deadlineMs: 30_000 })
  const balsa = await connect({ endpoints: sides.balsa, protocol: 'etcd', deadlineMs: 30_000 })
  try {
    await bothWays('etcd to Balsa', etcd, balsa, ['--from', sides.etcd.join(','), '--to', sides.balsa.join(',')], checks)
    await empty(etcd)
    await empty(balsa)
    await bothWays('Balsa to etcd', balsa, etcd, ['--from', sides.balsa.join(','), '--to', sides.etcd.join(',')], checks)
  } finally {
    await Promise.all([etcd.close(), balsa.close()])
    await server.end('SIGKILL')
  }
}

/** @param {EtcdStore} store */
async function empty(store) {
  await store.delete({ prefix: '' })
  for (const lease of await store.leases()) await store.revokeLease(lease)
}

/** @param {EtcdStore} store @returns {Promise<readonly string[]>} in the order of changes */
async function contents(store) {
  const { entries } = await store.range({ prefix: '' })
  const living = entries.filter(({ key }) => !Buffer.from(key).toString().startsWith('__balsa'))
  return [...living]
    .sort((a, b) => a.modRevision - b.modRevision)
    .map(({ key, value, lease }) => `${Buffer.from(key)}=${Buffer.from(value).toString('hex')} ${lease === null ? '' : 'leased'}`)
}

/** @param {readonly string[]} args */
const migrate = (args) => execute(process.execPath, [BALSACTL, 'migrate', ...args], { timeoutMs: 120_000 })

/** @param {string} name @param {EtcdStore} from @param {EtcdStore} to @param {readonly string[]} sides @param {import('./checks.mjs').Checks} checks */
async function bothWays(name, from, to, sides, checks) {
  await checks.check(`${name}: a copy, in the order of changes, with leases`, async () => {
    for (let at = 0; at < 300; at++) await from.put(`k/${(at * 7) % 250}`, `${at}`)
    await from.put(new Uint8Array([255, 254]), new Uint8Array(200_000).fill(7))
    const { id } = await from.grantLease(600_000)
    await from.put('leased', 'x', { lease: id })
    const { code, out, err } = await migrate([...sides, '--once', '-o', 'json'])
    equal([code, err.includes('goes on')], [0, false])
    const report = JSON.parse(out)
    equal([report.equal, report.from.keys, report.to.keys, report.leases], [true, 252, 252, 1])
    equal(report.from.hash, report.to.hash)
    equal(await contents(to), await contents(from))
    equal((await to.leases()).map(String), [String(id)])
  })

  await checks.check(`${name}: the next run takes what has changed and what has gone`, async () => {
    await from.put('k/1', 'again')
    await from.delete('k/2')
    const { code, out } = await migrate([...sides, '--once'])
    equal(code, 0)
    includes(out, 'copied 1 keys, deleted 1,')
    equal(await contents(to), await contents(from))
  })

  await checks.check(`${name}: follows, also transactions and the end of a lease, until Ctrl-C`, async () => {
    const run = new Running(process.execPath, [BALSACTL, 'migrate', ...sides])
    await until(() => run.err.includes('everything is copied'), { what: 'the copy' })
    for (let at = 0; at < 200; at++) await from.put(`f/${at % 30}`, `${at}`)
    await from.transaction({
      success: [
        { type: 'put', key: 't/1', value: '1' },
        { type: 'put', key: 't/2', value: '2' },
        { type: 'delete', key: { prefix: 'f/1' } },
      ],
    })
    const { id } = await from.grantLease(2000)
    await from.put('short', 'x', { lease: id })
    await until(async () => (await to.get('t/2')) !== null, { what: 'the transaction' })
    await until(async () => (await from.get('short')) === null && (await to.get('short')) === null, { what: 'the end of the lease' })
    equal(await run.end('SIGINT'), 0)
    includes(run.out, 'both are equal')
    equal(await contents(to), await contents(from))
    equal(await to.get('__balsa_migration__'), null)
  })

  await checks.check(`${name}: refuses a target that has keys`, async () => {
    const { code, err } = await migrate([...sides, '--once'])
    equal(code, 1)
    includes(err, 'keys already')
  })
}
