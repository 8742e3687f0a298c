// @ts-check
/**
 * The data model against etcd itself (Debian's etcd-server 3.4): both are asked the same at random, one question after the other, over the JSON gateway, and have to answer the same, errors and
 * revisions included. BALSA_MODEL_SEED repeats a run, BALSA_MODEL_STEPS makes it longer.
 */
import { isDeepStrictEqual } from 'node:util'
import { connect } from '../../packages/balsa/dist/index.js'
import { HOST, pickPorts } from '../ports.mjs'
import { startEtcd } from './etcd-server.mjs'

const STEPS = Number(process.env.BALSA_MODEL_STEPS ?? 4000)
const SEED = Number(process.env.BALSA_MODEL_SEED ?? Date.now() % 1_000_000)

export { prepare } from './etcd-server.mjs'

/** @typedef {{ path: string, body: any }} Question */
/** @typedef {{ status: number, body: any }} Answer */

const base64 = (/** @type {string} */ text) => Buffer.from(text, 'latin1').toString('base64')
const KEYS = ['a', 'a\0', 'ab', 'b', 'b\xff', '\xff', 'c'].map(base64)
const ENDS = ['', '', '', '\0', 'b', 'c'].map(base64)
const CLOSED_ENDS = ENDS.filter((end) => end !== base64('\0'))
const DELETED_INSIDE = ['b', 'b\xff'].map(base64)
const PUT_INSIDE = KEYS.filter((key) => !DELETED_INSIDE.includes(key))
/** Transactions in transactions. */
const DEEPEST = 2
const LEASES = ['0', '0', '0', '7', '8', '9']
const TARGETS = ['KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE']
const FIELDS = { VERSION: 'version', CREATE: 'create_revision', MOD: 'mod_revision', VALUE: 'value' }

/** What a transaction is refused for because of the state that it meets. Which of several such reasons is said, is left open. */
const STATE = /key not found|lease not found|has been compacted|is a future revision/

/** What is asked: everything follows from the seed, and from the revision that the store is at. */
class Asking {
  #state

  constructor(/** @type {number} */ seed) {
    this.#state = seed
  }

