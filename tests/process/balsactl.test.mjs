// @ts-check
/** The data commands of balsactl as their users run them: processes against three members, with their exit codes, output, signals and pipes. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { LocalCluster, until } from '../../scripts/local-cluster.mjs'
import { pickPort } from '../../scripts/ports.mjs'
import { root } from '../../scripts/processes.mjs'

const BALSACTL = join(root, 'packages/balsa/bin/balsactl.js')
const directory = mkdtempSync(join(tmpdir(), 'balsa-balsactl-'))
/** Without the settings of whoever runs the tests. */
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BALSA_')))
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
/** @type {LocalCluster | null} */
let cluster = null
let endpoints = ''

before(async () => {
  cluster = await LocalCluster.start({ directory: join(directory, 'cluster') })
  endpoints = cluster.endpoints.join(',')
})
after(async () => {
  for (const child of running) child.kill('SIGKILL')
  await cluster?.close()
  rmSync(directory, { recursive: true, force: true })
})

/** @typedef {{ stdin?: string | Buffer, endpoints?: string, shell?: string, environment?: Record<string, string> }} StartOptions shell: put behind the command, for a pipe */

/** @param {readonly string[]} args @param {StartOptions} [options] */
function start(args, { stdin = '', endpoints: asked = endpoints, shell, environment = {} } = {}) {
  const command = [process.execPath, BALSACTL, ...args]
  const words = shell === undefined ? command : ['bash', '-o', 'pipefail', '-c', `"$@" ${shell}`, 'x', ...command]
  const child = spawn(words[0] ?? '', words.slice(1), { env: { ...clean, BALSA_ENDPOINTS: asked, ...environment } })
  running.add(child)
  const run = { child, out: '', err: '', exited: /** @type {Promise<number | null>} */ (Promise.resolve(null)) }
  child.stdout.on('data', (data) => (run.out += data))
  child.stderr.on('data', (data) => (run.err += data))
  // A program that does not read its input is no failure.
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  run.exited = new Promise((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  return run
}

/** To its end. @param {readonly string[]} args @param {StartOptions} [options] */
async function finish(args, options) {
  const run = start(args, options)
  return { code: await run.exited, out: run.out, err: run.err }
}

/** @param {string[]} args */
const balsactl = (...args) => finish(args)

/** One that works. @param {string[]} args */
async function output(...args) {
  const { code, out, err } = await finish(args)
  assert.deepEqual({ code, err }, { code: 0, err: '' }, `${args.join(' ')}: ${out}`)
  return out
}

/** @param {string[]} args @returns {Promise<any>} */
const parsed = async (...args) => JSON.parse(await output(...args, '-o', 'json'))

/** @param {ReturnType<typeof start>} run @param {RegExp} pattern */
const says = (run, pattern) => until(() => pattern.test(run.out), { what: `${pattern} in ${run.out}${run.err}` })

test('put, append, get and del: one key, a prefix, an old revision, and exit codes for scripts', async () => {
  assert.equal(await output('put', 'app/name', 'shop'), 'OK\n')
  const { revision } = await parsed('get', 'app/name')
  assert.equal(await output('append', 'app/name', ' one'), 'OK\n')
  assert.equal(await output('put', 'app/title', 'A shop'), 'OK\n')
  assert.equal(await output('get', 'app/name'), 'shop one\n')
  assert.equal(await output('get', 'app/name', '--rev', String(revision)), 'shop\n')
  assert.equal(await output('get', '--prefix', 'app/'), 'app/name\tshop one\napp/title\tA shop\n')
  assert.equal(await output('get', '--prefix', '--count', 'app/'), '2\n')
  assert.match(
    await output('get', '--prefix', 'app/', '-o', 'table'),
    /^KEY +CREATED +MODIFIED +VERSION +VALUE\napp\/name +\d+ +\d+ +2 {2}shop one\n/,
  )
  const { entries } = await parsed('get', '--prefix', 'app/', '--keys-only')
  assert.deepEqual(
    entries.map((/** @type {any} */ { key }) => key),
    ['app/name', 'app/title'],
  )
  assert.deepEqual(await balsactl('put', '--if-absent', 'app/name', 'x').then(({ code, out }) => ({ code, out })), { code: 3, out: '' })
  assert.equal(await output('put', '--if-revision', String(revision + 1), '--prev', 'app/name', 'mall'), 'OK\napp/name\tshop one\n')
  assert.equal(await output('del', 'app/name'), '1\n')
  assert.deepEqual(await balsactl('get', 'app/name'), { code: 3, out: '', err: 'balsactl get: key app/name not found\n' })
  assert.deepEqual(await balsactl('del', 'app/name'), { code: 3, out: '0\n', err: 'balsactl del: key app/name not found\n' })
  assert.equal(await output('del', '--prefix', '--prev', 'app/'), '1\napp/title\tA shop\n')
})

test('bytes go through standard input and output unchanged', async () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256))
  assert.equal((await finish(['put', 'bytes', '-'], { stdin: bytes })).code, 0)
  assert.equal(await output('get', '--base64', Buffer.from('bytes').toString('base64')), `${bytes.toString('base64')}\n`)
  const file = join(directory, 'bytes')
  assert.equal((await finish(['get', 'bytes'], { shell: `> ${file}` })).code, 0)
  assert.ok(readFileSync(file).equals(Buffer.concat([bytes, Buffer.from('\n')])))
})

