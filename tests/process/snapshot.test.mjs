// @ts-check
/** `balsactl snapshot`: saved from a running cluster, looked at, and restored as a new cluster of real processes. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from '../../packages/balsa/dist/index.js'
import { LocalCluster } from '../../scripts/local-cluster.mjs'
import { root } from '../../scripts/processes.mjs'

const BALSACTL = join(root, 'packages/balsa/bin/balsactl.js')
const directory = mkdtempSync(join(tmpdir(), 'balsa-snapshot-'))
const file = join(directory, 'backup')
/** @type {LocalCluster[]} */
const clusters = []
/** @type {LocalCluster} */
let source

before(async () => {
  source = await LocalCluster.start({ directory: join(directory, 'source') })
  clusters.push(source)
})

after(async () => {
  await Promise.all(clusters.map((cluster) => cluster.close()))
  rmSync(directory, { recursive: true, force: true })
})

/** @param {readonly string[]} args @returns {Promise<{ code: number | null, out: string, err: string }>} */
const balsactl = (args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [BALSACTL, ...args])
    let out = ''
    let err = ''
    child.stdout.on('data', (data) => (out += data))
    child.stderr.on('data', (data) => (err += data))
    child.once('close', (code) => resolve({ code, out, err }))
  })

const text = (/** @type {Uint8Array | undefined} */ bytes) => Buffer.from(bytes ?? []).toString()

test('saved, looked at, restored as a new cluster of three, with revisions, history and leases', async () => {
  const store = await connect({ endpoints: source.endpoints })
  for (let at = 0; at < 300; at++) await store.put(`k/${at % 100}`, `${at}`)
  await store.append('log', 'one')
  await store.append('log', ' two')
  const { id } = await store.grantLease(600_000)
  await store.put('leased', 'x', { lease: id })
  const { revision: saved } = await store.range({ prefix: 'k/' }, { limit: 1 })
  const { code, out, err } = await balsactl(['--endpoints', source.endpoints.join(','), 'snapshot', 'save', file])
  assert.equal(code, 0, err)
  assert.match(out, new RegExp(`^saved .*revision ${saved}, 102 keys`))
  assert.ok(!existsSync(`${file}.part`))
  await store.put('later', 'not saved')
  await store.close()

  const status = await balsactl(['snapshot', 'status', file, '-o', 'json'])
  assert.equal(JSON.parse(status.out).revision, saved)

  // Ports and folders of a cluster whose data is then replaced.
  const target = await LocalCluster.start({ directory: join(directory, 'target') })
  clusters.push(target)
  const replaced = (await target.status(target.member('n1'))).clusterId
  for (const member of target.members) await target.stop(member)
  for (const member of target.members) {
    rmSync(member.dataDir, { recursive: true })
    const flags = target.flags(member)
    const initial = flags[flags.indexOf('--initial-cluster') + 1] ?? ''
    const args = ['--name', member.name, '--data-dir', member.dataDir, '--initial-cluster', initial]
    const restored = await balsactl(['snapshot', 'restore', file, ...args])
    assert.equal(restored.code, 0, restored.err)
    assert.match(restored.out, /of the new cluster [0-9a-f]+ \(n1, n2, n3\)/)
    const again = await balsactl(['snapshot', 'restore', file, ...args])
    assert.deepEqual([again.code, again.err.includes('is not empty')], [1, true])
  }
  for (const member of target.members) await target.start(member)
  for (const member of target.members) await target.ready(member)
  const now = await Promise.all(target.members.map(async (member) => (await target.status(member)).clusterId))
  assert.equal(new Set(now).size, 1)
  assert.ok(now[0] !== replaced && now[0] !== (await source.status(source.member('n1'))).clusterId)

  const copy = await connect({ endpoints: target.endpoints, deadlineMs: 30_000 })
  try {
    assert.equal(await copy.get('later'), null)
    assert.equal(text((await copy.get('log'))?.value), 'one two')
    const leased = await copy.get('leased')
    assert.deepEqual([leased?.lease, await copy.leases()], [id, [id]])
    const { entries, revision } = await copy.range({ prefix: 'k/' })
    assert.deepEqual([entries.length, revision], [100, saved])
    // The past is there, too.
    assert.equal(text((await copy.get('k/5', { revision: 7 }))?.value), '5')
    const { modRevision } = await copy.put('new', 'life')
    assert.equal(modRevision, saved + 1)
    const leader = await target.leader()
    if (leader !== null) await target.kill(leader)
    assert.equal((await copy.put('newer', 'life')).modRevision, saved + 2)
  } finally {
    await copy.close()
  }
})

test('what is no snapshot of Balsa is refused, and nothing is made', async () => {
  const whole = readFileSync(file)
  const bad = join(directory, 'bad')
  const into = join(directory, 'nothing')
  const flipped = Buffer.from(whole)
  flipped.writeUInt8(flipped.readUInt8(5000) ^ 1, 5000)
  const bolt = Buffer.alloc(32 * 1024)
  bolt.writeUInt32LE(0xed0cdaed, 16)
  for (const [bytes, why] of /** @type {const} */ ([
    [whole.subarray(0, whole.length - 100), /its length does not fit/],
    [flipped, /does not match its own SHA-256/],
    [Buffer.alloc(0), /its length does not fit/],
    [bolt, /is a snapshot of etcd\nNext: .*balsactl migrate/],
  ])) {
    writeFileSync(bad, bytes)
    for (const command of [['status'], ['restore', '--data-dir', into]]) {
      const { code, err } = await balsactl(['snapshot', ...command, bad])
      assert.equal(code, 1)
      assert.match(err, why)
    }
  }
  const wrong = await balsactl([
    'snapshot',
    'restore',
    file,
    '--data-dir',
    into,
    '--name',
    'x',
    '--initial-cluster',
    'n1=http://127.0.0.1:1',
  ])
  assert.deepEqual([wrong.code, wrong.err.includes('does not list this member')], [2, true])
  assert.ok(!existsSync(into))
})
