// @ts-check
/**
 * Patroni (Debian, with PostgreSQL 15) with its etcd3 module, which speaks to the JSON gateway: elects a leader of two databases, keeps it while a
 * member of Balsa dies, fails over when the leader dies, and switches back on request.
 */
import { spawn } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../local-cluster.mjs'
import { HOST, pickPort } from '../ports.mjs'
import { equal, execute, includes, installed } from './checks.mjs'

const BIN = '/usr/lib/postgresql/15/bin'

/** @param {string} _directory */
export async function prepare(_directory) {
  await installed('patroni', ['patroni', 'postgresql-15'])
  await installed('setpriv', ['util-linux'])
}

/** PostgreSQL refuses to run as root. */
const SETPRIV = 'setpriv'
const AS_POSTGRES = ['--reuid=postgres', '--regid=postgres', '--clear-groups', '--inh-caps=-all']

/** One database and its Patroni. */
class Node {
  /** @type {import('node:child_process').ChildProcess | null} */
  #child = null
  #log = ''
  #ended = Promise.resolve()

  /** @param {string} name @param {number} rest @param {number} database @param {string} directory */
  constructor(name, rest, database, directory) {
    this.name = name
    this.rest = rest
    this.database = database
    this.directory = directory
    this.config = join(directory, 'patroni.yml')
  }

  /** @param {string} name @param {string} directory @param {readonly string[]} hosts */
  static async make(name, directory, hosts) {
    const node = new Node(name, await pickPort(), await pickPort(), join(directory, name))
    await mkdir(node.directory)
    await writeFile(node.config, node.#yaml(hosts))
    await execute('chown', ['-R', 'postgres:postgres', node.directory])
    return node
  }

  /** @param {readonly string[]} hosts */
  #yaml(hosts) {
    return `
scope: compat
name: ${this.name}
restapi: { listen: '${HOST}:${this.rest}', connect_address: '${HOST}:${this.rest}' }
etcd3: { hosts: [${hosts.map((host) => `'${host}'`).join(', ')}] }
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 1
    retry_timeout: 5
    maximum_lag_on_failover: 1048576
    postgresql: { use_pg_rewind: false, use_slots: true, parameters: { fsync: 'off', max_connections: 20, shared_buffers: 16MB } }
  initdb: [{ encoding: UTF8 }, { auth-host: trust }, { auth-local: trust }, no-sync]
  pg_hba: ['host replication all ${HOST}/32 trust', 'host all all ${HOST}/32 trust', 'local all all trust']
postgresql:
  listen: '${HOST}:${this.database}'
  connect_address: '${HOST}:${this.database}'
  data_dir: '${join(this.directory, 'data')}'
  bin_dir: ${BIN}
  pgpass: '${join(this.directory, 'pgpass')}'
  authentication: { replication: { username: replicator, password: x }, superuser: { username: postgres, password: x } }
  parameters: { unix_socket_directories: '${this.directory}' }
`
  }

