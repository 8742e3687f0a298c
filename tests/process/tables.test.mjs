// @ts-check
/** The tables of the store, written by a process that is killed (SIGKILL) at any moment: what is found then is a whole number of batches, and not less than was promised. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LmdbBackend, NodeFileSystem } from '../../packages/host/dist/index.js'

const ROUNDS = 12
const KEYS = 500
const REPLACED_AT = 40
/** Longer than LMDB's keys, for some. */
const keyOf = (/** @type {number} */ at) => `${at % 50 === 0 ? 'k'.repeat(5000) : 'k'}${at}`
const valueOf = (/** @type {number} */ index) => Buffer.from(String(index).repeat(40))

/** Key `at` is changed by every batch whose index has this rest. @param {number} index */
const keysOf = (index) => [index % KEYS, (index * 7) % KEYS, (index * 31) % KEYS]

/** What the tables hold when everything up to `index` is in them. @param {number} index */
function expected(index) {
  /** @type {Map<string, string>} */
  const keys = new Map()
  for (let at = 1; at <= index; at++) for (const key of keysOf(at)) keys.set(keyOf(key), valueOf(at).toString())
  return keys
}

const open = (/** @type {string} */ directory) => LmdbBackend.open({ fileSystem: new NodeFileSystem(), directory, maxDelayMs: 5 })

/** @param {string} directory */
async function writeForEver(directory) {
  const backend = await open(directory)
  for (let index = backend.appliedIndex + 1; ; index++) {
    backend.write(index, (batch) => {
      for (const key of keysOf(index)) batch.put('current', keyOf(key), valueOf(index))
      batch.put('meta', 'index', valueOf(index))
    })
    if (index % REPLACED_AT === 0) await replaceByItself(backend, index)
    process.send?.(backend.durableIndex)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The same content, as a whole new file. @param {LmdbBackend} backend @param {number} index */
async function replaceByItself(backend, index) {
  const replacement = backend.replace()
  for (const { key, value } of backend.page('current', { from: '', to: null }, 2 * KEYS)) replacement.put('current', key, value)
  replacement.put('meta', 'index', valueOf(index))
  await replacement.commit(index)
}

/** @param {string} directory @param {number} afterMs */
function writeAndKill(directory, afterMs) {
  return new Promise((resolve, reject) => {
    let promised = 0
    const child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, BALSA_TABLES: directory } })
    child.once('message', () => setTimeout(() => child.kill('SIGKILL'), afterMs))
    child.on('message', (index) => (promised = Number(index)))
    child.once('exit', (code, signal) => (signal === 'SIGKILL' ? resolve(promised) : reject(new Error(`the writer ended with ${code}`))))
  })
}

if (process.env.BALSA_TABLES !== undefined) await writeForEver(process.env.BALSA_TABLES)
else {
  test('whatever moment the process is killed at, the tables hold whole batches', async (context) => {
    const directory = await mkdtemp(join(tmpdir(), 'balsa-tables-'))
    let before = 0
    for (let round = 1; round <= ROUNDS; round++) {
      const promised = await writeAndKill(directory, 20 + ((round * 37) % 180))
      const backend = await open(directory)
      const { appliedIndex } = backend
      assert.ok(appliedIndex >= promised && appliedIndex >= before, `found ${appliedIndex}, promised ${promised}, before ${before}`)
      const found = backend.page('current', { from: '', to: null }, 2 * KEYS)
      assert.deepEqual(new Map(found.map(({ key, value }) => [key, Buffer.from(value).toString()])), expected(appliedIndex))
      assert.equal(Buffer.from(backend.get('meta', 'index') ?? []).toString(), valueOf(appliedIndex).toString())
      await backend.close()
      context.diagnostic(`round ${round}: promised ${promised}, found ${appliedIndex}`)
      before = appliedIndex
    }
    assert.ok(before > REPLACED_AT, 'there were replacements')
    await rm(directory, { recursive: true })
  })
}