test('txn: from a file and from standard input; the exit code tells the branch', async () => {
  const text = 'if\ncreated txn/a = 0\nthen\nput txn/a "one two"\nget txn/a\nelse\nget --prefix txn/\ndel txn/a\n'
  const file = join(directory, 'txn')
  writeFileSync(file, text)
  assert.equal(await output('txn', file), 'SUCCESS\nOK\ntxn/a\tone two\n')
  const second = await finish(['txn', '-o', 'json'], { stdin: text })
  assert.equal(second.code, 3)
  const { succeeded, results } = JSON.parse(second.out)
  assert.deepEqual([succeeded, results[0].entries[0].value, results[1].count], [false, 'one two', 1])
  const wrong = await finish(['txn'], { stdin: 'then\nput a\n' })
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /line 2/)
})

test('watch prints each change once until it is interrupted, and until then through the end of a member', async () => {
  const watching = start(['watch', '--prefix', 'w/'])
  // It begins at some moment after its start: this one is seen at last.
  await until(async () => (await output('put', 'w/begin', 'x'), watching.out !== ''), { what: 'a first event', intervalMs: 50 })
  await output('put', 'w/a', '1')
  await says(watching, /\tput\tw\/a\t1\n/)
  const leader = await until(() => cluster?.leader(), { what: 'a leader' })
  await cluster?.stop(leader)
  await output('put', 'w/a', '2')
  await output('del', 'w/a')
  await says(watching, /\tput\tw\/a\t2\n\d+\tdelete\tw\/a\t-\n$/)
  await cluster?.start(leader)
  watching.child.kill('SIGINT')
  assert.equal(await watching.exited, 0, watching.err)
  const lines = watching.out.trimEnd().split('\n')
  const revisions = lines.map((line) => Number(line.split('\t')[0]))
  assert.deepEqual(
    revisions,
    [...new Set(revisions)].sort((a, b) => a - b),
  )
  await cluster?.ready(leader)
})

test('watch KEY -- COMMAND runs it for each change, with the change in its environment and the value as its input', async () => {
  const { revision } = await parsed('put', 'hook', 'one')
  await output('put', 'hook', 'two')
  await output('del', 'hook')
  const script = 'cat; echo " $BALSA_WATCH_TYPE $BALSA_WATCH_KEY $((BALSA_WATCH_REVISION - FIRST))"; [ "$BALSA_WATCH_TYPE" = put ]'
  const seen = await finish(['watch', 'hook', '--rev', String(revision), '--limit', '3', '--', 'sh', '-c', script], {
    environment: { FIRST: String(revision) },
  })
  assert.equal(seen.code, 0, seen.err)
  assert.equal(seen.out, 'one put hook 0\ntwo put hook 1\n delete hook 2\n')
  assert.equal(seen.err, `balsactl watch: revision ${revision + 2}: sh: exit code 1\n`)
  const none = await finish(['watch', 'hook', '--rev', String(revision), '--', '/no/such/program'])
  assert.equal(none.code, 127)
  assert.match(none.err, /\/no\/such\/program: no such program/)
})

test('compact: older revisions are refused afterwards, in words and with a next step', async () => {
  const { revision } = await parsed('put', 'old', '1')
  await output('put', 'old', '2')
  assert.equal(await output('compact', String(revision + 1)), `compacted to revision ${revision + 1}\n`)
  for (const args of [
    ['get', 'old', '--rev', String(revision)],
    ['watch', 'old', '--rev', String(revision)],
    ['compact', String(revision)],
  ]) {
    const { code, out, err } = await finish(args)
    assert.deepEqual({ code, out }, { code: 1, out: '' })
    assert.match(err, new RegExp(`^balsactl ${args[0]}: COMPACTED: .+\\nNext: .+\\n$`))
  }
  const future = await balsactl('compact', '999999999')
  assert.equal(future.code, 1)
  assert.match(future.err, /FUTURE_REVISION: the store has not reached this revision\nNext: /)
})

