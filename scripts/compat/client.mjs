// @ts-check
/** Our own client over etcd's interface against etcd itself (Debian's etcd-server 3.4): the conformance suite of the store, locks, appends, failover. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { storeConformance } from '@balsa/kv/conformance'
import { connect } from '../../packages/balsa/dist/index.js'
import { sleep } from '../local-cluster.mjs'
import { HOST, pickPorts } from '../ports.mjs'
import { equal, execute, installed } from './checks.mjs'
import { startEtcd } from './etcd-server.mjs'

export async function prepare(/** @type {string} */ _directory) {
  await installed('etcd', ['etcd-server'])
  await installed('openssl', ['openssl'])
}

/** @typedef {import('./checks.mjs').Checks} Checks */
/** @typedef {import('../../packages/balsa/dist/index.js').EtcdStore} EtcdStore */

/** @param {{ cluster: import('../local-cluster.mjs').LocalCluster, checks: Checks, directory: string }} context */
export async function run({ cluster, checks, directory }) {
  let number = 0
  const folder = () => join(directory, `etcd-${number++}`)
  for (const { name, run: runCase } of storeConformance())
    await checks.check(`etcd: ${name}`, () => onEtcd(folder(), 1, ({ endpoints }) => withStore(endpoints, runCase)))
  await checks.check('etcd: appends from several sides at once', () =>
    onEtcd(folder(), 1, ({ endpoints }) => withStore(endpoints, appends)),
  )
  await checks.check('etcd: locks, fences, elections', () => onEtcd(folder(), 1, ({ endpoints }) => withStore(endpoints, coordination)))
  await checks.check('etcd: what it has not is refused', () => onEtcd(folder(), 1, ({ endpoints }) => withStore(endpoints, refusals)))
  await checks.check('etcd: with certificates on both sides', () => certificates(folder()))
  await checks.check('etcd, three members: a watch misses nothing when its member is killed', () => onEtcd(folder(), 3, failover))
  await checks.check('etcd, three members: what is said of writes is true, while members are killed', () => onEtcd(folder(), 3, truth))
  await checks.check('Balsa, three members: what is said of writes is true, while members are killed', () => truth(balsaServers(cluster)))
  await checks.check('Balsa, three members: a watch misses nothing when its member is killed', () => failover(balsaServers(cluster)))
}

/** @typedef {{ endpoints: readonly string[], kill: (at: number) => Promise<unknown>, start: (at: number) => Promise<unknown> }} Servers */

/** @param {import('../local-cluster.mjs').LocalCluster} cluster @returns {Servers} */
const balsaServers = (cluster) => ({
  endpoints: cluster.endpoints,
  kill: (at) => Promise.all(cluster.members.slice(at, at + 1).map((member) => cluster.kill(member))),
  start: (at) => Promise.all(cluster.members.slice(at, at + 1).map((member) => cluster.start(member))),
})

/** @typedef {{ flags: readonly string[], scheme: 'http' | 'https', tls?: import('../../packages/balsa/dist/index.js').ConnectOptions['tls'] }} Security */

/** @type {Security} */
const PLAIN = { flags: [], scheme: 'http' }

/** @param {string} directory @param {number} size @param {(servers: Servers) => Promise<void>} use @param {Security} [security] */
async function onEtcd(directory, size, use, { flags, scheme, tls } = PLAIN) {
  /** @type {import('./etcd-server.mjs').EtcdMember[]} */
  const members = []
  for (let at = 0; at < size; at++) members.push({ name: `e${at}`, ...(await pickPorts()) })
  const start = (/** @type {import('./etcd-server.mjs').EtcdMember} */ member) =>
    startEtcd(directory, member, { cluster: members, scheme, flags })
  const running = members.map(start)
  try {
    const endpoints = members.map(({ client }) => `${scheme}://${HOST}:${client}`)
    await withStore(endpoints, (store) => store.get('a'), tls)
    await use({
      endpoints,
      kill: async (at) => running[at]?.end('SIGKILL'),
      start: async (at) => running.splice(at, 1, ...members.slice(at, at + 1).map(start)),
    })
  } finally {
    for (const member of running) await member.end('SIGKILL')
  }
}

