// @ts-check
/**
 * Our HTTP/2 against programs of others: curl, nghttp, h2load. Those that are not installed are left out; with INSTALL_TOOLS=1 they are installed first
 * (Debian, as root: apt-get install curl nghttp2-client). And against sockets that misbehave.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { NodeClock } from '@balsa/host'
import { createGrpcServer } from '@balsa/server/grpc'
import { frame } from './http2-frame.mjs'

const present = (/** @type {string} */ program) => spawnSync(program, ['--version']).error === undefined
if (process.env.INSTALL_TOOLS === '1' && !['curl', 'nghttp', 'h2load'].every(present)) {
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'curl', 'nghttp2-client'], { stdio: 'ignore' })
}
const without = (/** @type {string} */ program) => (present(program) ? false : `${program} is not installed`)

const folder = mkdtempSync(join(tmpdir(), 'balsa-http2-'))
const message = (/** @type {number} */ bytes) => {
  const prefixed = Buffer.alloc(5 + bytes, 'x')
  prefixed.writeUInt8(0)
  prefixed.writeUInt32BE(bytes, 1)
  return prefixed
}
writeFileSync(join(folder, 'small'), message(300))
writeFileSync(join(folder, 'large'), message(1_500_000))

/** @type {{ code: number, reason: string }[]} */
const ends = []
/** @type {import('@balsa/server/grpc').MethodTable} */
const methods = new Map([
  ['/t.T/Echo', { kind: 'unary', handler: (/** @type {Uint8Array} */ request) => request }],
  ['/t.T/Later', { kind: 'unary', handler: async (/** @type {Uint8Array} */ request) => request }],
])
const server = createGrpcServer({
  methods,
  clock: new NodeClock(),
  limits: {
    // nghttp tries CONTINUATION with 24 KiB.
    maxHeaderListBytes: 65_536,
    slowReaderTimeoutMs: 300,
    sweepIntervalMs: 50,
    handshakeTimeoutMs: 400,
  },
  onConnectionEnd: (end) => ends.push(end),
})
const listener = createServer({ noDelay: true }, (socket) => server.attach(socket))
let port = 0
let url = ''
before(async () => {
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', () => resolve(undefined)))
  port = /** @type {import('node:net').AddressInfo} */ (listener.address()).port
  url = `http://127.0.0.1:${port}/t.T`
})
after(async () => {
  await server.close()
  listener.close()
  rmSync(folder, { recursive: true, force: true })
})

const GRPC = ['-H', 'content-type: application/grpc', '-H', 'te: trailers']
const run = (/** @type {string} */ program, /** @type {readonly string[]} */ args) =>
  promisify(execFile)(program, args, { encoding: 'latin1', maxBuffer: 1 << 26, timeout: 60_000 })

test('curl with prior knowledge: content both ways, trailers, errors of HTTP', { skip: without('curl') }, async () => {
  const curl = ['-sS', '--http2-prior-knowledge', '-D', '-']
  const echo = await run('curl', [...curl, ...GRPC, '--data-binary', `@${join(folder, 'large')}`, `${url}/Echo`])
  assert.match(echo.stdout, /^HTTP\/2 200/)
  assert.ok(echo.stdout.includes('x'.repeat(1_500_000)))
  assert.match(echo.stdout, /grpc-status: 0/)
  assert.match((await run('curl', [...curl, '-d', 'x', `${url}/Echo`])).stdout, /^HTTP\/2 415/)
  assert.match((await run('curl', [...curl, `${url}/Echo`])).stdout, /^HTTP\/2 405/)
})

test('nghttp: no complaint about any frame, also of a padded request', { skip: without('nghttp') }, async () => {
  for (const more of [[], ['--padding=100'], ['--continuation']]) {
    const { stdout } = await run('nghttp', ['-v', '-n', ...more, ...GRPC, '-d', join(folder, 'large'), `${url}/Later`])
    assert.match(stdout, /grpc-status: 0/)
    assert.doesNotMatch(stdout, /recv RST_STREAM|recv GOAWAY/)
  }
})

test('h2load: every call of 20 connections with 50 streams each is answered', { skip: without('h2load') }, async () => {
  for (const [path, body, calls] of /** @type {const} */ ([
    ['Echo', 'small', 40_000],
    ['Later', 'small', 40_000],
    ['Echo', 'large', 100],
  ])) {
    const args = ['-c', '20', '-m', '50', '-n', String(calls), '-d', join(folder, body), ...GRPC, `${url}/${path}`]
    const { stdout } = await run('h2load', args)
    assert.match(stdout, new RegExp(`${calls} succeeded, 0 failed, 0 errored`))
  }
})

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const closed = (/** @type {import('node:net').Socket} */ socket) =>
  new Promise((resolve) => socket.on('error', () => {}).once('close', () => resolve(undefined)))

/** The server notices a moment after its client. */
async function nobodyLeft() {
  while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve))
}

test('a client that says nothing, or never reads, is cut; what is held for it stays small', async () => {
  const silent = connect(port, '127.0.0.1')
  silent.resume()
  await closed(silent)
  await nobodyLeft()
  assert.equal(ends.at(-1)?.reason, 'no preface in time')

  ends.length = 0
  const deaf = connect(port, '127.0.0.1')
  const wideWindow = Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff])
  deaf.write(Buffer.concat([PREFACE, frame(4, 0, 0, wideWindow), frame(8, 0, 0, Buffer.from([0x7f, 0xfe, 0, 0]))]))
  const path = Buffer.from('/t.T/Echo')
  const type = Buffer.from('application/grpc')
  const block = Buffer.concat([Buffer.from([0x83, 0x86, 0x04, path.length]), path, Buffer.from([0x0f, 0x10, type.length]), type])
  const body = message(16_000)
  const gone = closed(deaf)
  const before = process.memoryUsage().rss
  let peak = before
  deaf.pause()
  for (let id = 1; id < 40_000 && !deaf.destroyed; id += 2) {
    const free = deaf.write(Buffer.concat([frame(1, 4, id, block), frame(0, 1, id, body)]))
    if (!free) await Promise.race([new Promise((resolve) => deaf.once('drain', resolve)), gone])
    peak = Math.max(peak, process.memoryUsage().rss)
  }
  deaf.resume()
  await gone
  await nobodyLeft()
  assert.equal(ends.length, 1)
  assert.ok(peak - before < 150 * 2 ** 20, `${peak - before} bytes more`)
})

test('garbage ends its connection, without an answer that costs anything', async () => {
  ends.length = 0
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01', '\0\0\0', 'PRI * HTTP/2.0\r\n\r\nXX']) {
    const socket = connect(port, '127.0.0.1')
    socket.end(Buffer.from(bytes, 'latin1'))
    socket.resume()
    await closed(socket)
  }
  await nobodyLeft()
  assert.deepEqual(new Set(ends.map(({ reason }) => reason)), new Set(['bad preface']))
  assert.equal(ends.length, 4)
})
