// @ts-check
/**
 * A `balsad` process and clients that do what none should: every one gets a clear answer or loses its connection, the process lives, its memory stays
 * bounded, and another client is served all the time.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { etcdserverpb } from '@balsa/proto'
import { Client, credentials } from '@grpc/grpc-js'
import { LocalCluster, until } from '../../scripts/local-cluster.mjs'
import { pickPort } from '../../scripts/ports.mjs'
import { root } from '../../scripts/processes.mjs'
import { frame } from './http2-frame.mjs'

const { KVService, WatchService } = etcdserverpb
const MIB = 1024 * 1024
const directory = mkdtempSync(join(tmpdir(), 'balsa-bad-input-'))
/** @type {LocalCluster} */
let cluster
/** The client that must not notice anything. @type {Client} */
let other
let pid = 0
let port = 0
/** @type {Set<{ destroy(): void }>} */
const open = new Set()

before(async () => {
  cluster = await LocalCluster.start({ directory, size: 1 })
  const [member] = cluster.members
  pid = member?.child?.pid ?? 0
  port = member?.clientPort ?? 0
  other = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
})

afterEach(async () => {
  for (const connection of open) connection.destroy()
  open.clear()
  await served()
  assert.equal(cluster.members[0]?.child?.pid, pid, 'the process that was there at the beginning')
})

after(async () => {
  other.close()
  await cluster.close()
  rmSync(directory, { recursive: true, force: true })
})

const b = (/** @type {string} */ text) => new TextEncoder().encode(text)
const same = (/** @type {Buffer} */ bytes) => bytes

/** @param {Uint8Array} bytes @param {string} [path] @returns {Promise<{ code: number, details: string, answer: Buffer | undefined }>} */
const unary = (bytes, path = KVService.methods.Put.path) =>
  new Promise((resolve) =>
    other.makeUnaryRequest(path, same, same, Buffer.from(bytes), { deadline: Date.now() + 30_000 }, (error, answer) =>
      resolve({ code: error?.code ?? 0, details: error?.details ?? '', answer }),
    ),
  )

/** @param {string} key @param {Uint8Array} value */
const put = (key, value) => unary(KVService.methods.Put.request.encode({ key: b(key), value }))

async function served() {
  const { code, details } = await put('other', b('client'))
  assert.equal(code, 0, details)
}

/** Memory that the process has for itself, bytes: files that it maps are not counted. */
function ownMemory() {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(text)?.[1]) * 1024
}

const framed = (/** @type {Uint8Array} */ message) => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function session() {
  const made = connectHttp2(`http://127.0.0.1:${port}`)
  made.on('error', () => {})
  open.add(made)
  return made
}

/**
 * One call by hand. @param {Record<string, string>} headers @param {Buffer | null} body null: the request is not ended
 * @returns {Promise<Record<string, unknown>>} header fields and trailers together
 */
const request = (headers, body) =>
  new Promise((resolve) => {
    const path = KVService.methods.Put.path
    const stream = session().request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers })
    /** @type {Record<string, unknown>} */
    const seen = {}
    stream.on('response', (fields) => Object.assign(seen, fields))
    stream.on('trailers', (fields) => Object.assign(seen, fields))
    stream.on('error', (error) => Object.assign(seen, { error }))
    stream.on('close', () => resolve(seen))
    stream.resume()
    if (body !== null) stream.end(body)
  })

/** Sends bytes over a plain connection and reads until the other side ends it. @param {Buffer | string} bytes @param {{ end?: boolean }} [how] @returns {Promise<string>} */
const raw = (bytes, { end = false } = {}) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    open.add(socket)
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (data) => (text += data.toString('latin1')))
    socket.on('close', () => resolve(text))
    socket.write(bytes)
    if (end) socket.end()
  })

const post = (/** @type {string} */ path, /** @type {string} */ body, headers = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers, signal: AbortSignal.timeout(30_000) })

test('malformed protobuf: INTERNAL; malformed JSON: 400', async () => {
  for (const bytes of [[0xff, 0xff, 0xff], [10, 100, 1], [0x0b], [8, 1], Array.from({ length: 1000 }, () => 0x80)]) {
    const { code, details } = await unary(Uint8Array.from(bytes))
    // A known field of another type may count as unknown: then the key is missing.
    assert.ok(code === 13 || code === 3, `${bytes.slice(0, 4)}: ${code} ${details}`)
  }
  const deep = await unary(nested(200), KVService.methods.Txn.path)
  assert.ok(deep.code === 13 || deep.code === 3, deep.details)
  for (const body of ['{', '[]', '{"key": 1}', '{"key": "***"}', 'null', '\0', `${'['.repeat(50_000)}`])
    assert.equal((await post('/v3/kv/put', body)).status, 400, body.slice(0, 20))
})