/** @param {readonly string[]} endpoints @param {(store: EtcdStore) => Promise<unknown>} use @param {Security['tls']} [tls] */
async function withStore(endpoints, use, tls = {}) {
  const store = await connect({ endpoints, protocol: 'etcd', deadlineMs: 30_000, tls })
  try {
    await use(store)
  } finally {
    await store.close()
  }
}

/** @param {Promise<unknown>} work */
const codeOf = (work) =>
  work.then(
    () => 'no error',
    (error) => error.code,
  )

/** Errors that nobody has to expect come with what they say. @param {Promise<unknown>} work */
const answerOf = (work) =>
  work.then(
    () => 'no error',
    ({ code, message }) => (code === 'OUTCOME_UNKNOWN' || code === 'DEADLINE' ? code : `${code}: ${message}`),
  )

/** @param {EtcdStore} store */
async function appends(store) {
  const numbers = Array.from({ length: 20 }, (_, at) => at)
  await Promise.all(numbers.map((number) => store.append('log', `${number},`)))
  const text = (await store.get('log'))?.text() ?? ''
  const found = text.split(',').filter((part) => part !== '')
  equal(
    found.map(Number).sort((a, b) => a - b),
    numbers,
  )
}

/** @param {EtcdStore} store */
async function coordination(store) {
  const held = await store.lock('job', { ttlMs: 5000 })
  const waiting = store.lock('job', { ttlMs: 5000 })
  await store.put('result', '1', { fence: held.fence })
  await held.release()
  const next = await waiting
  equal(next.fencingToken > held.fencingToken, true)
  equal(await codeOf(store.put('result', '2', { fence: held.fence })), 'FENCED')
  await next.release()
  const leadership = await store.election('mail').campaign('me', { ttlMs: 5000 })
  await leadership.proclaim('still me')
  equal((await store.election('mail').leader())?.text(), 'still me')
  equal(await store.lead('other', async ({ isHeld }) => isHeld, { ttlMs: 5000 }), true)
  await leadership.resign()
  equal(await store.election('mail').leader(), null)
}

/** @param {EtcdStore} store */
async function refusals(store) {
  await store.put('a', '1')
  equal(await codeOf(store.get('a', { consistency: 'lease' })), 'LEASES_OFF')
  equal(await codeOf(store.get('a', { consistency: 'stale', maxStaleMs: 10 })), 'UNSUPPORTED')
  equal((await store.get('a', { consistency: 'stale' }))?.text(), '1')
  equal(await codeOf(store.put('big', new Uint8Array(1536 * 1024 - 3))), 'TOO_LARGE')
}

