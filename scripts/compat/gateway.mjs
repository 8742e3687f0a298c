// @ts-check
/** The JSON gateway and the pages beside it, with curl. */
import { equal, execute, includes, installed, Running } from './checks.mjs'
import { until } from '../local-cluster.mjs'

export const prepare = (/** @type {string} */ _directory) => installed('curl', ['curl'])

/** @typedef {{ cluster: import('../local-cluster.mjs').LocalCluster, checks: import('./checks.mjs').Checks }} Context */

/** @param {string} text */
const b = (text) => Buffer.from(text).toString('base64')

/** @param {string} url @param {unknown} [body] @param {readonly string[]} [more] */
async function curl(url, body, more = []) {
  const data = body === undefined ? [] : ['-d', typeof body === 'string' ? body : JSON.stringify(body)]
  const { out, err, code } = await execute('curl', ['-sS', '--max-time', '20', '-w', '\n%{http_code}', ...data, ...more, url])
  if (code !== 0) throw new Error(`curl ${url}: ${err}`)
  const at = out.lastIndexOf('\n')
  return { status: Number(out.slice(at + 1)), text: out.slice(0, at) }
}

/** @param {Context} context */
export async function run(context) {
  await calls(context)
  await streams(context)
  await errors(context)
  await pages(context)
}

/** @param {Context} context */
async function calls({ cluster, checks }) {
  const [first, second] = cluster.endpoints
  /** @param {string} path @param {unknown} body @returns {Promise<any>} */
  const post = async (path, body) => {
    const { status, text } = await curl(`http://${first}/v3/${path}`, body)
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
    return JSON.parse(text)
  }
  await checks.check('kv/put, range on another member, deleterange', async () => {
    const put = await post('kv/put', { key: b('foo'), value: b('bar') })
    equal(typeof put.header.revision, 'string')
    const { text } = await curl(`http://${second}/v3/kv/range`, { key: b('foo') })
    const range = JSON.parse(text)
    equal([range.kvs[0].value, range.kvs[0].version, range.count, range.more], [b('bar'), '1', '1', undefined])
    equal((await post('kv/deleterange', { key: b('foo'), prev_kv: true })).prev_kvs[0].value, b('bar'))
    equal((await post('kv/range', { key: b('foo') })).kvs, undefined)
  })
  await checks.check('kv/txn, kv/compaction; numbers as strings or numbers, enums by name, both spellings of fields', async () => {
    const txn = {
      compare: [{ result: 'EQUAL', target: 'CREATE', key: b('t'), createRevision: '0' }],
      success: [{ requestPut: { key: b('t'), value: b('1') } }, { request_range: { key: b('t') } }],
    }
    const done = await post('kv/txn', txn)
    equal([done.succeeded, done.responses[1].response_range.kvs[0].value], [true, b('1')])
    equal((await post('kv/txn', txn)).succeeded, undefined)
    await post('kv/compaction', { revision: Number(done.header.revision), physical: true })
  })
  await checks.check('lease/grant, timetolive, leases, revoke, and the old paths', async () => {
    const { ID } = await post('lease/grant', { TTL: 30 })
    await post('kv/put', { key: b('leased'), value: b('x'), lease: ID })
    const left = await post('lease/timetolive', { ID, keys: true })
    equal([left.grantedTTL, left.keys], ['30', [b('leased')]])
    equal((await post('kv/lease/leases', {})).leases[0].ID, ID)
    await post('kv/lease/revoke', { ID })
    equal((await post('lease/timetolive', { ID })).TTL, '-1')
  })
  await checks.check('cluster/member/list, maintenance/status, hash, hashkv, alarm, auth/status', async () => {
    equal((await post('cluster/member/list', {})).members.length, 3)
    includes((await post('maintenance/status', {})).version, /^[0-9.]+$/)
    equal(typeof (await post('maintenance/hash', {})).hash, 'number')
    equal(typeof (await post('maintenance/hashkv', {})).hash, 'number')
    equal((await post('maintenance/alarm', {})).alarms, undefined)
    equal((await post('auth/status', {})).enabled, undefined)
  })
  await checks.check('lock/lock, unlock; election/campaign, leader, proclaim, resign', async () => {
    const { key } = await post('lock/lock', { name: b('l') })
    await post('lock/unlock', { key })
    const { leader } = await post('election/campaign', { name: b('e'), value: b('me') })
    await post('election/proclaim', { leader, value: b('still me') })
    equal((await post('election/leader', { name: b('e') })).kv.value, b('still me'))
    await post('election/resign', { leader })
  })
  await checks.check('an empty body is an empty message, /v3beta is /v3', async () => {
    equal((await curl(`http://${first}/v3beta/maintenance/status`, '')).status, 200)
  })
}

