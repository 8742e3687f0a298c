// @ts-check
/**
 * A cluster that changes while it serves: one member becomes three, then five; the leader dies with its disk and is replaced; two go, the leader
 * among them, and three are left. All by the commands that an operator would type.
 */
import { Journal } from '../journal.mjs'
import { sleep, until } from '../local-cluster.mjs'
import { agreement, caughtUp, currentLeader, isProven, sameState } from './stage.mjs'

/** @typedef {import('../local-cluster.mjs').LocalCluster} LocalCluster */
/** @typedef {import('../local-cluster.mjs').LocalMember} LocalMember */
/** @typedef {{ what: string, gapMs: number }} Step */
/** @typedef {{ cluster: LocalCluster, journal: Journal, say: (text: string) => void, calmMs: number }} Stage */

const LARGEST = 5

/**
 * @param {{ cluster: LocalCluster, view: import('./view.mjs').DemoView, writers: number, directory: string }} options cluster: of one member
 * @returns {Promise<boolean>} whether the proof holds
 */
export async function playGrow({ cluster, view, writers, directory }) {
  view.introduce(cluster, directory, writers)
  // Clients are told from the beginning where members will be.
  const all = [...cluster.members]
  while (all.length < LARGEST) all.push(await cluster.reserve(all.length + 1))
  const journal = new Journal({ endpoints: all.map(({ endpoint }) => endpoint), writers })
  view.watch(cluster, journal)
  const steps = await growAndShrink({ cluster, journal, say: (text) => view.say(text), calmMs: 2_000 }, all)
  view.end()
  const proof = await journal.verify()
  const holds = isProven(proof) && (await sameState(cluster))
  view.prove({ proof, faults: steps, holds, members: await Promise.all(cluster.members.map((member) => cluster.status(member))) })
  return holds
}

/**
 * The whole play. Afterwards the journal has stopped and three members agree.
 * @param {Stage} stage
 * @param {readonly LocalMember[]} all the one that runs and four that will join; the cluster lists only those that have joined
 */
export async function growAndShrink(stage, all) {
  const { cluster, journal } = stage
  /** @type {Step[]} */
  const steps = []
  /** @param {string} what @param {() => Promise<void>} happen */
  const step = async (what, happen) => void steps.push(await measured(stage, what, happen))
  journal.start()
  await until(() => journal.acknowledged > 0, { what: 'the first acknowledged write' })
  await sleep(stage.calmMs)
  const joins = (/** @type {number} */ from, /** @type {number} */ to) => async () => {
    for (const member of all.slice(from, to)) await joined(stage, member)
  }
  await step('one member became three', joins(1, 3))
  await step('three became five', joins(3, 5))
  const dead = await currentLeader(cluster)
  await step(`kill -9 of the leader ${dead.name}, whose disk is lost too`, async () => {
    await cluster.kill(dead)
    await cluster.loseDisk(dead)
  })
  await step(`${dead.name} was replaced`, () => replaced(stage, dead))
  const leader = await currentLeader(cluster)
  const follower = cluster.members.find((member) => member !== leader && member !== dead) ?? dead
  await step(`${follower.name} and the leader ${leader.name} were removed`, async () => {
    await removed(stage, follower)
    await removed(stage, leader)
  })
  await journal.stop()
  await agreement(cluster)
  return steps
}

/**
 * @param {Stage} stage
 * @param {string} what
 * @param {() => Promise<void>} happen
 * @returns {Promise<Step>}
 */
async function measured({ journal, say, calmMs }, what, happen) {
  const from = performance.now()
  await happen()
  const acknowledged = journal.acknowledged
  await until(() => journal.acknowledged > acknowledged, { what: `writes to go on after ${what}` })
  await sleep(calmMs)
  const gapMs = journal.longestGapMs(from)
  say(`  ${what}; longest interruption of the writes ${gapMs.toFixed(0)} ms`)
  return { what, gapMs }
}

/** @param {Stage} stage @param {LocalMember} member */
async function joined(stage, member) {
  const { cluster } = stage
  cluster.admit(member)
  await change(stage, ['member', 'add', member.name, `127.0.0.1:${member.peerPort}`, '--client', member.endpoint], member)
  await caughtUp(cluster, member)
}

/** @param {Stage} stage @param {LocalMember} member dead, without its data */
async function replaced(stage, member) {
  await change(stage, ['member', 'replace', member.name, '--client', member.endpoint], member)
  await caughtUp(stage.cluster, member)
}

/** @param {Stage} stage @param {LocalMember} member */
async function removed(stage, member) {
  const { exited } = member
  await change(stage, ['member', 'remove', member.name], null)
  // Nobody kills it: it stops when it hears that it was removed.
  await exited
  stage.cluster.forget(member)
}

/**
 * Runs the command to its end; the process that it waits for is started as soon as the cluster knows of it.
 * @param {Stage} stage
 * @param {readonly string[]} command
 * @param {LocalMember | null} starts
 */
async function change({ cluster, say }, command, starts) {
  say(`$ balsactl ${command.join(' ')}`)
  const done = cluster.balsactl([...command, '--timeout', '40s', '--wait', '120s'])
  if (starts !== null) {
    // With an empty data directory it must not be taken for the one that it replaces.
    await until(() => awaited(cluster, starts), { what: `all members to know of the new ${starts.name}` })
    await cluster.start(starts)
  }
  const { code, out, err } = await done
  if (code !== 0) throw new Error(`balsactl ${command.join(' ')} ended with ${code}: ${err}${out}`)
  const [last = ''] = out.trimEnd().split('\n').slice(-1)
  say(`  ${last}`)
}

/** Whether every member that is up knows of one with this name that does not vote yet. @param {LocalCluster} cluster @param {LocalMember} member */
async function awaited(cluster, member) {
  const up = cluster.members.filter(({ child }) => child !== null)
  const views = await Promise.all(up.map((other) => cluster.status(other)))
  return views.every((view) =>
    view?.members.some((/** @type {{ name: string, role: string }} */ { name, role }) => name === member.name && role === 'learner'),
  )
}
