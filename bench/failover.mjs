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
import { etcdFlags } from '../scripts/compat/etcd-server.mjs'
import { LocalCluster, sleep, until } from '../scripts/local-cluster.mjs'
import { HOST, pickPorts } from '../scripts/ports.mjs'
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
      return async () => {
        await store.put('failover', 'after')
        // Not part of what is measured: it ends the session with one more write.
        store.close().catch(() => undefined)
      }
    },
    close: () => cluster.destroy(),
  }
}

const PUT = { key: Buffer.from('failover').toString('base64'), value: Buffer.from('after').toString('base64') }

/** Three processes of etcd. @implements {Subject} */
class Etcd {
  /** @type {string} */
  name
  /** @type {string} */
  #directory
  /** @type {readonly import('../scripts/compat/etcd-server.mjs').EtcdMember[]} */
  #members
  /** @type {(import('node:child_process').ChildProcess | null)[]} */
  #children = [null, null, null]

  /** @param {string} version @param {string} directory @param {readonly import('../scripts/compat/etcd-server.mjs').EtcdMember[]} members */
  constructor(version, directory, members) {
    this.name = `etcd ${version}`
    this.#directory = directory
    this.#members = members
  }

  /** Null where etcd is not installed. @param {string} directory */
  static async start(directory) {
    let version
    try {
      version = execFileSync('etcd', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    } catch {
      return null
    }
    const members = await Promise.all(['e1', 'e2', 'e3'].map(async (name) => ({ name, ...(await pickPorts()) })))
    const etcd = new Etcd(/Version: (\S+)/.exec(version)?.[1] ?? '', directory, members)
    for (const index of members.keys()) etcd.#start(index)
    await Promise.all([...members.keys()].map((index) => etcd.#serves(index)))
    return etcd
  }

  /** @param {number} index */
  #start(index) {
    const member = this.#members[index]
    if (member === undefined) throw new Error(`no member ${index}`)
    const flags = etcdFlags(this.#directory, member, { cluster: this.#members })
    this.#children[index] = spawn('etcd', flags, { stdio: 'ignore' })
  }

  /** @param {number} index @param {string} path @param {object} body @param {number} [timeoutMs] @returns {Promise<any>} */
  async #call(index, path, body, timeoutMs = 1000) {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(`http://${HOST}:${this.#members[index]?.client}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal,
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(JSON.stringify(answer))
    return answer
  }

  /** @param {number} index @param {number} [timeoutMs] @returns {Promise<boolean>} */
  #put(index, timeoutMs) {
    return this.#call(index, '/v3/kv/put', PUT, timeoutMs).then(
      () => true,
      () => false,
    )
  }

  /** @param {number} index */
  async #serves(index) {
    await until(() => this.#put(index), { what: `etcd ${index}` })
  }

  async leader() {
    const statuses = await Promise.all(this.#members.map((_, index) => this.#call(index, '/v3/maintenance/status', {})))
    return statuses.findIndex(({ header, leader }) => header.member_id === leader)
  }

  /** @param {number} index @param {NodeJS.Signals} signal */
  strike(index, signal) {
    this.#children[index]?.kill(signal)
  }

  /** @param {number} index @param {NodeJS.Signals} signal */
  async mend(index, signal) {
    if (signal === 'SIGSTOP') this.#children[index]?.kill('SIGCONT')
    else this.#start(index)
    await this.#serves(index)
  }

  /** @param {readonly number[]} survivors */
  async writer(survivors) {
    await Promise.all(survivors.map((index) => this.#serves(index)))
    return () => {
      let done = false
      const loop = async (/** @type {number} */ index) => {
        while (!done) {
          if (await this.#put(index, 100)) done = true
          else await sleep(2)
        }
      }
      return Promise.race(survivors.map(loop))
    }
  }

  async close() {
    for (const child of this.#children) child?.kill('SIGKILL')
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
  for (const open of [balsa, Etcd.start]) {
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
