// @ts-check
/**
 * Three processes at default settings on this machine; the leader is killed (SIGKILL), or stands still (SIGSTOP: the connections stay open, as when a
 * machine dies), again and again. Time from that moment to the first write that is answered to clients of the survivors and was begun after it.
 * etcd, where it is installed, runs beside it in the same minutes; its clients ask both survivors over its JSON gateway, each try for 100 ms at most.
 * FAILOVER_KILLS: how often (default 30).
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from '../packages/balsa/dist/index.js'
import { LocalCluster, sleep, until } from '../scripts/local-cluster.mjs'
import { HOST, pickPort } from '../scripts/ports.mjs'
import { root } from '../scripts/processes.mjs'

const KILLS = Number(process.env.FAILOVER_KILLS ?? 30)
/** Between two kills all members are up and quiet for so long. */
const REST_MS = 1000

/**
 * What is measured: one of the two systems.
 * @typedef {object} Subject
 * @property {string} name
 * @property {() => Promise<number>} leader index of the member that leads
 * @property {(index: number, signal: NodeJS.Signals) => void} strike
 * @property {(index: number, signal: NodeJS.Signals) => Promise<void>} mend the member is up again, and takes part
 * @property {(survivors: readonly number[]) => Promise<() => Promise<unknown>>} writer connected clients of the survivors; the answer writes once, and resolves when that is acknowledged
 * @property {() => Promise<void>} close
 */

/** @param {string} directory @returns {Promise<Subject>} */
async function balsa(directory) {
  const cluster = await LocalCluster.start({ directory: join(directory, 'balsa') })
  const at = (/** @type {number} */ index) => /** @type {import('../scripts/local-cluster.mjs').LocalMember} */ (cluster.members[index])
  return {
    name: 'balsa',
    leader: async () => {
      const found = await until(() => cluster.leader(), { what: 'a leader' })
      return cluster.members.indexOf(found)
    },
    strike: (index, signal) => void at(index).child?.kill(signal),
    mend: async (index, signal) => {
      const member = at(index)
      if (signal === 'SIGSTOP') member.child?.kill('SIGCONT')
      else {
        await member.exited
        await cluster.start(member)
      }
      await cluster.ready(member)
    },
    writer: async (survivors) => {
      const store = await connect({ endpoints: survivors.map((index) => at(index).endpoint) })
      await store.put('failover', 'before')
      return () => store.put('failover', 'after').finally(() => store.close())
    },
    close: () => cluster.destroy(),
  }
}

/** @param {string} directory @returns {Promise<Subject | null>} */
async function etcd(directory) {
  let version
  try {
    version = /Version: (\S+)/.exec(execFileSync('etcd', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))?.[1]
  } catch {
    return null
  }
  const members = await Promise.all(
    [0, 1, 2].map(async (index) => ({
      name: `e${index}`,
      client: `http://${HOST}:${await pickPort()}`,
      peer: `http://${HOST}:${await pickPort()}`,
    })),
  )
  /** @type {(import('node:child_process').ChildProcess | null)[]} */
  const children = [null, null, null]
  const initial = members.map(({ name, peer }) => `${name}=${peer}`).join(',')
  const start = (/** @type {number} */ index) => {
    const member = /** @type {typeof members[number]} */ (members[index])
    const flags = [
      '--name', member.name, '--data-dir', join(directory, member.name),
      '--listen-client-urls', member.client, '--advertise-client-urls', member.client,
      '--listen-peer-urls', member.peer, '--initial-advertise-peer-urls', member.peer, '--initial-cluster', initial,
    ] // biome-ignore format: pairs of flag and value
    children[index] = spawn('etcd', flags, { stdio: 'ignore' })
  }
  /** @returns {Promise<any>} */
  const call = async (/** @type {number} */ index, /** @type {string} */ path, /** @type {object} */ body, timeoutMs = 1000) => {
    const response = await fetch(`${members[index]?.client}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(JSON.stringify(answer))
    return answer
  }
  const put = { key: Buffer.from('failover').toString('base64'), value: Buffer.from('after').toString('base64') }
  const serves = (/** @type {number} */ index) =>
    until(
      () =>
        call(index, '/v3/kv/put', put).then(
          () => true,
          () => false,
        ),
      { what: `etcd ${index}` },
    )
  for (const index of members.keys()) start(index)
  await Promise.all([...members.keys()].map(serves))
  return {
    name: `etcd ${version}`,
    leader: async () => {
      const statuses = await Promise.all(members.map((_, index) => call(index, '/v3/maintenance/status', {})))
      return statuses.findIndex(({ header, leader }) => header.member_id === leader)
    },
    strike: (index, signal) => void children[index]?.kill(signal),
    mend: async (index, signal) => {
      if (signal === 'SIGSTOP') children[index]?.kill('SIGCONT')
      else start(index)
      await serves(index)
    },
    writer: async (survivors) => {
      await Promise.all(survivors.map((index) => call(index, '/v3/kv/put', put)))
      return () => {
        let done = false
        const loop = async (/** @type {number} */ index) => {
          while (!done) {
            await call(index, '/v3/kv/put', put, 100).then(
              () => (done = true),
              () => sleep(2),
            )
          }
        }
        return Promise.race(survivors.map(loop))
      }
    },
    close: async () => {
      for (const child of children) child?.kill('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** @param {Subject} subject @param {NodeJS.Signals} signal */
async function measure(subject, signal) {
  await sleep(REST_MS)
  const leader = await subject.leader()
  const write = await subject.writer([0, 1, 2].filter((index) => index !== leader))
  subject.strike(leader, signal)
  const beganMs = performance.now()
  await write()
  const tookMs = performance.now() - beganMs
  // What stands still for long is another matter: it comes back before its clients give up.
  await subject.mend(leader, signal)
  return tookMs
}

/** @param {readonly number[]} sorted @param {number} share */
const at = (sorted, share) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(0).padStart(6)

// On a real disk: a temporary folder may be memory only, and then a sync costs nothing.
const directory = await mkdtemp(join(root, '.bench-'))
/** @type {Subject[]} */
const subjects = []
try {
  for (const open of [balsa, etcd]) {
    const subject = await open(directory)
    if (subject !== null) subjects.push(subject)
  }
  console.log(
    `failover: ${KILLS} times the leader of three processes, default settings; ms until a write of a client of the survivors is answered`,
  )
  console.log('  system            what happens            least  median   90 %   longest')
  for (const [signal, what] of /** @type {const} */ ([
    ['SIGKILL', 'kill -9'],
    ['SIGSTOP', 'stands still'],
  ])) {
    /** @type {Map<Subject, number[]>} */
    const times = new Map(subjects.map((subject) => [subject, []]))
    for (let round = 0; round < KILLS; round++) {
      for (const subject of subjects) times.get(subject)?.push(await measure(subject, signal))
    }
    for (const [subject, all] of times) {
      const sorted = all.sort((a, b) => a - b)
      console.log(
        `  ${subject.name.padEnd(17)} ${what.padEnd(20)} ${at(sorted, 0)}  ${at(sorted, 0.5)} ${at(sorted, 0.9)}    ${at(sorted, 1)}`,
      )
    }
  }
} finally {
  for (const subject of subjects) await subject.close()
  await rm(directory, { recursive: true, force: true })
}
