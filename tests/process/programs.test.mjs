// @ts-check
/** balsad and balsactl as their users start them: lines, exit codes, signals, pipes. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pickPort } from '../../scripts/ports.mjs'
import { root } from '../../scripts/processes.mjs'

const program = (/** @type {string} */ name) => join(root, `packages/balsa/bin/${name}.js`)
const directory = mkdtempSync(join(tmpdir(), 'balsa-programs-'))
/** Without the settings of whoever runs the tests: they would be taken for flags, or warned about. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BALSA_')))
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

/** @param {string} name @param {readonly string[]} args @param {string} [shell] put behind the command, for a pipe */
function start(name, args, shell) {
  const command = [process.execPath, program(name), ...args]
  const child =
    shell === undefined
      ? spawn(process.execPath, command.slice(1), { env })
      : spawn('bash', ['-o', 'pipefail', '-c', `"$@" ${shell}`, 'x', ...command], { env })
  running.add(child)
  const run = { child, out: '', err: '', exited: /** @type {Promise<number | null>} */ (Promise.resolve(null)) }
  child.stdout.on('data', (data) => (run.out += data))
  child.stderr.on('data', (data) => (run.err += data))
  run.exited = /** @type {Promise<number | null>} */ (
    new Promise((resolve) => {
      child.once('close', (code) => {
        running.delete(child)
        resolve(code)
      })
    })
  )
  return run
}

/** @param {string} name @param {readonly string[]} args @param {string} [shell] */
async function finish(name, args, shell) {
  const run = start(name, args, shell)
  return { code: await run.exited, out: run.out, err: run.err }
}

/** @param {string} name */
async function memberFlags(name) {
  const [peer, client] = [await pickPort(), await pickPort()]
  const flags = [
    '--data-dir',
    join(directory, name),
    '--listen-peer-urls',
    `127.0.0.1:${peer}`,
    '--listen-client-urls',
    `127.0.0.1:${client}`,
  ]
  return { flags, endpoint: `127.0.0.1:${client}`, dataDir: join(directory, name) }
}

/** Waits for a text in the output, which arrives piece by piece. @param {ReturnType<typeof start>} run @param {RegExp} pattern */
async function said(run, pattern) {
  while (!pattern.test(run.out + run.err)) {
    assert.equal(run.child.exitCode, null, `ended early: ${run.out}${run.err}`)
    await new Promise((resolve) => {
      run.child.stdout.once('data', resolve)
      run.child.stderr.once('data', resolve)
      run.child.once('close', resolve)
    })
  }
}

test('balsad says when it is ready, stops by SIGTERM with 0, and leaves its directory free', async () => {
  const { flags, endpoint, dataDir } = await memberFlags('one')
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
    const daemon = start('balsad', flags)
    await said(
      daemon,
      /^ready: default \(member 6e7b3532385e, cluster [0-9a-f]{12} of 1\), clients at \S+, peers at \S+, data in \S+, pid \d+\n/m,
    )
    assert.equal(daemon.out.trimEnd().split('\n').length, 1)
    const put = await finish('balsactl', ['--endpoints', endpoint, 'put', 'key', signal])
    assert.deepEqual(put, { code: 0, out: 'OK\n', err: '' })
    daemon.child.kill(signal)
    // The same wish, passed on by a terminal and by the program in front.
    daemon.child.kill(signal)
    assert.equal(await daemon.exited, 0, daemon.err)
    for (const line of daemon.err.trimEnd().split('\n')) assert.equal(JSON.parse(line).member, 'default')
    assert.deepEqual(
      readdirSync(dataDir).filter((name) => name.startsWith('lock-')),
      [],
    )
  }
})

test('a second balsad on the same data directory ends with 1 and one line; the first goes on', async () => {
  const { flags, endpoint, dataDir } = await memberFlags('locked')
  const first = start('balsad', flags)
  await said(first, /^ready: /m)
  const second = await finish('balsad', flags)
  assert.equal(second.code, 1)
  assert.match(
    second.err,
    new RegExp(`^balsad: LOCKED: ${dataDir} is in use by process ${first.child.pid}\\. One process per data directory[^\\n]*\\n$`),
  )
  assert.equal((await finish('balsactl', ['--endpoints', endpoint, 'put', 'a', 'b'])).code, 0)
  // kill -9 leaves the lock's file behind, not the lock.
  first.child.kill('SIGKILL')
  await first.exited
  const third = start('balsad', flags)
  await said(third, /^ready: /m)
  assert.equal((await finish('balsactl', ['--endpoints', endpoint, 'get', 'a'])).out, 'b\n')
  third.child.kill('SIGTERM')
  assert.equal(await third.exited, 0)
})

test('wrong flags and taken ports end with 2 and one line', async (context) => {
  const { flags } = await memberFlags('wrong')
  const taken = createServer()
  const port = await pickPort()
  await new Promise((resolve) => taken.listen(port, '127.0.0.1', () => resolve(null)))
  // Also when the test fails: an open port would keep the process for ever.
  context.after(() => taken.close())
  const wrong = [
    ['--nmae', 'x'],
    [...flags, '--election-timeout', '10'],
    [...flags.slice(0, 4), '--listen-client-urls', `127.0.0.1:${port}`],
  ]
  for (const args of wrong) {
    const { code, out, err } = await finish('balsad', args)
    assert.equal(code, 2, err)
    assert.equal(out, '')
    assert.match(err, /^balsad: CONFIG: [^\n]+\n$/)
  }
})

test('--help and --version of both need nothing and end with 0', async () => {
  for (const name of ['balsad', 'balsactl']) {
    for (const flag of ['--help', '--version']) {
      const { code, out, err } = await finish(name, [flag])
      assert.deepEqual({ code, err }, { code: 0, err: '' })
      assert.ok(out.length > 5)
    }
  }
})

test('balsactl in a pipe whose reader leaves ends quietly', async () => {
  const { flags, endpoint } = await memberFlags('pipe')
  const daemon = start('balsad', flags)
  await said(daemon, /^ready: /m)
  const big = await finish('balsactl', ['--endpoints', endpoint, 'put', 'big', 'x'.repeat(100_000)])
  assert.equal(big.code, 0, big.err)
  for (let at = 0; at < 12; at++) await finish('balsactl', ['--endpoints', endpoint, 'append', 'big', 'x'.repeat(100_000)])
  const cut = await finish('balsactl', ['--endpoints', endpoint, 'get', 'big'], '| head -c 5')
  assert.deepEqual(cut, { code: 0, out: 'xxxxx', err: '' })
  daemon.child.kill('SIGTERM')
  await daemon.exited
})