test('leases are granted, listed, kept alive until Ctrl-C, and revoked with their keys', async () => {
  const lease = (await output('lease', 'grant', '60s')).trim()
  assert.match(lease, /^[0-9a-f]{16}$/)
  await output('put', '--lease', lease, 'leased/a', 'x')
  assert.match(await output('lease', 'list'), new RegExp(`^${lease}\t60.0s\t[\\d.]+s\t1$`, 'm'))
  assert.deepEqual((await parsed('lease', 'info', lease)).keys, [{ key: 'leased/a', keyEncoding: 'utf8' }])
  assert.equal(await output('lease', 'keep-alive', '--once', lease), 'kept alive for 60.0s\n')
  const keeping = start(['lease', 'keep-alive', lease])
  await says(keeping, /^kept alive for 60.0s\n/)
  keeping.child.kill('SIGINT')
  assert.equal(await keeping.exited, 0)
  assert.equal(await output('lease', 'revoke', lease), 'revoked, 1 key deleted\n')
  assert.equal((await balsactl('get', 'leased/a')).code, 3)
  assert.equal((await balsactl('lease', 'info', lease)).code, 3)
  const again = await balsactl('lease', 'revoke', lease)
  assert.equal(again.code, 1)
  assert.match(again.err, /^balsactl lease revoke: LEASE_NOT_FOUND: there is no such lease, or not any more\nNext: .+\n$/)
})

for (const command of ['lock', 'elect']) {
  test(`${command} NAME -- COMMAND passes on its exit code, its signals and its output`, async () => {
    assert.deepEqual(
      await balsactl(command, 'name', '--', 'sh', '-c', 'echo $BALSA_FENCING_TOKEN > /dev/stderr; exit 9').then(({ code }) => code),
      9,
    )
    const killed = await balsactl(command, 'name', '--', 'sh', '-c', 'kill -KILL $$')
    assert.deepEqual(killed, { code: 128 + 9, out: '', err: '' })
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      const holder = start([
        command,
        'name',
        '--',
        'sh',
        '-c',
        `trap 'echo told; exit 5' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`,
      ])
      await says(holder, /^ready\n/)
      holder.child.kill(signal)
      assert.equal(await holder.exited, 5, holder.err)
      assert.equal(holder.out, 'ready\ntold\n')
    }
    const none = await balsactl(command, 'name', '--', '/no/such/program')
    assert.deepEqual(none, { code: 127, out: '', err: `balsactl ${command}: /no/such/program: no such program\n` })
    const file = join(directory, 'plain-file')
    writeFileSync(file, 'x')
    const notOne = await balsactl(command, 'name', '--', file)
    assert.deepEqual(notOne, { code: 126, out: '', err: `balsactl ${command}: ${file}: cannot be run (EACCES)\n` })
  })

  test(`${command}: Ctrl-C lets the next one in at once, and --wait gives up in time and says who has it`, async () => {
    const holder = start([command, 'busy', '--ttl', '60m'])
    await says(holder, /^busy\/[0-9a-f]+\n/)
    for (const wait of ['0', '100ms']) {
      const late = await balsactl(command, '--wait', wait, 'busy', '--', 'true')
      assert.equal(late.code, 4)
      assert.match(
        late.err,
        new RegExp(`^balsactl ${command}: DEADLINE: .* held by .*/${holder.child.pid}\\nNext: balsactl get --prefix busy/\\n$`),
      )
    }
    const next = start([command, 'busy', '--', 'echo', 'mine'])
    await until(async () => (await output('get', '--prefix', '--count', 'busy/')) === '2\n', { what: 'the next one in the queue' })
    // One who gives up waiting leaves the queue.
    const impatient = start([command, 'busy', '--', 'echo', 'never'])
    await until(async () => (await output('get', '--prefix', '--count', 'busy/')) === '3\n', { what: 'another one in the queue' })
    impatient.child.kill('SIGINT')
    assert.equal(await impatient.exited, 128 + 2)
    assert.equal(impatient.out, '')
    holder.child.kill('SIGINT')
    assert.equal(await holder.exited, 0)
    // Within the test's time: its lease would have gone on for an hour.
    assert.equal(await next.exited, 0)
    assert.equal(next.out, 'mine\n')
    assert.equal(await output('get', '--prefix', '--count', 'busy/'), '0\n')
    assert.deepEqual(await balsactl(command, '--wait', '0', 'busy', '--', 'echo', 'free'), { code: 0, out: 'free\n', err: '' })
  })

  test(`${command}: a command whose lease was revoked is stopped, with what it has started`, async () => {
    const file = join(directory, `${command}-alive`)
    const holder = start([
      command,
      'lost',
      '--ttl',
      '2s',
      '--',
      'sh',
      '-c',
      `trap '' TERM; echo ready; while :; do date > ${file}; sleep 0.05; done`,
    ])
    await says(holder, /^ready\n/)
    const [row = ''] = (await output('get', '--prefix', 'lost/', '--keys-only')).split('\n')
    await output('lease', 'revoke', row.slice('lost/'.length))
    assert.equal(await holder.exited, 1)
    assert.match(holder.err, /LEASE_LOST/)
    await until(() => existsSync(file), { what: 'the file' })
    rmSync(file)
    await output('put', 'after', 'a while')
    assert.equal(existsSync(file), false, 'the command still runs')
  })
}