  /** Below `limit`. */
  number(/** @type {number} */ limit) {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  /** @template T @param {readonly T[]} some @returns {T} */
  one(some) {
    return /** @type {T} */ (some[this.number(some.length)])
  }

  /** True in one of `times`. */
  rarely(/** @type {number} */ times) {
    return this.number(times) === 0
  }

  /** @template T @param {number} most @param {() => T} make */
  some(most, make) {
    return Array.from({ length: this.number(most + 1) }, make)
  }

  value() {
    return base64(`${this.number(30)}`)
  }

  put(keys = KEYS) {
    // Not what can be refused for two reasons at once: etcd says the one of a put, and the other of the same put in a transaction.
    const lease = this.one(LEASES)
    const kept = this.one([{ ignore_value: true }, { ignore_lease: true, value: this.value() }, { ignore_value: true, ignore_lease: true }])
    return { key: this.one(keys), ...(this.rarely(5) ? kept : { value: this.value(), lease }), prev_kv: this.rarely(2) }
  }

  range(/** @type {number} */ revision) {
    const bound = () => String(this.rarely(4) ? Math.max(0, revision - this.number(20)) : 0)
    const sort = this.one(TARGETS)
    return {
      key: this.one(KEYS),
      range_end: this.one(ENDS),
      // Whoever has what others have too may come before or behind them.
      ...(sort === 'KEY' ? { limit: String(this.rarely(3) ? this.number(4) : 0) } : {}),
      revision: String(this.rarely(3) ? Math.max(0, revision + 1 - this.number(30)) : 0),
      sort_order: this.one(['NONE', 'ASCEND', 'DESCEND']),
      sort_target: sort,
      keys_only: this.rarely(6),
      count_only: this.rarely(8),
      min_mod_revision: bound(),
      max_mod_revision: bound(),
      min_create_revision: bound(),
      max_create_revision: bound(),
    }
  }

  compare(/** @type {number} */ revision) {
    const target = this.one(['VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE'])
    const near = String(this.rarely(2) ? 0 : Math.max(0, revision - this.number(15)))
    const operand = {
      VERSION: { version: String(this.number(4)) },
      CREATE: { create_revision: near },
      MOD: { mod_revision: near },
      VALUE: { value: this.value() },
      LEASE: { lease: this.one(LEASES) },
    }[target]
    return {
      key: this.one(KEYS),
      range_end: this.one(ENDS),
      result: this.one(['EQUAL', 'NOT_EQUAL', 'GREATER', 'LESS']),
      target,
      ...operand,
    }
  }

  /** @returns {any} */
  operation(/** @type {number} */ revision, /** @type {number} */ depth) {
    const isNested = depth < DEEPEST
    const what = this.number(depth > 0 ? 10 : 9)
    // Each key is written once. etcd does not notice all that is written twice: not by a put and by the deletion of a range without an end, or by one in a later nested transaction.
    if (what < 4) return { request_put: this.put(isNested ? PUT_INSIDE : KEYS) }
    if (what < 6) return { request_delete_range: isNested ? { key: this.one(DELETED_INSIDE), prev_kv: true } : this.remove(CLOSED_ENDS) }
    if (what < 9) return { request_range: this.range(revision) }
    return { request_txn: this.txn(revision, depth - 1) }
  }

  remove(ends = ENDS) {
    return { key: this.one(KEYS), range_end: this.one(ends), prev_kv: this.rarely(2) }
  }

  /** @returns {any} */
  txn(/** @type {number} */ revision, depth = DEEPEST) {
    return {
      compare: this.some(2, () => this.compare(revision)),
      success: this.some(3, () => this.operation(revision, depth)),
      failure: this.some(3, () => this.operation(revision, depth)),
    }
  }

  /** @returns {Question} */
  question(/** @type {number} */ revision) {
    const what = this.number(100)
    if (what < 25) return { path: 'kv/put', body: this.put() }
    if (what < 50) return { path: 'kv/range', body: this.range(revision) }
    if (what < 58) return { path: 'kv/deleterange', body: this.remove() }
    if (what < 90) return { path: 'kv/txn', body: this.txn(revision) }
    if (what < 93) return { path: 'lease/grant', body: { ID: this.one(LEASES.slice(3)), TTL: '3600' } }
    if (what < 95) return { path: 'lease/revoke', body: { ID: this.one(LEASES.slice(3)) } }
    if (what < 97) return { path: 'lease/timetolive', body: { ID: this.one(LEASES.slice(3)), keys: true } }
    if (what < 98) return { path: 'lease/leases', body: {} }
    return { path: 'kv/compaction', body: { revision: String(revision - this.number(40)) } }
  }
}

/** @param {string} endpoint @param {Question} question @returns {Promise<Answer>} */
async function ask(endpoint, { path, body }) {
  const answer = await fetch(`http://${endpoint}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) })
  return { status: answer.status, body: await answer.json() }
}

/** What both have to say in the same words: fields that have no value may be missing, and only one of the two can be right about ids and time. @param {any} value @returns {any} */
function comparable(value) {
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value)
    .filter(([name]) => !['cluster_id', 'member_id', 'raft_term'].includes(name))
    .map(([name, field]) => [name, name === 'TTL' ? Number(field) > 0 : comparable(field)])
  const kept = fields.filter(([, field]) => !['0', 0, '', false].includes(field) && !(Array.isArray(field) && field.length === 0))
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** An answer, and what was asked for in each range of it. @param {Question} question @param {Answer} answer @returns {any} */
function shown({ path, body }, answer) {
  // The gateways of etcd 3.4 and 3.6 have different statuses of HTTP for the same code.
  if (answer.status !== 200)
    return path === 'kv/txn' && STATE.test(answer.body.message) ? 'refused' : { code: answer.body.code, message: answer.body.message }
  const given = comparable(answer.body)
  if (path === 'kv/range') return sortless(body, given)
  if (path === 'kv/txn') return { ...given, responses: results(body, answer.body) }
  if (path === 'lease/leases') return { ...given, leases: sorted(given.leases ?? []) }
  if (path === 'lease/timetolive') return { ...given, keys: sorted(given.keys ?? []) }
  return given
}

const sorted = (/** @type {any[]} */ some) => some.map((one) => JSON.stringify(one)).sort()

/** @param {any} txn @param {any} answer @returns {any[]} */
function results(txn, answer) {
  const branch = answer.succeeded ? txn.success : txn.failure
  return (answer.responses ?? []).map((/** @type {any} */ response, /** @type {number} */ at) => {
    const asked = branch[at]
    if (asked.request_range !== undefined) return sortless(asked.request_range, comparable(response.response_range))
    if (asked.request_txn === undefined) return comparable(response)
    const { responses: _, ...rest } = comparable(response.response_txn)
    return { ...rest, responses: results(asked.request_txn, response.response_txn) }
  })
}

/** Who is equal in what is sorted by comes in any order. @param {any} asked @param {any} answer */
function sortless(asked, answer) {
  if (asked.sort_target === 'KEY' || answer.kvs === undefined) return answer
  const field = FIELDS[/** @type {keyof typeof FIELDS} */ (asked.sort_target)]
  // Keys alone are sorted by values that are not there.
  const order = asked.keys_only && field === 'value' ? null : answer.kvs.map((/** @type {any} */ kv) => kv[field] ?? null)
  return { ...answer, kvs: sorted(answer.kvs), order }
}

/** @param {{ cluster: import('../local-cluster.mjs').LocalCluster, checks: import('./checks.mjs').Checks, directory: string }} context */
export async function run({ cluster, checks, directory }) {
  const member = { name: 'etcd', ...(await pickPorts()) }
  const etcd = `${HOST}:${member.client}`
  // What it writes only for itself may be lost here.
  const server = startEtcd(directory, member, { flags: ['--unsafe-no-fsync'] })
  const open = (/** @type {readonly string[]} */ endpoints) => connect({ endpoints, protocol: 'etcd', deadlineMs: 30_000 })
  const stores = /** @type {const} */ ([open([etcd]), open(cluster.endpoints)])
  try {
    const [theirs, ours] = await Promise.all(stores)
    await checks.check(`${STEPS} random questions are answered the same (BALSA_MODEL_SEED=${SEED})`, () =>
      compareAnswers(etcd, cluster.endpoints),
    )
    await checks.check('watches see the same of the history that is left', async () => {
      const [wanted, found] = [await history(theirs), await history(ours)]
      if (wanted.length === 0 || !isDeepStrictEqual(found, wanted)) throw new Error(differing(wanted, found))
    })
  } finally {
    for (const store of await Promise.allSettled(stores)) if (store.status === 'fulfilled') await store.value.close()
    await server.end('SIGKILL')
  }
}

/** @param {string} etcd @param {readonly string[]} members */
async function compareAnswers(etcd, members) {
  const asking = new Asking(SEED)
  let revision = 1
  for (let step = 0; step < STEPS; step++) {
    const question = asking.question(revision)
    const theirs = await ask(etcd, question)
    const own = await ask(asking.one(members), question)
    const [wanted, found] = [shown(question, theirs), shown(question, own)]
    if (!isDeepStrictEqual(found, wanted))
      throw new Error(`step ${step}, revision ${revision}: ${question.path} ${JSON.stringify(question.body)}\n${differing(wanted, found)}`)
    revision = Math.max(revision, Number(theirs.body.header?.revision ?? 0))
  }
}

const differing = (/** @type {unknown} */ theirs, /** @type {unknown} */ own) =>
  `etcd: ${JSON.stringify(theirs)}\nours: ${JSON.stringify(own)}`

/** What a watch of everything sees, from the oldest revision that is left up to now. @param {import('../../packages/balsa/dist/index.js').EtcdStore} store */
async function history(store) {
  const { revision: now } = await store.put('end', 'x')
  const seen = []
  let fromRevision = 1
  for (;;) {
    try {
      for await (const event of store.watch({ prefix: '' }, { fromRevision, previous: true })) {
        if (event.type === 'progress') continue
        seen.push(
          JSON.stringify([event.type, event.revision, base64(Buffer.from(event.key).toString('latin1')), event.previous?.modRevision]),
        )
        if (event.revision >= now) return seen
      }
    } catch (error) {
      const compacted = /before revision (\d+)/.exec(String(error))
      if (compacted === null) throw error
      fromRevision = Number(compacted[1])
    }
  }
}
