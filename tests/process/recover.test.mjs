// @ts-check
/** The way back from a lost quorum, with real processes: two of three members are gone for good, the third becomes a cluster that grows again. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { agreement } from '../../scripts/demo/stage.mjs'
import { Journal } from '../../scripts/journal.mjs'
import { LocalCluster, until } from '../../scripts/local-cluster.mjs'

test('two of three members are lost; the third is recovered with all its data, and two new ones join it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-recover-'))
  const cluster = await LocalCluster.start({ directory, flags: ['--max-log-bytes', String(16 * 1024)] })
  try {
    const journal = new Journal({ endpoints: cluster.endpoints, writers: 4 })
    journal.start()
    await until(() => journal.acknowledged > 500, { what: 'acknowledged writes', timeoutMs: 90_000 })
    await journal.stop()
    await agreement(cluster)
    const [first, second, third] = cluster.members
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const running = await cluster.balsactl(['recover', '--data-dir', third.dataDir])
    assert.equal(running.code, 1)
    assert.match(running.err, /LOCKED: /)
    const { clusterId } = await cluster.status(third)
    await Promise.all(cluster.members.map((member) => cluster.kill(member)))

    const shown = JSON.parse((await cluster.balsactl(['recover', '--data-dir', third.dataDir, '-o', 'json'])).out)
    assert.deepEqual([shown.recovered, shown.keep, shown.clusterId], [false, third.dataDir, clusterId])
    const recovered = await cluster.balsactl(['recover', '--data-dir', third.dataDir, '--yes', clusterId])
    assert.equal(recovered.code, 0, recovered.err)
    assert.match(recovered.out, /is cluster [0-9a-f]{12} now, with n3 as its only member/)

    await cluster.start(third)
    await cluster.ready(third)
    assert.notEqual((await cluster.status(third)).clusterId, clusterId)
    // All that the writers were told is there.
    const proof = await journal.verify([third.endpoint])
    assert.deepEqual(proof.problems, [])
    assert.ok(proof.acknowledged > 500)
    const again = new Journal({ endpoints: [third.endpoint], writers: 2, prefix: 'again' })
    again.start()
    cluster.forget(first)
    cluster.forget(second)
    for (const number of [4, 5]) {
      const member = await cluster.reserve(number)
      cluster.admit(member)
      const args = ['member', 'add', member.name, `127.0.0.1:${member.peerPort}`, '--client', member.endpoint, '--timeout', '40s']
      const adding = cluster.balsactl(args)
      await cluster.start(member)
      const added = await adding
      assert.equal(added.code, 0, added.err)
    }
    await again.stop()
    await agreement(cluster)
    assert.deepEqual((await again.verify()).problems, [])

    // An old member that joins is told so; one that only starts is heard by nobody.
    cluster.admit(first)
    first.joins = true
    await cluster.start(first)
    await first.exited
    assert.match(await cluster.lastWords(first), new RegExp(`IDENTITY_MISMATCH: .* of cluster ${clusterId}`))
    first.joins = false
    await cluster.start(first)
    await until(async () => /CLUSTER_MISMATCH/.test(await cluster.lastWords(third, 200)), { what: 'the old member to be refused' })
    await cluster.kill(first)
    cluster.forget(first)
    assert.equal(JSON.parse((await cluster.balsactl(['member', 'list', '-o', 'json'])).out).members.length, 3)
  } catch (error) {
    await cluster.close()
    throw new Error(`${error}; data and logs: ${directory}`, { cause: error })
  }
  await cluster.destroy()
  await rm(directory, { recursive: true, force: true })
})
