// @ts-check
/** A member that is given the whole state, killed (SIGKILL) at any moment of that, again and again, while the leader goes on writing: in the end it has the same state. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { encodeCommand } from '@balsa/kv'
import { asMemberId } from '@balsa/raft'
import { Member } from '@balsa/server'
import { memberOptions } from '../../scripts/member-options.mjs'
import { HOST, pickPorts } from '../../scripts/ports.mjs'

const ROUNDS = 8
const KEYS = 40_000
const KEYS_PER_COMMAND = 10
const FOLLOWER_ID = 2
/** So little that most of the log is compacted. */
const MAX_LOG_BYTES = 300_000
/** If nothing comes, because the log is enough by now. */
const LONGEST_ROUND_MS = 5000

/** @param {number} from @param {number} seed */
const putsOf = (from, seed) =>
  encodeCommand({
    type: 'txn',
    stamp: null,
    txn: {
      compares: [],
      failure: [],
      success: Array.from({ length: KEYS_PER_COMMAND }, (_, at) => ({
        type: /** @type {const} */ ('put'),
        key: Buffer.from(`key${(from + at) % KEYS}`),
        value: new Uint8Array(250).fill(seed),
        lease: 0n,
        previous: false,
        keepValue: false,
        keepLease: false,
      })),
    },
  })

/** @typedef {{ directory: string, ports: { peer: number, client: number }, leader: string, clusterId: number }} Given */

/** @param {Given} given */
async function runFollower({ directory, ports, leader, clusterId }) {
  const options = memberOptions(directory, ports, 'follower', ['--initial-cluster-state=existing', `--join=${leader}`])
  const member = await Member.start({ ...options, maxLogBytes: MAX_LOG_BYTES, memberId: asMemberId(FOLLOWER_ID), clusterId })
  member.replica.on('restored', () => process.send?.('restored'))
  process.on('message', () => {
    const { appliedIndex } = member.replica.status()
    try {
      process.send?.({ appliedIndex, stats: member.replica.query({ type: 'stats' }) })
    } catch {
      // The state is just being replaced.
      process.send?.({ appliedIndex: 0, stats: null })
    }
  })
  process.send?.('started')
}

/** @param {Given} given */
const startFollower = (given) => fork(fileURLToPath(import.meta.url), { env: { ...process.env, BALSA_FOLLOWER: JSON.stringify(given) } })

/** Names of data files. @param {string} directory @returns {Promise<string[]>} */
const dataFilesIn = async (directory) =>
  (await readdir(join(directory, 'follower', 'tables')).catch(() => [])).filter((name) => name.endsWith('.mdb'))

/** Killed so long after a state has begun to come. Whether it has come as a whole before that. @param {Given} given @param {number} afterMs */
function startAndKill(given, afterMs) {
  return new Promise((resolve, reject) => {
    let restored = false
    const child = startFollower(given)
    const kill = () => child.kill('SIGKILL')
    const last = setTimeout(kill, LONGEST_ROUND_MS)
    const look = async () => {
      if ((await dataFilesIn(given.directory)).length < 2 && !restored) return
      clearInterval(watching)
      setTimeout(kill, afterMs)
    }
    const watching = setInterval(() => void look(), 2)
    child.on('message', (told) => (restored ||= told === 'restored'))
    child.once('exit', (code, signal) => {
      clearInterval(watching)
      clearTimeout(last)
      if (signal === 'SIGKILL') resolve(restored)
      else reject(new Error(`the follower ended with ${code}`))
    })
  })
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<{ appliedIndex: number, stats: import('@balsa/kv').KvStats | null }>} */
const statsOf = (child) =>
  new Promise((resolve) => {
    const listen = (/** @type {any} */ told) => {
      if (typeof told !== 'object') return
      child.off('message', listen)
      resolve(told)
    }
    child.on('message', listen)
    child.send('stats')
  })

if (process.env.BALSA_FOLLOWER !== undefined) await runFollower(JSON.parse(process.env.BALSA_FOLLOWER))
else {
  test('whatever moment a member is killed at while it is given the whole state, it comes to have it', {
    timeout: 180_000,
  }, async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'balsa-state-'))
    const [ports, own] = [await pickPorts(), await pickPorts()]
    const options = memberOptions(directory, ports, 'leader', [`--initial-cluster=leader=${HOST}:${ports.peer}`])
    const leader = await Member.start({ ...options, maxLogBytes: MAX_LOG_BYTES })
    await leader.whenReady()
    for (let from = 0; from < KEYS; from += 100 * KEYS_PER_COMMAND) {
      await Promise.all(Array.from({ length: 100 }, (_, at) => leader.replica.propose(putsOf(from + at * KEYS_PER_COMMAND, 1))))
    }
    const address = { address: `${HOST}:${own.peer}`, clientAddress: `${HOST}:${own.client}`, name: 'follower' }
    const change = leader.replica.changeMembership([
      { type: 'add', member: { id: asMemberId(FOLLOWER_ID), ...address }, promote: false, witness: false },
    ])
    const given = { directory, ports: own, leader: `${HOST}:${ports.peer}`, clusterId: options.clusterId }
    let writing = true
    const written = (async () => {
      for (let round = 0; writing; round++) await leader.replica.propose(putsOf(round * 7919, round & 0xff))
    })()
    let restored = 0
    let halves = 0
    for (let round = 1; round <= ROUNDS; round++) {
      if (await startAndKill(given, (round * 37) % 240)) restored += 1
      else if ((await dataFilesIn(directory)).length > 1) halves += 1
    }
    context.diagnostic(`${ROUNDS} rounds: ${halves} ended while the state came, ${restored} after it was there`)
    assert.ok(halves + restored > 0)
    const child = startFollower(given)
    await new Promise((resolve) => child.on('message', (told) => told === 'started' && resolve(undefined)))
    await change
    writing = false
    await written
    const wanted = /** @type {import('@balsa/kv').KvStats} */ (leader.replica.query({ type: 'stats' }))
    let found = await statsOf(child)
    while (found.appliedIndex < wanted.appliedIndex) found = await statsOf(child)
    assert.deepEqual(found.stats, wanted)
    // What the new file has replaced goes soon after, and for good.
    while ((await dataFilesIn(directory)).length > 1) await statsOf(child)
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    await leader.close()
    assert.equal((await dataFilesIn(directory)).length, 1)
    await rm(directory, { recursive: true })
  })
}