  start() {
    const child = spawn(SETPRIV, [...AS_POSTGRES, 'patroni', this.config], { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    child.stdout.on('data', (data) => (this.#log += data))
    child.stderr.on('data', (data) => (this.#log += data))
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('close', () => resolve(undefined)))
  }

  get lastWords() {
    return this.#log.slice(-3000)
  }

  /** The database with it: nobody is left to say good-bye. */
  async kill() {
    const pid = this.#child?.pid
    if (pid === undefined) return
    const { out } = await execute('sh', ['-c', `head -1 ${join(this.directory, 'data', 'postmaster.pid')} 2>/dev/null`])
    this.#child = null
    process.kill(pid, 'SIGKILL')
    // Its group is its own: PostgreSQL starts one, and takes its processes along when it sees its end.
    if (/^\d+$/.test(out.trim())) await execute('kill', ['-QUIT', out.trim()])
    await this.#ended
  }

  /** @param {string} statement @returns {Promise<string>} */
  async sql(statement) {
    const args = ['-h', HOST, '-p', String(this.database), '-U', 'postgres', '-d', 'postgres', '-Atc', statement]
    const { code, out, err } = await execute(`${BIN}/psql`, args, { env: { PGCONNECT_TIMEOUT: '3' } })
    if (code !== 0) throw new Error(err)
    return out.trim()
  }

  /** What it says of the whole cluster. @returns {Promise<any[]>} */
  async members() {
    const answer = await fetch(`http://${HOST}:${this.rest}/cluster`, { signal: AbortSignal.timeout(3000) }).then((response) => response.json(), () => ({})) // biome-ignore format: one line
    return /** @type {any} */ (answer).members ?? []
  }
}

/** @param {readonly Node[]} nodes @param {string} [name] */
const leaderOf = (nodes, name) =>
  until(
    async () => {
      for (const node of nodes) {
        const leads = (await node.members()).find((/** @type {any} */ { role, state }) => role === 'leader' && state === 'running')
        const leader = nodes.find((other) => other.name === leads?.name)
        if (leader !== undefined && (name === undefined || leader.name === name)) return leader
      }
      return null
    },
    {
      what: `a leader${name === undefined ? '' : `, ${name}`}; logs end with:\n${nodes.map(({ lastWords }) => lastWords).join('\n---\n')}`,
      timeoutMs: 120_000,
      intervalMs: 500,
    },
  )

/** @param {{ cluster: import('../local-cluster.mjs').LocalCluster, checks: import('./checks.mjs').Checks, directory: string }} context */
export async function run({ cluster, checks, directory }) {
  await chmod(directory, 0o755)
  const [one, two] = [await Node.make('pg1', directory, cluster.endpoints), await Node.make('pg2', directory, cluster.endpoints)]
  const nodes = [one, two]
  try {
    for (const node of nodes) node.start()
    await scenario(checks, cluster, nodes)
  } finally {
    for (const node of nodes) await node.kill()
  }
}

/** @param {import('./checks.mjs').Checks} checks @param {import('../local-cluster.mjs').LocalCluster} cluster @param {Node[]} nodes */
async function scenario(checks, cluster, nodes) {
  let leader = /** @type {Node} */ (nodes[0])
  const other = () => /** @type {Node} */ (nodes.find((node) => node !== leader))
  const replicated = (/** @type {string} */ value) =>
    until(
      async () =>
        (await other()
          .sql('select max(n) from t')
          .catch(() => null)) === value,
      { what: `${value} on the replica`, timeoutMs: 120_000, intervalMs: 300 },
    )
  await checks.check('one of two databases is elected, the other follows', async () => {
    leader = await leaderOf(nodes)
    await leader.sql('create table t (n int)')
    await leader.sql('insert into t values (1)')
    await replicated('1')
  })
  await checks.check('patronictl list', async () => {
    const { out } = await execute('patronictl', ['-c', leader.config, 'list', '-f', 'json'])
    equal(
      JSON.parse(out)
        .map((/** @type {any} */ { Role }) => Role)
        .sort(),
      ['Leader', 'Replica'],
    )
  })
  await checks.check('the leader stays while the leader of Balsa dies and comes back', async () => {
    const member = await until(() => cluster.leader(), { what: 'a leader of Balsa' })
    await cluster.kill(member)
    await leader.sql('insert into t values (2)')
    await replicated('2')
    await cluster.start(member)
    await cluster.ready(member)
    equal((await leaderOf(nodes)).name, leader.name)
  })
  await checks.check('the replica takes over when the leader dies, with everything', async () => {
    const dead = leader
    await dead.kill()
    leader = await leaderOf([other()])
    equal(
      await until(() => leader.sql('insert into t values (3) returning n').catch(() => null), {
        what: 'a database that is written',
        timeoutMs: 60_000,
      }),
      '3\nINSERT 0 1',
    )
    equal(await leader.sql('select count(*) from t'), '3')
    dead.start()
    await replicated('3')
  })
  await switchover(checks, nodes, leader)
}

/** @param {import('./checks.mjs').Checks} checks @param {readonly Node[]} nodes @param {Node} leader */
async function switchover(checks, nodes, leader) {
  const next = /** @type {Node} */ (nodes.find((node) => node !== leader))
  await checks.check('patronictl switchover', async () => {
    await until(
      async () => {
        const { out, err } = await execute('patronictl', [
          '-c',
          leader.config,
          'switchover',
          '--master',
          leader.name,
          '--candidate',
          next.name,
          '--force',
          'compat',
        ])
        return /Successfully switched over/.test(out + err)
      },
      { what: 'the switchover', timeoutMs: 60_000, intervalMs: 1000 },
    )
    const now = await leaderOf(nodes, next.name)
    includes(
      await until(() => now.sql('insert into t values (4) returning n').catch(() => null), {
        what: 'a database that is written',
        timeoutMs: 60_000,
      }),
      '4',
    )
  })
}