test('a reader that leaves ends every command quietly', async () => {
  const big = await finish(['put', 'pipe/0', '-', '-o', 'json'], { stdin: 'x'.repeat(1_000_000) })
  const { revision } = JSON.parse(big.out)
  for (let at = 1; at < 4; at++) await output('put', `pipe/${at}`, 'y')
  const line = { shell: '| head -1 | wc -l' }
  const some = [
    ['get', '--prefix', 'pipe/'],
    ['get', 'pipe/0'],
    ['get', '--prefix', 'pipe/', '-o', 'json'],
    ['get', '--prefix', 'pipe/', '-o', 'table'],
    ['get', '--help'],
    ['lease', 'list', '-o', 'table'],
  ]
  for (const args of some) assert.deepEqual(await finish(args, line), { code: 0, out: '1\n', err: '' }, args.join(' '))
  // A watch notices with the next change.
  const watching = start(['watch', '--prefix', 'pipe/', '--rev', String(revision)], line)
  let ended = false
  void watching.exited.then(() => (ended = true))
  await until(async () => (await output('put', 'pipe/1', 'z'), ended), { what: 'the end of the watch', intervalMs: 50 })
  assert.deepEqual({ code: await watching.exited, err: watching.err }, { code: 0, err: '' })
})

test('members that are down, or do not answer, are said within the time-out', async (context) => {
  const silent = createServer((socket) => socket.on('error', () => undefined).resume())
  const port = await pickPort()
  await new Promise((resolve) => silent.listen(port, '127.0.0.1', () => resolve(null)))
  context.after(() => silent.close())
  const down = `127.0.0.1:${await pickPort()}`
  const commands = [
    'get a',
    'get --prefix a',
    'put a b',
    'append a b',
    'del a',
    'watch a',
    'compact 5',
    'lease grant 5s',
    'lease list',
    'lease keep-alive 7',
    'lock a -- true',
    'elect a -- true',
    'elect --listen a',
  ]
  for (const command of commands) {
    const ran = [down, `127.0.0.1:${port}`].map(async (asked) => {
      const { code, out, err } = await finish(['--timeout', '300ms', ...command.split(' ')], { endpoints: asked })
      // What was sent to a member that says nothing may have been done.
      const mayBeDone = asked !== down && /^(put|append|del|compact|lease grant)/.test(command)
      assert.ok(code === 4 || (mayBeDone && code === 6), `${command}: ${code} ${err}`)
      assert.equal(out, '')
      const said = `^balsactl [a-z -]+: (DEADLINE|OUTCOME_UNKNOWN): .*\\(asked ${asked}\\)\nNext: .*balsactl --endpoints ${asked} .+\n$`
      assert.match(err, new RegExp(said))
    })
    await Promise.all(ran)
  }
})

test('mistakes on the command line are 2 with one line and where to look; help shows examples and exit codes', async () => {
  /** @type {readonly (readonly [string[], RegExp])[]} */
  const wrong = [
    [['get'], /missing required argument 'key'\nSee: balsactl get --help\n$/],
    [['lease'], /a command is needed: grant, revoke, keep-alive, list, info/],
    [['put', 'a', '-x'], /goes behind --/],
    [['gte', 'a'], /Did you mean get\?/],
    [['lock', '--ttl', '10ms', 'a'], /--ttl must be between 1s and 60m/],
  ]
  for (const [args, expected] of wrong) {
    const { code, out, err } = await finish(args)
    assert.deepEqual({ code, out }, { code: 2, out: '' }, err)
    assert.match(err, expected)
    assert.equal(err.split('\n').length, 3, err)
  }
  for (const args of [['get'], ['txn'], ['watch'], ['lock'], ['lease', 'grant']]) {
    const help = await output(...args, '--help')
    assert.match(help, new RegExp(`^Usage: balsactl ${args.join(' ')} `))
    assert.match(help, /\nExamples:\n {2}# .+\n {2}.*balsactl/)
    assert.match(help, /\nExit codes:\n {2}0 {2}done\n/)
  }
})