/** A transaction inside a transaction, and so on. @param {number} depth */
function nested(depth) {
  /** @type {import('@balsa/proto').etcdserverpb.TxnRequestInit} */
  let request = {}
  for (let at = 0; at < depth; at++) request = { success: [{ request: { case: 'requestTxn', value: request } }] }
  return KVService.methods.Txn.request.encode(request)
}

test('wrong content types, methods, paths, encodings, time-outs: a status of HTTP or gRPC for each', async () => {
  const body = framed(KVService.methods.Put.request.encode({ key: b('k') }))
  for (const type of ['application/json', 'text/html', '', 'application/grpc-web', 'application/grpcx'])
    assert.equal((await request({ 'content-type': type }, body))[':status'], 415, type)
  assert.equal((await request({ ':method': 'GET' }, body))[':status'], 405)
  assert.equal((await request({ ':path': '/etcdserverpb.KV/Steal' }, body))['grpc-status'], '12')
  assert.equal((await request({ 'grpc-encoding': 'gzip' }, body))['grpc-status'], '12')
  assert.equal((await request({ 'grpc-timeout': 'soon' }, body))['grpc-status'], '13')
  assert.equal((await post('/v3/kv/steal', '{}')).status, 404)
  assert.equal((await fetch(`http://127.0.0.1:${port}/v3/kv/put`)).status, 405)
})

test('half-closed: a request without its end, an end in the middle of a message, a connection that is half shut', async () => {
  const message = framed(KVService.methods.Put.request.encode({ key: b('half'), value: b('v') }))
  assert.equal((await request({}, message.subarray(0, 7)))['grpc-status'], '13')
  assert.equal((await request({}, Buffer.alloc(0)))['grpc-status'], '13')
  assert.equal((await request({}, Buffer.concat([message, message])))['grpc-status'], '13')
  // Never ended: its own deadline ends it.
  assert.equal((await request({ 'grpc-timeout': '300m' }, null))['grpc-status'], '4')
  // HTTP/1.1 with the sending side shut is still answered; HTTP/2 knows no half connections.
  assert.match(await raw('GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', { end: true }), /^HTTP\/1.1 200/)
  assert.ok((await raw(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), { end: true })).length < 200)
  assert.equal(await raw('PRI * HT', { end: true }), '')
})

test('half-closed: a watch whose client has ended its side goes on', async () => {
  const stream = session().request({ ':method': 'POST', ':path': WatchService.methods.Watch.path, 'content-type': 'application/grpc' })
  const create = { requestUnion: { case: /** @type {const} */ ('createRequest'), value: { key: b('seen') } } }
  stream.end(framed(WatchService.methods.Watch.request.encode(create)))
  let bytes = 0
  stream.on('data', (/** @type {Buffer} */ data) => (bytes += data.length))
  await until(() => bytes > 0, { what: 'the watch' })
  const before = bytes
  await put('seen', b('it'))
  await until(() => bytes > before, { what: 'the event' })
})

test('messages of 2 MiB and more: too large for the store, too large for the line', async () => {
  assert.equal((await put('large', new Uint8Array(1.4 * MIB))).code, 0)
  const forStore = await put('large', new Uint8Array(1.5 * MIB))
  assert.deepEqual([forStore.code, forStore.details], [3, 'etcdserver: request is too large'])
  assert.equal((await put('large', new Uint8Array(2 * MIB))).code, 8)
  // Announced, and never sent.
  const announced = Buffer.alloc(5)
  announced.writeUInt32BE(0xffff_ffff, 1)
  assert.equal((await request({}, announced))['grpc-status'], '8')
  const json = JSON.stringify({ key: 'aw==', value: Buffer.alloc(3 * MIB).toString('base64') })
  assert.equal((await post('/v3/kv/put', json)).status, 429)
})