/** A server that wants to know its clients lets in who shows a certificate, and nobody else. @param {string} directory */
async function certificates(directory) {
  await mkdir(directory, { recursive: true })
  const file = (/** @type {string} */ name) => join(directory, name)
  const openssl = async (/** @type {string[]} */ ...args) => {
    const { code, err } = await execute('openssl', args)
    if (code !== 0) throw new Error(err)
  }
  const fresh = (/** @type {string} */ name) => ['-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`)]
  await openssl('req', '-x509', '-days', '2', ...fresh('ca'), '-out', file('ca.pem'))
  await writeFile(file('names'), `subjectAltName=IP:${HOST}`)
  const issuer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', file('names')]
  for (const name of ['server', 'client']) {
    await openssl('req', '-new', ...fresh(name), '-out', file(`${name}.csr`))
    await openssl('x509', '-req', '-in', file(`${name}.csr`), ...issuer, '-out', file(`${name}.pem`))
  }
  const own = ['--cert-file', file('server.pem'), '--key-file', file('server.key')]
  const flags = [...own, '--trusted-ca-file', file('ca.pem'), '--client-cert-auth']
  const [ca = '', cert = '', key = ''] = await Promise.all(
    ['ca.pem', 'client.pem', 'client.key'].map((name) => readFile(file(name), 'utf8')),
  )
  const known = { ca, cert, key }
  const check = async (/** @type {Servers} */ { endpoints }) => {
    await withStore(endpoints, async (store) => equal((await store.put('a', '1')).version, 1), known)
    const reached = (/** @type {Security['tls']} */ tls = {}) => codeOf(connect({ endpoints, protocol: 'etcd', deadlineMs: 1000, tls }))
    equal([await reached({ ca }), await reached({ cert, key })], ['DEADLINE', 'DEADLINE'])
  }
  await onEtcd(file('data'), 1, check, { flags, scheme: 'https', tls: known })
}

const WRITES = 60

/** @param {Servers} servers */
async function failover({ endpoints, kill }) {
  await withStore(endpoints, (watching) =>
    withStore(endpoints, async (writing) => {
      const { revision } = await writing.put('first', '')
      /** @type {string[]} */
      const seen = []
      const watcher = (async () => {
        for await (const event of watching.watch({ prefix: 'k/' }, { fromRevision: revision + 1 })) {
          if (event.type !== 'progress') seen.push(`${event.revision} ${Buffer.from(event.key)} ${event.more}`)
          if (seen.length === 2 * WRITES) return
        }
      })()
      const happened = []
      for (let at = 0; at < WRITES; at++) {
        if (at === WRITES / 3) await kill(0)
        const keys = [`k/${at}/a`, `k/${at}/b`]
        const done = await writtenOnce(writing, keys)
        happened.push(`${done} ${keys[0]} true`, `${done} ${keys[1]} false`)
      }
      await watcher
      equal(seen, happened)
    }),
  )
}

/**
 * What users of etcd's interface do about unknown outcomes: a condition makes the write repeatable.
 * @param {EtcdStore} store @param {readonly string[]} keys @returns {Promise<number>} the revision that wrote them
 */
async function writtenOnce(store, keys) {
  const [first = ''] = keys
  for (;;) {
    try {
      const success = keys.map((key) => /** @type {const} */ ({ type: 'put', key, value: 'x' }))
      const done = await store.transaction({ compare: [{ key: first, createRevision: 0 }], success })
      if (done.succeeded) return done.revision
      return (await store.get(first))?.modRevision ?? 0
    } catch (error) {
      if (/** @type {{ code?: string }} */ (error).code !== 'OUTCOME_UNKNOWN') throw error
    }
  }
}

const WRITERS = 16
const ROUNDS = 6
const ROUND_MS = 1500

/** Every write that was confirmed is there, and no write that was refused; about the others nothing is said. @param {Servers} servers */
async function truth({ endpoints, kill, start }) {
  await withStore(endpoints, async (store) => {
    /** @type {Map<string, string>} */
    const said = new Map()
    let ended = false
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let at = 0; !ended; at++) {
        const key = `truth/${writer}/${at}`
        const answer = await answerOf(
          at % 4 === 3 ? store.append(key, 'x') : store.put(key, 'x', { ifAbsent: at % 2 === 1, deadlineMs: 3000 }),
        )
        said.set(key, answer)
      }
    })
    for (let round = 0; round < ROUNDS; round++) {
      await kill(round % endpoints.length)
      await sleep(ROUND_MS)
      await start(round % endpoints.length)
      await sleep(ROUND_MS)
    }
    ended = true
    await Promise.all(writers)
    const present = new Map()
    for await (const { key, value } of store.entries({ prefix: 'truth/' })) present.set(Buffer.from(key).toString(), value.length)
    const lost = [...said].filter(([key, answer]) => answer === 'no error' && present.get(key) !== 1)
    const undead = [...said].filter(([key, answer]) => answer !== 'no error' && answer !== 'OUTCOME_UNKNOWN' && present.has(key))
    /** @type {Record<string, number>} */
    const counts = {}
    for (const answer of said.values()) counts[answer] = (counts[answer] ?? 0) + 1
    process.stdout.write(`        ${JSON.stringify(counts)}\n`)
    equal([lost, undead], [[], []])
  })
}
