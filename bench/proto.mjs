// @ts-check
/**
 * The generated protobuf codecs: messages of the hot path and of the gateway, against protobufjs with the same .proto files in the same run.
 */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { etcdserverpb } from '@balsa/proto'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)

/** Comes with grpc-js, the foreign client of the tests. */
const throughGrpc = createRequire(createRequire(import.meta.url).resolve('@grpc/grpc-js'))
const protobufjs = throughGrpc(['protobuf', 'js'].join(''))

function loadForeign() {
  const folder = fileURLToPath(new URL('../packages/proto/proto', import.meta.url))
  const loaded = new protobufjs.Root()
  loaded.resolvePath = (/** @type {string} */ _origin, /** @type {string} */ path) => (path.startsWith(folder) ? path : join(folder, path))
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.proto'))
  loaded.loadSync(
    names.map((name) => join(folder, name)),
    { keepCase: false },
  )
  return loaded
}

/** Calls per second of each, medians of five slices after one to warm up. They take turns: the speed of a shared machine changes. @param {readonly (() => unknown)[]} calls */
function rates(calls) {
  /** @type {number[][]} */
  const slices = calls.map(() => [])
  for (let slice = 0; slice < 6; slice++) for (const [at, call] of calls.entries()) slices[at]?.push(sliceRate(call))
  return slices.map((all) => all.slice(1).sort((a, b) => a - b)[2] ?? 0)
}

/** @param {() => unknown} call */
function sliceRate(call) {
  const startMs = performance.now()
  let count = 0
  let elapsedMs = 0
  do {
    for (let turn = 0; turn < 1000; turn++) call()
    count += 1000
    elapsedMs = performance.now() - startMs
  } while (elapsedMs < (SECONDS * 1000) / 24)
  return (count * 1000) / elapsedMs
}

/** @param {number} value */
const millions = (value) => `${(value / 1_000_000).toFixed(2)}M`.padStart(8)

const key = new Uint8Array(28).fill(107)
const value = new Uint8Array(256).fill(118)
const header = { clusterId: 0xcdf818194e3a8c32n, memberId: 0x8e9e05c52164694dn, revision: 1_234_567, raftTerm: 7 }
const kv = { key, value, createRevision: 1_234_000, modRevision: 1_234_567, version: 12, lease: 0n }
const put = { ...etcdserverpb.newPutRequest(), key, value }
const range = { ...etcdserverpb.newRangeRequest(), key }
const compare = {
  ...etcdserverpb.newCompare(),
  target: 2,
  key,
  targetUnion: { case: /** @type {const} */ ('modRevision'), value: 1_234_567 },
}

/** @type {[string, import('@balsa/proto').MessageType<any, any>, object][]} */
const messages = [
  ['PutRequest 28 + 256 B', etcdserverpb.PutRequestType, put],
  ['PutRequest with a lease', etcdserverpb.PutRequestType, { ...put, lease: 7_587_862_094_632_321_111n }],
  ['PutResponse', etcdserverpb.PutResponseType, { header, prevKv: null }],
  ['RangeRequest of one key', etcdserverpb.RangeRequestType, range],
  ['RangeResponse, 1 key', etcdserverpb.RangeResponseType, { header, kvs: [kv], more: false, count: 1 }],
  ['RangeResponse, 100 keys', etcdserverpb.RangeResponseType, { header, kvs: Array(100).fill(kv), more: false, count: 100 }],
  [
    'TxnRequest, compare and put',
    etcdserverpb.TxnRequestType,
    {
      compare: [compare],
      success: [{ request: { case: 'requestPut', value: put } }],
      failure: [{ request: { case: 'requestRange', value: range } }],
    },
  ],
]

const foreign = loadForeign()
console.log('messages per second              encode            decode')
console.log('                             ours  protobufjs  ours  protobufjs   bytes')
for (const [name, type, message] of messages) {
  const bytes = type.encode(message)
  const other = foreign.lookupType(type.name)
  const otherMessage = other.decode(bytes)
  if (Buffer.compare(other.encode(otherMessage).finish(), bytes) !== 0) throw new Error(`${name}: the two differ`)
  const figures = [
    ...rates([() => type.encode(message), () => other.encode(otherMessage).finish()]),
    ...rates([() => type.decode(bytes), () => other.decode(bytes)]),
  ]
  console.log(`${name.padEnd(28)} ${figures.map(millions).join(' ')}   ${bytes.length}`)
}
