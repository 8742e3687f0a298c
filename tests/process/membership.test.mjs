// @ts-check
/**
 * Real processes whose cluster changes while clients write: growth and shrinking, a replaced disk, kill -9 of leaders, joiners and everybody in the
 * middle of a change. Everything acknowledged must be there exactly once.
 *
 * Replay: BALSA_SEED=<seed> node --test tests/process/membership.test.mjs (the choices repeat; the machine's timing does not).
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { growAndShrink } from '../../scripts/demo/grow.mjs'
import { agreement, currentLeader, sameState } from '../../scripts/demo/stage.mjs'
import { Journal } from '../../scripts/journal.mjs'
import { LocalCluster, sleep, until } from '../../scripts/local-cluster.mjs'
import { asMemberId } from '@balsa/raft'
import { connect } from '../../packages/balsa/dist/index.js'
import { generator } from './generator.mjs'

/** @typedef {import('../../scripts/local-cluster.mjs').LocalMember} LocalMember */

const ROUNDS = Number(process.env.BALSA_ROUNDS ?? 3)
const SEED = Number(process.env.BALSA_SEED ?? (Math.random() * 2 ** 31) | 0)
const random = generator(SEED)

/**
 * A cluster with writers, and the proof at the end. Data and logs stay when it fails.
 * @param {number} size
 * @param {number} spares members that may join
 * @param {(cluster: LocalCluster, journal: Journal, spares: readonly LocalMember[]) => Promise<void>} play
 */
async function proven(size, spares, play) {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-membership-'))
  const cluster = await LocalCluster.start({ directory, size, flags: ['--max-log-bytes', String(256 * 1024)] })
  const reserved = await Promise.all(Array.from({ length: spares }, (_, at) => cluster.reserve(size + 1 + at)))
  const journal = new Journal({ endpoints: [...cluster.members, ...reserved].map(({ endpoint }) => endpoint), writers: 4 })
  try {
    await play(cluster, journal, reserved)
    await journal.stop()
    await agreement(cluster)
    const proof = await journal.verify()
    assert.deepEqual(proof.problems, [])
    assert.ok(proof.acknowledged > 0)
    assert.ok(await sameState(cluster), 'the states of the members differ')
  } catch (error) {
    await journal.stop().catch(() => {})
    await cluster.close()
    throw new Error(`${error}; BALSA_SEED=${SEED}; data and logs: ${directory}`, { cause: error })
  }
  await cluster.destroy()
}

test('one member, three, five, a leader that dies with its disk is replaced, and three again, under writes', async (context) => {
  await proven(1, 4, async (cluster, journal, spares) => {
    const all = [...cluster.members, ...spares]
    await growAndShrink({ cluster, journal, say: (text) => context.diagnostic(text), calmMs: 200 }, all)
    assert.equal(cluster.members.length, 3)
  })
})

/** @type {Record<string, (cluster: LocalCluster, changing: LocalMember) => Promise<void>>} */
const faults = {
  'kill the leader': async (cluster) => {
    const leader = await cluster.leader()
    if (leader !== null) await cluster.kill(leader)
  },
  'kill everybody': async (cluster) => {
    await Promise.all(cluster.members.map((member) => cluster.kill(member)))
  },
  'kill who joins or leaves': async (cluster, changing) => cluster.kill(changing),
  'pause the leader': async (cluster) => {
    const leader = await cluster.leader()
    if (leader === null) return
    cluster.pause(leader)
    await sleep(400 + random.int(800))
    cluster.resume(leader)
  },
}

/** @typedef {{ cluster: LocalCluster, journal: Journal, client: import('../../packages/balsa/dist/index.js').Client, say: (text: string) => void }} Stage */
/** @typedef {Parameters<Stage['client']['admin']['changeMembership']>[0][number]} Change */

/**
 * Asks for a change, lets something bad happen in its middle, brings everybody back, and waits until the cluster writes again.
 * @param {Stage} stage
 * @param {Change} change
 * @param {LocalMember} changing
 */
