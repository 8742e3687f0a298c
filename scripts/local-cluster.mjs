// @ts-check
/**
 * A cluster of real `balsad` processes on this machine: started, killed, paused and restarted by the demo, the process tests and the benchmark.
 * Every process is a child of the caller; `close` leaves none behind.
 */
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HOST, pickPort } from './ports.mjs'
import { root } from './processes.mjs'

const BALSAD = join(root, 'packages/balsa/bin/balsad.js')
const BALSACTL = join(root, 'packages/balsa/bin/balsactl.js')

/**
 * @typedef {object} LocalMember
 * @property {string} name
 * @property {number} peerPort
 * @property {number} clientPort
 * @property {string} endpoint host:port for clients
 * @property {string} dataDir
 * @property {string} logFile standard error of all its lives
 * @property {import('node:child_process').ChildProcess | null} child null while it is down
 * @property {boolean} paused
 * @property {boolean} joins it was not there when the cluster was founded
 * @property {Promise<void>} exited settles when the current process has ended
 */

/** @param {number} ms @returns {Promise<void>} */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Polls until `probe` gives something else than undefined, null or false.
 * @template T
 * @param {() => Promise<T> | T} probe
 * @param {{ what: string, timeoutMs?: number, intervalMs?: number }} options
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(probe, { what, timeoutMs = 30_000, intervalMs = 20 }) {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== null && value !== false) return value
    if (performance.now() > deadline) throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`)
    await sleep(intervalMs)
  }
}

/** The last words of a process. @param {string} file @param {number} count */
async function lastLines(file, count) {
  const text = await readFile(file, 'utf8').catch((error) => String(error))
  return text.trimEnd().split('\n').slice(-count).join('\n')
}

/**
 * @typedef {object} LocalClusterOptions
 * @property {string} directory data of all members, one folder each
 * @property {number} [size]
 * @property {number} [basePort] first of 2 x size wished-for ports; taken ones are replaced by free ones
 * @property {readonly string[]} [flags] further flags for every balsad
 * @property {boolean} [detached] the members outlive this process when it does not close them
 */

export class LocalCluster {
  /** @type {LocalMember[]} */
  members = []
  /** @type {LocalClusterOptions} */
  #options
  #closing = false
  /** Commands that have not ended. @type {Set<import('node:child_process').ChildProcess>} */
  #commands = new Set()
  /** The founding members, as the flag of each has them. */
  #initial = ''

  /** @param {LocalClusterOptions} options */
  constructor(options) {
    this.#options = options
  }

  /** Starts all members and waits until they are ready. @param {LocalClusterOptions} options */
  static async start(options) {
    const cluster = new LocalCluster(options)
    await cluster.#assignPorts()
    try {
      for (const member of cluster.members) await cluster.start(member)
      await Promise.all(cluster.members.map((member) => cluster.ready(member)))
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  async #assignPorts() {
    for (let i = 0; i < (this.#options.size ?? 3); i++) this.members.push(await this.#newMember(i + 1, false))
    this.#initial = this.members.map(({ name, peerPort }) => `${name}=http://${HOST}:${peerPort}`).join(',')
  }

  /** @param {number} number @param {boolean} joins @returns {Promise<LocalMember>} */
  async #newMember(number, joins) {
    const { directory, basePort } = this.#options
    const name = `n${number}`
    const clientPort = await pickPort(basePort === undefined ? undefined : basePort + 2 * (number - 1))
    const peerPort = await pickPort(basePort === undefined ? undefined : basePort + 2 * (number - 1) + 1)
    return {
      name,
      clientPort,
      peerPort,
      endpoint: `${HOST}:${clientPort}`,
      dataDir: join(directory, name),
      logFile: join(directory, `${name}.log`),
      child: null,
      paused: false,
      joins,
      exited: Promise.resolve(),
    }
  }

  /** Ports and a folder for a member that may join later. @param {number} number not used before */
  reserve(number) {
    return this.#newMember(number, true)
  }

  /** From now on it is one of the members here, for all that the cluster itself knows. @param {LocalMember} member */
  admit(member) {
    this.members.push(member)
  }

  /** A member that has ended is none of this cluster any more. @param {LocalMember} member */
  forget(member) {
    if (member.child !== null) throw new Error(`${member.name} is running`)
    this.members = this.members.filter((other) => other !== member)
  }

  /** The data of a member that is down are lost, and it will start as one that joins. @param {LocalMember} member */
  async loseDisk(member) {
    if (member.child !== null) throw new Error(`${member.name} is running`)
    await rm(member.dataDir, { recursive: true, force: true })
    member.joins = true
  }

  get endpoints() {
    return this.members.map((member) => member.endpoint)
  }

  /** @param {string} name */
  member(name) {
    const found = this.members.find((member) => member.name === name)
    if (found === undefined) throw new Error(`no member ${name}`)
    return found
  }

  /** Flags that start this member by hand. @param {LocalMember} member */
  flags(member) {
    const others = this.members.filter((other) => other !== member && other.child !== null).map(({ endpoint }) => endpoint)
    return [
      '--name', member.name,
      '--data-dir', member.dataDir,
      '--listen-peer-urls', `http://${HOST}:${member.peerPort}`,
      '--listen-client-urls', `http://${HOST}:${member.clientPort}`,
      ...(member.joins ? ['--initial-cluster-state', 'existing'] : ['--initial-cluster', this.#initial]),
      ...(member.joins && others.length > 0 ? ['--join', others.join(',')] : []),
      ...(this.#options.flags ?? []),
    ] // biome-ignore format: pairs of flag and value
  }

  /** Starts the process of a member; it is not ready yet. @param {LocalMember} member @param {readonly string[]} [front] a command that runs what stands behind it */
  async start(member, front = []) {
    if (member.child !== null) throw new Error(`${member.name} is running`)
    await mkdir(this.#options.directory, { recursive: true })
    const log = createWriteStream(member.logFile, { flags: 'a' })
    const [program = '', ...args] = [...front, process.execPath, BALSAD, ...this.flags(member)]
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: this.#options.detached ?? false,
    })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    member.child = child
    member.paused = false
    member.exited = new Promise((resolve) => {
      child.once('exit', () => {
        if (member.child === child) member.child = null
        log.end()
        resolve()
      })
    })
    if (this.#closing) await this.kill(member)
  }

  /** Waits until the member says that it serves. @param {LocalMember} member @param {number} [timeoutMs] */
  async ready(member, timeoutMs = 30_000) {
    await until(
      async () => {
        if (member.child === null)
          throw new Error(`${member.name} ended while it was started; ${member.logFile} ends with:\n${await this.lastWords(member)}`)
        const response = await fetch(`http://${member.endpoint}/readyz`, { signal: AbortSignal.timeout(1_000) }).catch(() => null)
        return response?.ok
      },
      { what: `${member.name} to be ready`, timeoutMs, intervalMs: 30 },
    )
  }

  /**
   * Runs a command of balsactl against the members that are up, to its end.
   * @param {readonly string[]} args
   * @returns {Promise<{ code: number | null, out: string, err: string }>}
   */
  async balsactl(args) {
    const up = this.members.filter(({ child, paused }) => child !== null && !paused).map(({ endpoint }) => endpoint)
    const child = spawn(process.execPath, [BALSACTL, ...(up.length > 0 ? ['--endpoints', up.join(',')] : []), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#commands.add(child)
    const result = { code: /** @type {number | null} */ (null), out: '', err: '' }
    child.stdout.on('data', (data) => (result.out += data))
    child.stderr.on('data', (data) => (result.err += data))
    result.code = await new Promise((resolve) => child.once('close', resolve))
    this.#commands.delete(child)
    return result
  }

  /** The end of what a member has printed and logged. @param {LocalMember} member @param {number} [lines] */
  lastWords(member, lines = 5) {
    return lastLines(member.logFile, lines)
  }

  /** What a member says about itself; null when it does not answer. @param {LocalMember} member @returns {Promise<any>} */
  async status(member) {
    if (member.child === null || member.paused) return null
    try {
      const response = await fetch(`http://${member.endpoint}/status`, { signal: AbortSignal.timeout(500) })
      return response.ok ? await response.json() : null
    } catch {
      return null
    }
  }

  /** The member that leads in the highest term; null when nobody does. */
  async leader() {
    let best = null
    let bestTerm = -1
    for (const member of this.members) {
      const status = await this.status(member)
      if (status?.role === 'leader' && status.term > bestTerm) {
        best = member
        bestTerm = status.term
      }
    }
    return best
  }

  /** kill -9: no time to say good-bye. @param {LocalMember} member */
  async kill(member) {
    member.child?.kill('SIGKILL')
    await member.exited
  }

  /** SIGSTOP: the process is there, and does nothing. @param {LocalMember} member */
  pause(member) {
    member.child?.kill('SIGSTOP')
    member.paused = true
  }

  /** @param {LocalMember} member */
  resume(member) {
    member.child?.kill('SIGCONT')
    member.paused = false
  }

  /** Asks a member to stop, and makes it when it does not. @param {LocalMember} member @param {number} [graceMs] */
  async stop(member, graceMs = 5_000) {
    if (member.child === null) return
    if (member.paused) this.resume(member)
    member.child.kill('SIGTERM')
    const timer = setTimeout(() => member.child?.kill('SIGKILL'), graceMs)
    await member.exited
    clearTimeout(timer)
  }

  /** Ends every process. */
  async close() {
    this.#closing = true
    for (const child of this.#commands) child.kill('SIGKILL')
    await Promise.all(this.members.map((member) => this.stop(member)))
  }

  /** Lets the members run on after this process has ended. */
  release() {
    for (const { child } of this.members) {
      child?.stdout?.destroy()
      child?.stderr?.destroy()
      child?.unref()
    }
  }

  /** Ends every process at once and deletes all data. */
  async destroy() {
    this.#closing = true
    for (const child of this.#commands) child.kill('SIGKILL')
    await Promise.all(this.members.map((member) => this.kill(member)))
    await rm(this.#options.directory, { recursive: true, force: true })
  }
}