test('header bombs: 431 on HTTP/2 and HTTP/1.1; endless header frames end their connection', async () => {
  const bomb = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-${at}`, 'y'.repeat(200)]))
  const answer = await request(bomb, Buffer.alloc(0))
  assert.ok(answer[':status'] === 431 || answer.error !== undefined)
  const fields = Array.from({ length: 2000 }, (_, at) => `X-${at}: ${'y'.repeat(200)}\r\n`).join('')
  assert.match(await raw(`GET /health HTTP/1.1\r\nHost: x\r\n${fields}\r\n`), /^HTTP\/1.1 431|^$/)
  const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))])
  const headers = frame(1, 0, 1, Buffer.alloc(1000))
  const more = Buffer.concat(Array.from({ length: 1000 }, () => frame(9, 0, 1, Buffer.alloc(1000))))
  const before = ownMemory()
  await raw(Buffer.concat([preface, headers, more]))
  assert.ok(ownMemory() - before < 50 * MIB)
})

test('garbage, as each of the three protocols', async () => {
  for (const start of ['', 'BALSAC\0\x01', 'BALSAC\xff\xff', 'GET ', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
    const noise = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7919 + start.length) % 251))
    assert.ok((await raw(Buffer.concat([Buffer.from(start, 'latin1'), noise]))).length < 1000)
  }
})

test('readers of watches that do not read: memory stays bounded, others are served, and who reads again has missed nothing', async () => {
  const readers = 40
  const writes = 60
  const value = new Uint8Array(0.5 * MIB)
  const create = { requestUnion: { case: /** @type {const} */ ('createRequest'), value: { key: b('big') } } }
  const streams = Array.from({ length: readers }, () => {
    const stream = session().request({ ':method': 'POST', ':path': WatchService.methods.Watch.path, 'content-type': 'application/grpc' })
    stream.on('error', () => {})
    stream.write(framed(WatchService.methods.Watch.request.encode(create)))
    return stream
  })
  await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('response', resolve))))
  const before = ownMemory()
  let peak = before
  for (let at = 0; at < writes; at++) {
    value[0] = at
    assert.equal((await put('big', value)).code, 0)
    peak = Math.max(peak, ownMemory())
  }
  // All of it for all of them would be 1.2 GiB.
  assert.ok(peak - before < 300 * MIB, `${Math.round((peak - before) / MIB)} MiB more`)
  /** @type {number[]} */
  const seen = []
  let rest = Buffer.alloc(0)
  for await (const chunk of /** @type {AsyncIterable<Buffer>} */ (streams[0] ?? [])) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const length = rest.readUInt32BE(1)
      for (const { kv } of WatchService.methods.Watch.response.decode(rest.subarray(5, 5 + length)).events) seen.push(kv?.value[0] ?? -1)
      rest = rest.subarray(5 + length)
    }
    if (seen.length === writes) break
  }
  assert.deepEqual(
    seen,
    Array.from({ length: writes }, (_, at) => at),
  )
})

test('10,000 idle connections from one host: all stay, others are served, a connection costs little', async () => {
  const wanted = 10_000
  const files = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0)
  // Where nobody may have as many, what there is is tried.
  const connections = Math.min(wanted, files - 512)
  const hello = Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4, 0, 0, Buffer.alloc(0)),
    frame(4, 1, 0, Buffer.alloc(0)),
  ])
  const before = ownMemory()
  let greeted = 0
  let closed = 0
  for (let at = 0; at < connections; at++) {
    const socket = connect(port, '127.0.0.1')
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => (closed += 1))
    socket.once('data', () => (greeted += 1))
    socket.write(hello)
    // The queue of a listener is finite.
    if (at % 200 === 199) await until(() => greeted + closed > at - 200, { what: 'connections' })
    if (at % 2000 === 1999) await served()
  }
  await until(() => greeted + closed >= connections, { what: 'all connections' })
  assert.deepEqual([greeted, closed], [connections, 0])
  const each = (ownMemory() - before) / connections
  assert.ok(each < 30 * 1024, `${Math.round(each)} bytes for each`)
  await served()
  assert.ok((await fetch(`http://127.0.0.1:${port}/health`)).ok)
  const { code } = await put('more', b('connections'))
  assert.equal(code, 0)
})

test('a process that may open few files says so at its start, and keeps what it needs for its log', async () => {
  const [clientPort, peerPort] = [await pickPort(), await pickPort()]
  const flags = [
    `--data-dir=${join(directory, 'few')}`,
    `--listen-client-urls=http://127.0.0.1:${clientPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
  ]
  const child = spawn('sh', ['-c', `ulimit -n 300; exec "$0" "$@"`, process.execPath, join(root, 'packages/balsa/bin/balsad.js'), ...flags])
  let log = ''
  let out = ''
  child.stderr.on('data', (data) => (log += data))
  child.stdout.on('data', (data) => (out += data))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until(() => out.includes('ready'), { what: 'the member' })
    assert.match(log, /may open 300 files: clients get 44 connections instead of 16000.*ulimit -n/)
    const client = new Client(`127.0.0.1:${clientPort}`, credentials.createInsecure())
    open.add({ destroy: () => client.close() })
    const write = () =>
      new Promise((resolve) => {
        const bytes = Buffer.from(KVService.methods.Put.request.encode({ key: b('k'), value: new Uint8Array(MIB) }))
        client.makeUnaryRequest(KVService.methods.Put.path, same, same, bytes, (error) => resolve(error?.code ?? 0))
      })
    assert.equal(await write(), 0)
    let refused = 0
    for (let at = 0; at < 400; at++) {
      const socket = connect(clientPort, '127.0.0.1')
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => (refused += 1))
    }
    await until(() => refused >= 400 - 44, { what: 'the refusals' })
    // More than two segments of the log: new files are opened all the time.
    for (let at = 0; at < 40; at++) assert.equal(await write(), 0)
  } finally {
    child.kill()
    await ended
  }
})
