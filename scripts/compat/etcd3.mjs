// @ts-check
/** The etcd3 client of npm, with everything that it offers but users and roles. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execute } from './checks.mjs'

const VERSION = '1.1.2'

/** @param {string} directory */
export async function prepare(directory) {
  await writeFile(join(directory, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const { code, err } = await execute('npm', ['install', '--no-audit', '--no-fund', `etcd3@${VERSION}`], {
    cwd: directory,
    timeoutMs: 300_000,
  })
  if (code !== 0) throw new Error(err.slice(-1000))
}

/** Runs where the package is; prints a line of JSON for every check. */
const PROGRAM = `
import assert from 'node:assert/strict'
import { Etcd3, EtcdLeaseInvalidError } from 'etcd3'

const hosts = process.argv[2].split(',').map((host) => 'http://' + host)
const client = new Etcd3({ hosts })
const check = async (what, run) => {
  try {
    await run()
    console.log(JSON.stringify({ what }))
  } catch (error) {
    console.log(JSON.stringify({ what, error: error?.stack ?? String(error) }))
  }
}
const until = async (probe) => {
  for (let at = 0; at < 100; at++) {
    if (await probe()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('it did not become so')
}

await check('put, get as string, number, JSON, buffer, exists', async () => {
  await client.put('s').value('text')
  await client.put('n').value(42)
  await client.put('j').value(JSON.stringify({ a: 1 }))
  assert.equal(await client.get('s').string(), 'text')
  assert.equal(await client.get('n').number(), 42)
  assert.deepEqual(await client.get('j').json(), { a: 1 })
  assert.equal((await client.get('s').buffer()).length, 4)
  assert.equal(await client.get('none').string(), null)
  assert.equal(await client.get('s').exists(), true)
})
await check('getAll: prefix, limit, sort, keys, count, inRange; previous values', async () => {
  for (const [key, value] of Object.entries({ 'p/a': '3', 'p/b': '1', 'p/c': '2' })) await client.put(key).value(value)
  assert.deepEqual(await client.getAll().prefix('p/').strings(), { 'p/a': '3', 'p/b': '1', 'p/c': '2' })
  assert.deepEqual(await client.getAll().prefix('p/').limit(2).keys(), ['p/a', 'p/b'])
  assert.deepEqual(Object.keys(await client.getAll().prefix('p/').sort('Value', 'Ascend').strings()), ['p/b', 'p/c', 'p/a'])
  assert.equal(await client.getAll().prefix('p/').count(), 3)
  assert.deepEqual(await client.getAll().inRange({ start: 'p/a', end: 'p/c' }).keys(), ['p/a', 'p/b'])
  assert.equal((await client.put('p/a').value('4').getPrevious()).value.toString(), '3')
})
await check('get at a revision, serializable', async () => {
  const { header } = await client.put('r').value('old')
  await client.put('r').value('new')
  assert.equal(await client.get('r').revision(header.revision).string(), 'old')
  assert.equal(await client.get('r').serializable(true).exists(), true)
})
await check('delete: key, prefix, previous', async () => {
  assert.equal((await client.delete().key('s')).deleted, '1')
  const removed = await client.delete().prefix('p/').getPrevious()
  assert.equal(removed.length, 3)
})
await check('if ... then ... else', async () => {
  await client.put('c').value('1')
  const done = await client.if('c', 'Value', '==', '1').then(client.put('c').value('2'), client.get('c')).else(client.put('c').value('x')).commit()
  assert.equal(done.succeeded, true)
  const not = await client.if('c', 'Value', '==', '1').then(client.put('c').value('3')).else(client.get('c')).commit()
  assert.equal(not.succeeded, false)
  assert.equal(not.responses[0].response_range.kvs[0].value.toString(), '2')
})
await check('software transactional memory', async () => {
  await client.put('balance').value(10)
  await Promise.all([1, 2, 3].map(() => client.stm({ retries: 20 }).transact(async (tx) => tx.put('balance').value((await tx.get('balance').number()) + 1))))
  assert.equal(await client.get('balance').number(), 13)
})
await check('watch: key and prefix, from a revision, cancelled', async () => {
  const seen = []
  const watcher = await client.watch().prefix('w/').create()
  watcher.on('put', ({ key, value }) => seen.push(key.toString() + '=' + value.toString()))
  watcher.on('delete', ({ key }) => seen.push('-' + key.toString()))
  const { header } = await client.put('w/a').value('1')
  await client.put('w/b').value('2')
  await client.delete().key('w/a')
  await until(() => seen.length === 3)
  assert.deepEqual(seen, ['w/a=1', 'w/b=2', '-w/a'])
  await watcher.cancel()
  const past = []
  const again = await client.watch().key('w/a').startRevision(header.revision).create()
  again.on('put', ({ value }) => past.push(value.toString()))
  await until(() => past.length === 1)
  await again.cancel()
})
await check('lease: put, keep-alive, revoke', async () => {
  const lease = client.lease(5)
  await lease.put('leased').value('x')
  await lease.keepaliveOnce()
  assert.equal(await client.get('leased').string(), 'x')
  assert.ok((await lease.leases?.()) ?? true)
  await lease.revoke()
  assert.equal(await client.get('leased').string(), null)
})
await check('lease: lost when it is revoked behind its back', async () => {
  const lease = client.lease(5)
  const id = await lease.grant()
  await client.leaseClient.leaseRevoke({ ID: id })
  await assert.rejects(lease.keepaliveOnce(), EtcdLeaseInvalidError)
  await lease.release?.()
})
await check('lock: held by one, released for the next', async () => {
  const order = []
  await client.lock('mutex').do(async () => {
    await assert.rejects(client.lock('mutex').acquire())
    order.push('first')
  })
  const lock = await client.lock('mutex').ttl(5).acquire()
  order.push('second')
  await lock.release()
  assert.deepEqual(order, ['first', 'second'])
})
await check('election: campaign, proclaim, observe, resign', async () => {
  const election = client.election('post')
  const campaign = election.campaign('alice')
  await new Promise((resolve, reject) => campaign.on('elected', resolve).on('error', reject))
  assert.equal(await election.leader(), 'alice')
  const observer = await election.observe()
  await campaign.proclaim('still alice')
  await until(() => observer.leader() === 'still alice')
  await campaign.resign()
  await observer.cancel()
})
await check('namespaces', async () => {
  const space = client.namespace('space/')
  await space.put('k').value('v')
  assert.equal(await client.get('space/k').string(), 'v')
})
await check('cluster and maintenance', async () => {
  assert.equal((await client.cluster.memberList({})).members.length, 3)
  assert.match((await client.maintenance.status({})).version, /^[0-9.]+$/)
  await client.maintenance.defragment({})
})
await check('compaction', async () => {
  const { header } = await client.put('z').value('1')
  await client.kv.compact({ revision: header.revision, physical: true })
  await assert.rejects(client.get('z').revision(2).string(), /required revision has been compacted/)
})
client.close()
process.exit(0)
`

/** @param {{ cluster: import('../local-cluster.mjs').LocalCluster, checks: import('./checks.mjs').Checks, directory: string }} context */
export async function run({ cluster, checks, directory }) {
  const file = join(directory, 'program.mjs')
  await writeFile(file, PROGRAM)
  const { out, err } = await execute(process.execPath, [file, cluster.endpoints.join(',')], { cwd: directory, timeoutMs: 120_000 })
  const lines = out.split('\n').filter((line) => line.startsWith('{'))
  for (const line of lines) {
    const { what, error } = JSON.parse(line)
    await checks.check(what, () => {
      if (error !== undefined) throw new Error(error)
    })
  }
  if (lines.length === 0 || !/"compaction"/.test(out)) checks.failed('all of it', err.slice(-2000) || 'it ended early')
}
