// @ts-check
/**
 * Unary echo of 300 bytes over gRPC: our HTTP/2, the same methods on node:http2, and @grpc/grpc-js, each in a process of its own, all driven by h2load
 * (Debian package nghttp2-client). The servers take turns in every row, so that the ratios hold on a machine whose speed changes.
 */
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NodeClock } from '@balsa/host'
import { createGrpcServer, createNodeGrpcServer } from '@balsa/server/grpc'
import { Server, ServerCredentials } from '@grpc/grpc-js'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)
const SERVERS = ['own', 'node:http2', 'grpc-js']
const ROWS = /** @type {const} */ ([
  [1, 1],
  [10, 1],
  [10, 10],
  [100, 10],
])
const PATH = '/bench.Echo/Unary'

/** The other process. @param {string} kind */
async function serve(kind) {
  process.on('disconnect', () => process.exit())
  if (kind === 'grpc-js') {
    const same = (/** @type {Buffer} */ bytes) => bytes
    const method = { path: PATH, requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same }
    const server = new Server()
    const definition = { unary: { ...method, responseSerialize: same, responseDeserialize: same } }
    server.addService(definition, {
      unary: (/** @type {any} */ call, /** @type {Function} */ answer) => answer(null, call.request),
    })
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, port) => process.send?.(port))
    return
  }
  /** @type {import('@balsa/server/grpc').MethodTable} */
  const methods = new Map([[PATH, { kind: 'unary', handler: (request) => request }]])
  const create = kind === 'own' ? createGrpcServer : createNodeGrpcServer
  const server = create({ methods, clock: new NodeClock() })
  const listener = createServer({ noDelay: true }, (socket) => server.attach(socket))
  listener.listen(0, '127.0.0.1', () => process.send?.(/** @type {import('node:net').AddressInfo} */ (listener.address()).port))
}

/** @param {number} port @param {string} body @param {readonly [number, number]} row */
function load(port, body, [connections, streams], seconds = SECONDS) {
  const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers']
  const size = ['-c', String(connections), '-m', String(streams), '-D', String(seconds)]
  const { stdout } = spawnSync('h2load', [...size, '-d', body, ...headers, `http://127.0.0.1:${port}${PATH}`], { encoding: 'utf8' })
  const failed = Number(/(\d+) failed/.exec(stdout)?.[1] ?? 1)
  return failed > 0 ? Number.NaN : Number(/, ([\d.]+) req\/s/.exec(stdout)?.[1] ?? Number.NaN)
}

/** User and system time of a process, s. @param {import('node:child_process').ChildProcess} child */
async function cpuSeconds(child) {
  child.send('cpu')
  const [{ user, system }] = await once(child, 'message')
  return (user + system) / 1e6
}

async function main() {
  if (spawnSync('h2load', ['--version']).error !== undefined) {
    console.log('http2: left out, h2load is not installed (Debian: apt-get install nghttp2-client)')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'balsa-bench-'))
  const body = join(folder, 'body')
  writeFileSync(body, Buffer.concat([Buffer.from([0, 0, 0, 300 >> 8, 300 & 255]), Buffer.alloc(300, 'x')]))
  const children = SERVERS.map((kind) => fork(fileURLToPath(import.meta.url), [kind]))
  const ports = await Promise.all(children.map(async (child) => Number((await once(child, 'message'))[0])))
  try {
    for (const port of ports) load(port, body, [10, 10], 1)
    console.log(
      'gRPC unary echo, 300 B, by h2load        calls/s (calls per CPU second of the server)        own / node:http2   own / grpc-js',
    )
    for (const row of ROWS) {
      const rates = []
      const texts = []
      for (const [at, child] of children.entries()) {
        const before = await cpuSeconds(child)
        const rate = load(ports[at] ?? 0, body, row)
        const perCpu = (rate * SECONDS) / ((await cpuSeconds(child)) - before)
        rates.push(rate)
        texts.push(`${SERVERS[at]} ${(rate / 1000).toFixed(1)}k (${(perCpu / 1000).toFixed(0)}k)`.padEnd(26))
      }
      const [own = 0, node = 1, js = 1] = rates
      console.log(
        `${row.join('x').padEnd(8)} ${texts.join('')} ${(own / node).toFixed(1).padStart(12)} ${(own / js).toFixed(1).padStart(15)}`,
      )
    }
  } finally {
    for (const child of children) child.disconnect()
    rmSync(folder, { recursive: true, force: true })
  }
}

const kind = process.argv[2]
if (kind === undefined) await main()
else {
  process.on('message', () => process.send?.(process.cpuUsage()))
  await serve(kind)
}