/** @param {Context} context */
async function streams({ cluster, checks }) {
  const [first, second] = cluster.endpoints
  await checks.check('watch: a line for each message, long after the request has ended', async () => {
    const watch = new Running('curl', ['-sSN', '-d', JSON.stringify({ create_request: { key: b('w') } }), `http://${first}/v3/watch`])
    await watch.until('"created":true')
    await curl(`http://${second}/v3/kv/put`, { key: b('w'), value: b('1') })
    await watch.until(`"value":"${b('1')}"`)
    for (const line of watch.out.trim().split('\n')) if (JSON.parse(line).result === undefined) throw new Error(line)
    await watch.end()
  })
  await checks.check('lease/keepalive: one line, then the end', async () => {
    const { ID } = JSON.parse((await curl(`http://${first}/v3/lease/grant`, { TTL: 10 })).text)
    const { text } = await curl(`http://${first}/v3/lease/keepalive`, { ID })
    equal(JSON.parse(text).result.TTL, '10')
    const gone = await curl(`http://${first}/v3/lease/keepalive`, { ID: '1' })
    equal(JSON.parse(gone.text).result.TTL, undefined)
  })
  await checks.check('maintenance/snapshot, election/observe', async () => {
    const { text } = await curl(`http://${first}/v3/maintenance/snapshot`, {})
    includes(text, '"blob"')
    await curl(`http://${first}/v3/election/campaign`, { name: b('o'), value: b('seen') })
    const observe = new Running('curl', ['-sSN', '-d', JSON.stringify({ name: b('o') }), `http://${first}/v3/election/observe`])
    await observe.until(b('seen'))
    await observe.end()
  })
}

/** @param {Context} context */
async function errors({ cluster, checks }) {
  const url = `http://${cluster.endpoints[0]}`
  /** @param {string} path @param {unknown} body @param {number} status @param {number} code @param {string | RegExp} message @param {readonly string[]} [more] */
  const refused = async (path, body, status, code, message, more = []) => {
    const answer = await curl(`${url}${path}`, body, more)
    equal(answer.status, status)
    const error = JSON.parse(answer.text)
    equal(error.code, code)
    equal(error.error, error.message)
    includes(error.message, message)
  }
  await checks.check('errors: code, text and status of HTTP', async () => {
    await refused('/v3/kv/put', {}, 400, 3, 'etcdserver: key is not provided')
    await refused('/v3/kv/range', { key: b('x'), revision: 999999 }, 400, 11, 'etcdserver: mvcc: required revision is a future revision')
    await refused('/v3/lease/revoke', { ID: 77 }, 404, 5, 'etcdserver: requested lease not found')
    await refused('/v3/lease/grant', { TTL: '99999999999' }, 400, 11, 'etcdserver: too large lease TTL')
    await refused('/v3/election/leader', { name: b('nobody') }, 500, 2, 'election: no leader')
    await refused('/v3/auth/authenticate', { name: 'a', password: 'b' }, 400, 9, 'etcdserver: authentication is not enabled')
  })
  await checks.check('bad input: no JSON, bad base64, wrong method, unknown path, a body that is too large', async () => {
    await refused('/v3/kv/put', '{"key":', 400, 3, 'JSON')
    await refused('/v3/kv/put', '{"key":"***"}', 400, 3, 'base64')
    await refused('/v3/kv/put', undefined, 405, 12, 'Method Not Allowed')
    await refused('/v3/nothing', {}, 404, 5, 'Not Found')
    const large = JSON.stringify({ key: b('x'), value: 'A'.repeat(4 * 1024 * 1024) })
    const { out } = await execute('curl', ['-sS', '-H', 'Expect:', '--data-binary', '@-', '-w', '\n%{http_code}', `${url}/v3/kv/put`], {
      input: large,
    })
    includes(out, '429')
  })
  await checks.check('OPTIONS is answered, and web pages of other places are not let in', async () => {
    equal((await curl(`${url}/v3/kv/put`, undefined, ['-X', 'OPTIONS'])).status, 200)
    equal((await curl(`${url}/v3/kv/put`, { key: b('x') }, ['-H', 'Origin: http://evil.example'])).status, 403)
  })
}

/** @param {Context} context */
async function pages({ cluster, checks }) {
  const [first, second, third] = cluster.members
  if (first === undefined || second === undefined || third === undefined) throw new Error('three members')
  const url = `http://${first.endpoint}`
  await checks.check('/version: digits and dots', async () => {
    const { etcdserver, etcdcluster } = JSON.parse((await curl(`${url}/version`)).text)
    includes(etcdserver, /^\d+\.\d+\.\d+$/)
    includes(etcdcluster, /^\d+\.\d+\.\d+$/)
  })
  await checks.check('/metrics', async () => includes((await curl(`${url}/metrics`)).text, 'etcd_server_has_leader 1'))
  await checks.check('/health: true, and false without a majority', async () => {
    equal((await curl(`${url}/health`)).status, 200)
    equal(JSON.parse((await curl(`${url}/health`)).text).health, 'true')
    await cluster.kill(second)
    await cluster.kill(third)
    const { status, text } = await curl(`${url}/health`)
    equal([status, JSON.parse(text).health], [503, 'false'])
    equal((await curl(`${url}/health?serializable=true`)).status, 200)
    equal((await curl(`${url}/v3/kv/range`, { key: b('x'), serializable: true })).status, 200)
    const { status: unavailable, text: why } = await curl(`${url}/v3/kv/put`, { key: b('x'), value: b('y') })
    equal([unavailable, JSON.parse(why).code], [503, 14])
    await cluster.start(second)
    await cluster.start(third)
    await until(async () => (await curl(`${url}/health`)).status === 200, { what: 'health to come back' })
  })
}
