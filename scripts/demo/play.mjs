// @ts-check
/** What happens in the demo, and the proof. */
import { Journal } from '../journal.mjs'
import { sleep, until } from '../local-cluster.mjs'
import { agreement, caughtUp, currentLeader, isProven, sameState } from './stage.mjs'

/** @typedef {import('../local-cluster.mjs').LocalCluster} LocalCluster */
/** @typedef {import('../local-cluster.mjs').LocalMember} LocalMember */
/** @typedef {import('./view.mjs').DemoView} DemoView */
/** @typedef {{ what: string, gapMs: number }} Fault */

/** How long the writers go on undisturbed between two faults. */
const CALM_MS = 2_500
const PAUSE_MS = 3_000

/**
 * @param {{ cluster: LocalCluster, view: DemoView, writers: number, directory: string }} options
 * @returns {Promise<boolean>} whether the proof holds
 */
export async function playDemo({ cluster, view, writers, directory }) {
  view.introduce(cluster, directory, writers)
  const journal = new Journal({ endpoints: cluster.endpoints, writers })
  view.watch(cluster, journal)
  journal.start()
  await until(() => journal.acknowledged > 0, { what: 'the first acknowledged write' })
  await sleep(CALM_MS)

  /** @type {Fault[]} */
  const faults = []
  const leader = await currentLeader(cluster)
  faults.push(
    await fault({ cluster, view, journal }, `kill -9 of the leader ${leader.name} (pid ${leader.child?.pid})`, () => cluster.kill(leader)),
  )
  await bringBack(cluster, view, leader)

  const follower = await someFollower(cluster)
  faults.push(
    await fault({ cluster, view, journal }, `kill -9 of the follower ${follower.name} (pid ${follower.child?.pid})`, () =>
      cluster.kill(follower),
    ),
  )
  await bringBack(cluster, view, follower)

  const paused = await currentLeader(cluster)
  faults.push(
    await fault({ cluster, view, journal }, `pause (SIGSTOP) of the leader ${paused.name} for ${PAUSE_MS / 1000} s`, async () => {
      cluster.pause(paused)
      await sleep(PAUSE_MS)
      cluster.resume(paused)
    }),
  )
  await caughtUp(cluster, paused)
  await sleep(500)
  await journal.stop()
  await agreement(cluster)
  view.end()

  const proof = await journal.verify()
  const holds = isProven(proof) && (await sameState(cluster))
  view.prove({ proof, faults, holds, members: await Promise.all(cluster.members.map((member) => cluster.status(member))) })
  return holds
}

/**
 * Lets one fault happen under load and measures the longest time without an acknowledgement around it.
 * @param {{ cluster: LocalCluster, view: DemoView, journal: Journal }} stage
 * @param {string} what
 * @param {() => Promise<void>} happen
 * @returns {Promise<Fault>}
 */
async function fault({ view, journal }, what, happen) {
  view.say(`! ${what}`)
  const from = performance.now()
  await happen()
  const acknowledged = journal.acknowledged
  await until(() => journal.acknowledged > acknowledged, { what: `writes to go on after ${what}` })
  await sleep(CALM_MS)
  const gapMs = journal.longestGapMs(from)
  view.say(`  writes went on; longest interruption ${gapMs.toFixed(0)} ms`)
  return { what, gapMs }
}

/** @param {LocalCluster} cluster */
async function someFollower(cluster) {
  const leader = await currentLeader(cluster)
  const follower = cluster.members.find((member) => member !== leader && member.child !== null)
  if (follower === undefined) throw new Error('there is no follower')
  return follower
}

/** @param {LocalCluster} cluster @param {DemoView} view @param {LocalMember} member */
async function bringBack(cluster, view, member) {
  view.say(`+ restart of ${member.name} on its own data`)
  const from = performance.now()
  await cluster.start(member)
  await cluster.ready(member)
  await caughtUp(cluster, member)
  view.say(`  ${member.name} has caught up after ${(performance.now() - from).toFixed(0)} ms`)
  await sleep(CALM_MS / 2)
}