async function disturbed({ cluster, journal, client, say }, change, changing) {
  const name = random.pick(Object.keys(faults))
  const asked = client.admin.changeMembership([change], { force: true, deadlineMs: 5_000 }).catch(() => null)
  if (changing.child === null) await cluster.start(changing)
  // A change is decided in a few ms; one that brings a member in takes as long as that one needs to start and to catch up.
  const delayMs = random.int(random.pick([20, 100, 900]))
  await sleep(delayMs)
  say(`${change.type} ${changing.name}: ${name} after ${delayMs} ms; ${journal.acknowledged} acknowledged`)
  await faults[name]?.(cluster, changing)
  await asked
  await sleep(random.int(300))
  for (const member of cluster.members) if (member.child === null && member !== changing) await cluster.start(member)
  const before = journal.acknowledged
  await until(() => journal.acknowledged > before, { what: `writes after ${change.type} of ${changing.name} and ${name}` })
}

test(`${ROUNDS} changes with kill -9 and SIGSTOP in their middle, and as many back (BALSA_SEED=${SEED})`, async (context) => {
  await proven(3, ROUNDS, async (cluster, journal, spares) => {
    const client = await connect({ endpoints: [...cluster.members, ...spares].map(({ endpoint }) => endpoint) })
    const stage = { cluster, journal, client, say: (/** @type {string} */ text) => context.diagnostic(text) }
    journal.start()
    for (const spare of spares) {
      cluster.admit(spare)
      const member = { id: asMemberId(0), name: spare.name, address: `127.0.0.1:${spare.peerPort}`, clientAddress: spare.endpoint }
      await become(stage, spare, () => ({ type: 'add', member, promote: true, witness: false }))
      // Anybody may go, also the leader.
      const goes = random.pick(cluster.members)
      await become(stage, goes, (id) => ({ type: 'remove', id }))
      if (goes.child === null) await cluster.start(goes)
      await goes.exited
      cluster.forget(goes)
      await rm(goes.dataDir, { recursive: true, force: true })
    }
    await client.close()
    assert.equal(cluster.members.length, 3)
  })
})

/**
 * Makes the change, disturbed, and asks again, if need be, until it is so. A member that joins is started again when it has ended.
 * @param {Stage} stage
 * @param {LocalMember} changing
 * @param {(id: import('@balsa/raft').MemberId) => Change} changeOf
 */
async function become(stage, changing, changeOf) {
  const { cluster, client, say } = stage
  const find = async () => {
    const { members } = await client.admin.members({ deadlineMs: 20_000 })
    const row = members.find(({ name }) => name === changing.name) ?? null
    return { row, settled: members.every((member) => member.stage === 'settled') }
  }
  const change = changeOf(asMemberId((await find()).row?.id ?? 0))
  await disturbed(stage, change, changing)
  const leaves = change.type === 'remove'
  await until(
    async () => {
      const { row, settled } = await find()
      if (settled && (leaves ? row === null : row?.role === 'voter')) return true
      if (settled && leaves === (row !== null)) {
        say(`again: ${change.type} ${changing.name}`)
        await client.admin.changeMembership([change], { deadlineMs: 5_000 }).catch(() => null)
      }
      if (!leaves && changing.child === null) await cluster.start(changing)
      return false
    },
    { what: `${change.type} of ${changing.name} to be done`, timeoutMs: 60_000, intervalMs: 100 },
  )
}

test('the leader that is removed stops by itself, and its directory is refused for ever', async () => {
  await proven(3, 0, async (cluster, journal) => {
    journal.start()
    await until(() => journal.acknowledged > 0, { what: 'the first acknowledged write' })
    const leader = await currentLeader(cluster)
    const removed = await cluster.balsactl(['member', 'remove', leader.name, '--timeout', '40s'])
    assert.equal(removed.code, 0, removed.err)
    await leader.exited
    const before = journal.acknowledged
    await until(() => journal.acknowledged > before, { what: 'writes without the removed leader' })
    await cluster.start(leader)
    await leader.exited
    assert.match(await cluster.lastWords(leader), /REMOVED/)
    cluster.forget(leader)
  })
})
