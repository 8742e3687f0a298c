// @ts-check
/**
 * A member whose disk is full: it stops and says so, the others serve, nothing that was acknowledged is lost, and it goes on when there is space again. A small file system where one can be mounted,
 * a limit on the length of files where not.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect } from '../../packages/balsa/dist/index.js'
import { LocalCluster, until } from '../../scripts/local-cluster.mjs'

const MIB = 1024 * 1024
/** Of the system, not of a package. */
const [MOUNT, UMOUNT] = ['mount', 'umount']
const root = mkdtempSync(join(tmpdir(), 'balsa-full-'))
/** @type {string[]} */
const mounted = []
/** @type {LocalCluster[]} */
const clusters = []

const canMount = mount(join(root, 'probe'), 1)

after(async () => {
  for (const cluster of clusters) await cluster.close()
  for (const path of mounted) execFileSync(UMOUNT, ['-l', path])
  rmSync(root, { recursive: true, force: true })
})

/** False = not here. @param {string} path @param {number} mib */
function mount(path, mib) {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  try {
    execFileSync(MOUNT, ['-t', 'tmpfs', '-o', `mode=700,size=${mib}m`, 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return false
  }
  mounted.push(path)
  return true
}

/** What makes files end at so many MiB, for the processes that it starts. @param {number} mib */
const shortFiles = (mib) => ['bash', '-c', `ulimit -f ${mib * 1024}; exec "$@"`, 'x']

/** Puts until the member has ended; the keys that were acknowledged. @param {LocalCluster} cluster @param {import('../../scripts/local-cluster.mjs').LocalMember} member */
async function fill(cluster, member) {
  const store = await connect({ endpoints: cluster.endpoints, deadlineMs: 20_000 })
  const value = Buffer.alloc(MIB / 2)
  let acknowledged = 0
  while (member.child !== null) {
    assert.ok(acknowledged < 1000, 'the disk was not full')
    value.writeUInt32LE(acknowledged)
    await store.put(`key${acknowledged}`, value)
    acknowledged += 1
  }
  // The others go on.
  await store.put('after', 'the end')
  await store.close()
  return acknowledged
}

/** What this member alone has. @param {import('../../scripts/local-cluster.mjs').LocalMember} member @param {number} acknowledged */
async function check(member, acknowledged) {
  const store = await connect({ endpoints: [member.endpoint] })
  await until(async () => (await store.get('after', { consistency: 'stale' }))?.text() === 'the end', {
    what: 'what was written meanwhile',
  })
  for (let at = 0; at < acknowledged; at++) {
    const found = await store.get(`key${at}`, { consistency: 'stale' })
    assert.equal(Buffer.from(found?.value ?? []).readUInt32LE(0), at)
  }
  const { count } = await store.range({ prefix: 'key' }, { countOnly: true, consistency: 'stale' })
  assert.ok(count >= acknowledged, `${count} of ${acknowledged}`)
  await store.close()
}

/** The last line of a member that has ended. @param {LocalCluster} cluster @param {import('../../scripts/local-cluster.mjs').LocalMember} member */
const lastLine = (cluster, member) => cluster.lastWords(member, 1)

test('a full disk under the tables: the member stops and says so, and goes on when there is space', async (context) => {
  const directory = join(root, 'tables')
  const limited = join(directory, 'n3/tables')
  mkdirSync(join(directory, 'n3'), { recursive: true, mode: 0o700 })
  const front = canMount && mount(limited, 24) ? [] : shortFiles(24)
  context.diagnostic(front.length === 0 ? 'a small file system' : 'a limit on the length of files')
  const cluster = await LocalCluster.start({ directory })
  clusters.push(cluster)
  const member = cluster.member('n3')
  if (front.length > 0) {
    await cluster.stop(member)
    await cluster.start(member, front)
    await cluster.ready(member)
  }
  const acknowledged = await fill(cluster, member)
  const said =
    front.length === 0
      ? /^balsad: DISK_FULL: write \S+\/tables\/state-\d+\.mdb: .+ Free space on this disk, then start the member again\.$/
      : /^balsad: IO_ERROR: write \S+\/tables\/state-\d+\.mdb: .+ulimit -f.+$/
  assert.match(await lastLine(cluster, member), said)
  // As long as nothing changes it ends again, whether anybody writes or not.
  await cluster.start(member, front)
  await member.exited
  assert.match(await lastLine(cluster, member), said)
  if (front.length === 0) execFileSync(MOUNT, ['-o', 'remount,size=400m', limited])
  await cluster.start(member)
  await cluster.ready(member)
  await check(member, acknowledged)
})

test('a full disk under the log: the same', async (context) => {
  const directory = join(root, 'log')
  const limited = join(directory, 'n3')
  const isMounted = canMount && mount(limited, 36)
  context.diagnostic(isMounted ? 'a small file system' : 'a limit on the length of files')
  if (isMounted) {
    // The tables have another disk, and space.
    mkdirSync(join(directory, 'tables'), { mode: 0o700 })
    symlinkSync(join(directory, 'tables'), join(limited, 'tables'))
  }
  const cluster = await LocalCluster.start({ directory })
  clusters.push(cluster)
  const member = cluster.member('n3')
  if (!isMounted) await cluster.stop(member)
  const front = isMounted ? [] : shortFiles(8)
  if (!isMounted) await cluster.start(member, front)
  const acknowledged = await fill(cluster, member)
  const said = /^balsad: (DISK_FULL|IO_ERROR): \S+ \S+: .+/
  assert.match(await lastLine(cluster, member), said)
  if (isMounted) {
    assert.match(
      await lastLine(cluster, member),
      /^balsad: DISK_FULL: .*no space left \(ENOSPC\)\. Free space on this disk, then start the member again\.$/,
    )
    execFileSync(MOUNT, ['-o', 'remount,size=400m', limited])
  }
  await cluster.start(member)
  await cluster.ready(member)
  await check(member, acknowledged)
})
