// @ts-check
/** `balsactl migrate` as its users run it: between two clusters of real processes, while somebody writes and members die, until Ctrl-C. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from '../../packages/balsa/dist/index.js'
import { LocalCluster, until } from '../../scripts/local-cluster.mjs'
import { root } from '../../scripts/processes.mjs'

const BALSACTL = join(root, 'packages/balsa/bin/balsactl.js')
const directory = mkdtempSync(join(tmpdir(), 'balsa-migrate-'))
/** @type {LocalCluster} */
let from
/** @type {LocalCluster} */
let to
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

before(async () => {
  ;[from, to] = await Promise.all([
    LocalCluster.start({ directory: join(directory, 'from') }),
    LocalCluster.start({ directory: join(directory, 'to'), size: 1 }),
  ])
})

after(async () => {
  for (const child of running) child.kill('SIGKILL')
  await Promise.all([from?.close(), to?.close()])
  rmSync(directory, { recursive: true, force: true })
})

/** @param {readonly string[]} args */
function migrate(args) {
  const sides = ['--from', from.endpoints.join(','), '--to', to.endpoints.join(',')]
  const child = spawn(process.execPath, [BALSACTL, 'migrate', ...sides, ...args])
  running.add(child)
  const run = { child, out: '', err: '', ended: /** @type {Promise<number | null>} */ (Promise.resolve(null)) }
  child.stdout.on('data', (data) => (run.out += data))
  child.stderr.on('data', (data) => (run.err += data))
  run.ended = new Promise((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  return run
}

test('copies, follows over the death of a leader while somebody writes, and ends equal with Ctrl-C', async () => {
  const source = await connect({ endpoints: from.endpoints, deadlineMs: 60_000 })
  const target = await connect({ endpoints: to.endpoints, deadlineMs: 60_000 })
  try {
    for (let at = 0; at < 200; at++) await source.put(`before/${at}`, `${at}`)
    const run = migrate(['-o', 'json'])
    await until(() => run.err.includes('everything is copied'), { what: 'the copy', timeoutMs: 60_000 })
    const leader = await until(() => from.leader(), { what: 'a leader' })
    for (let at = 0; at < 300; at++) {
      if (at === 100) await from.kill(leader)
      await source.put(`while/${at % 50}`, `${at}`)
      if (at % 10 === 0) await source.delete(`before/${at}`)
    }
    run.child.kill('SIGINT')
    assert.equal(await run.ended, 0, run.err)
    const report = JSON.parse(run.out)
    assert.equal(report.equal, true)
    assert.deepEqual([report.from.keys, report.from.hash], [report.to.keys, report.to.hash])
    const all = async (/** @type {typeof source} */ store) =>
      (await store.range({ prefix: '' })).entries.map(({ key, value, modRevision }) => ({ key, value, modRevision }))
    const [left, right] = [await all(source), await all(target)]
    const texts = (/** @type {typeof left} */ entries) => entries.map(({ key, value }) => `${Buffer.from(key)}=${Buffer.from(value)}`)
    assert.deepEqual(texts(right), texts(left))
    const inOrder = (/** @type {typeof left} */ entries) => texts([...entries].sort((a, b) => a.modRevision - b.modRevision))
    assert.deepEqual(inOrder(right), inOrder(left))
  } finally {
    await Promise.all([source.close(), target.close()])
  }
})

test('killed in the middle, it goes on in the next run', async () => {
  const [source, target] = await Promise.all([connect({ endpoints: from.endpoints }), connect({ endpoints: to.endpoints })])
  try {
    await target.delete({ prefix: '' })
    await source.delete({ prefix: '' })
    for (let at = 0; at < 500; at++) await source.put(`k/${at}`, `${at}`)
    const run = migrate(['--once'])
    await until(async () => (await target.range({ prefix: 'k/' }, { countOnly: true })).count > 50, {
      what: 'a part of it',
      timeoutMs: 60_000,
    })
    run.child.kill('SIGKILL')
    await run.ended
    const again = migrate(['--once', '--finish'])
    assert.equal(await again.ended, 0, again.err)
    assert.match(again.err, /goes on behind revision \d+ of the source/)
    assert.match(again.out, /both are equal/)
    const copied = Number(/^copied (\d+) keys/.exec(again.out)?.[1])
    assert.ok(copied < 450, again.out)
    const { entries } = await target.range({ prefix: '' })
    assert.equal(entries.length, 500)
  } finally {
    await Promise.all([source.close(), target.close()])
  }
})
