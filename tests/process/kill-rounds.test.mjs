// @ts-check
/**
 * Real processes, real files: rounds of kill -9, SIGSTOP and restart at random moments while writers append through sessions. Everything
 * acknowledged must be there exactly once.
 *
 * Replay: BALSA_SEED=<seed> node --test tests/process/kill-rounds.test.mjs (the choices repeat; the machine's timing does not).
 */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Journal } from '../../scripts/journal.mjs'
import { LocalCluster, sleep, until } from '../../scripts/local-cluster.mjs'
import { generator } from './generator.mjs'

/** @typedef {import('../../scripts/local-cluster.mjs').LocalMember} LocalMember */

const ROUNDS = Number(process.env.BALSA_ROUNDS ?? 30)
const SEED = Number(process.env.BALSA_SEED ?? (Math.random() * 2 ** 31) | 0)

const random = generator(SEED)

/** @type {Record<string, (cluster: LocalCluster) => Promise<void>>} */
const faults = {
  'kill the leader': async (cluster) => cluster.kill(await leader(cluster)),
  'kill a follower': async (cluster) => cluster.kill(await follower(cluster)),
  'kill a majority': async (cluster) => {
    const spared = random.pick(cluster.members)
    await Promise.all(cluster.members.filter((member) => member !== spared).map((member) => cluster.kill(member)))
  },
  'kill everybody': async (cluster) => {
    await Promise.all(cluster.members.map((member) => cluster.kill(member)))
  },
  'kill the leader, and its successor': async (cluster) => {
    const first = await leader(cluster)
    await cluster.kill(first)
    await sleep(random.int(600))
    await cluster.kill(random.pick(cluster.members.filter((member) => member !== first)))
  },
  'pause the leader': async (cluster) => pause(cluster, await leader(cluster)),
  'pause a follower': async (cluster) => pause(cluster, await follower(cluster)),
  'stop the leader gracefully': async (cluster) => cluster.stop(await leader(cluster)),
  'kill a member while it starts': async (cluster) => {
    const member = random.pick(cluster.members)
    await cluster.kill(member)
    await cluster.start(member)
    await sleep(random.int(400))
    await cluster.kill(member)
  },
}

/** @param {LocalCluster} cluster */
const leader = (cluster) => until(() => cluster.leader(), { what: 'a leader' })

/** @param {LocalCluster} cluster */
async function follower(cluster) {
  const leading = await leader(cluster)
  return random.pick(cluster.members.filter((member) => member !== leading))
}

/** @param {LocalCluster} cluster @param {LocalMember} member */
async function pause(cluster, member) {
  cluster.pause(member)
  await sleep(200 + random.int(1_500))
  cluster.resume(member)
}

test(`${ROUNDS} rounds of kill -9, SIGSTOP and restart lose and duplicate nothing (BALSA_SEED=${SEED})`, async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-kill-'))
  // Small segments and snapshots, so that rotation, compaction and snapshot transfer happen all the time.
  const cluster = await LocalCluster.start({ directory, flags: ['--max-log-bytes', String(256 * 1024)] })
  const journal = new Journal({ endpoints: cluster.endpoints, writers: 6 })
  try {
    journal.start()
    for (let round = 1; round <= ROUNDS; round++) {
      await sleep(random.int(500))
      const name = random.pick(Object.keys(faults))
      context.diagnostic(`round ${round}: ${name}; ${journal.acknowledged} acknowledged`)
      await faults[name]?.(cluster)
      await sleep(random.int(700))
      for (const member of cluster.members) if (member.child === null) await cluster.start(member)
      const before = journal.acknowledged
      await until(() => journal.acknowledged > before, { what: `writes after round ${round} (${name}), BALSA_SEED=${SEED}` })
    }
    await journal.stop()
    const proof = await journal.verify()
    context.diagnostic(JSON.stringify({ ...proof, problems: proof.problems.length, errors: Object.fromEntries(journal.errors) }))
    assert.deepEqual(proof.problems, [], `BALSA_SEED=${SEED}; data and logs: ${directory}`)
    assert.ok(proof.acknowledged > ROUNDS)
    await sameState(cluster)
  } catch (error) {
    // The data stay for whoever looks into it.
    await journal.stop().catch(() => {})
    await cluster.close()
    throw new Error(`BALSA_SEED=${SEED}; data and logs: ${directory}`, { cause: error })
  }
  await cluster.destroy()
})

/** Equal logs led to equal states, on every member. @param {LocalCluster} cluster */
async function sameState(cluster) {
  for (const member of cluster.members) await cluster.ready(member)
  await until(
    async () => {
      const all = await Promise.all(cluster.members.map((member) => cluster.status(member)))
      const [first] = all
      if (all.some((status) => status === null || status.appliedIndex !== first.appliedIndex)) return false
      for (const status of all) assert.equal(status.stateHash, first.stateHash, `BALSA_SEED=${SEED}: the members' states differ`)
      return true
    },
    { what: 'all members to apply the whole log' },
  )
}
