// @ts-check
/** The examples of coordination, and `balsactl lock` and `elect`: as processes, against a real cluster, with instances that are killed and frozen. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { LocalCluster, until } from '../../scripts/local-cluster.mjs'
import { root } from '../../scripts/processes.mjs'

const directory = mkdtempSync(join(tmpdir(), 'balsa-coordination-'))
cpSync(join(root, 'examples'), directory, { recursive: true })
symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
/** @type {LocalCluster | null} */
let cluster = null
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
let endpoints = ''

before(async () => {
  cluster = await LocalCluster.start({ directory: join(directory, 'cluster') })
  endpoints = cluster.members.map(({ endpoint }) => endpoint).join(',')
})
after(async () => {
  for (const child of running) child.kill('SIGKILL')
  await cluster?.close()
  rmSync(directory, { recursive: true, force: true })
})

/** @param {readonly string[]} args @param {Record<string, string>} [environment] */
function start(args, environment = {}) {
  const env = { ...process.env, BALSA_ENDPOINTS: endpoints, TTL_MS: '1500', ...environment }
  const child = spawn(process.execPath, [...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], env })
  running.add(child)
  const state = { output: '' }
  child.stdout.on('data', (data) => (state.output += data))
  child.stderr.on('data', (data) => (state.output += data))
  /** @type {Promise<number | null>} */
  const exited = new Promise((resolve) => {
    child.once('exit', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  const read = () => state.output
  return {
    child,
    read,
    exited,
    lines: () => read().split('\n').slice(0, -1),
    /** @param {string | RegExp} what */
    says: (what) => until(() => (typeof what === 'string' ? read().includes(what) : what.test(read())), { what: `${what} in: ${read()}` }),
    stop: async () => {
      child.kill('SIGTERM')
      assert.equal(await exited, 0, read())
    },
  }
}

/** @param {string} name @param {Record<string, string>} [environment] @param {readonly string[]} [args] */
const example = (name, environment = {}, args = []) => start([`coordination/${name}.mjs`, ...args], environment)
const balsactl = (/** @type {string[]} */ ...args) => start([join(root, 'packages/balsa/bin/balsactl.js'), ...args])

/** @param {string[]} args */
async function answer(...args) {
  const { exited, read } = balsactl(...args)
  const code = await exited
  return { code, text: read().trim() }
}

test('a cron job runs once in each period, through the death of the instance that runs it', async () => {
  const instances = Array.from({ length: 3 }, () => example('cron', { PERIOD_MS: '200' }))
  const ticks = () => instances.flatMap(({ lines }) => lines().map((line) => Number(line.split(' ')[1])))
  await until(() => ticks().length >= 3, { what: 'three ticks' })
  const worker = instances.find(({ read }) => read() !== '')
  assert.ok(worker)
  worker.child.kill('SIGKILL')
  const others = instances.filter((each) => each !== worker)
  await until(() => others.some(({ lines }) => lines().length >= 3), { what: 'three ticks of another one' })
  assert.equal(others.filter(({ read }) => read() !== '').length, 1)
  assert.equal(new Set(ticks()).size, ticks().length, 'no tick was done twice')
  for (const each of others) await each.stop()
})

test('a leader hands over when it is told to end, and a frozen one is replaced and writes nothing any more', async () => {
  const first = example('leader', { NAME: 'first' })
  const second = example('leader', { NAME: 'second' })
  const leads = /I lead, with token (\d+)/
  const leader = await until(() => [first, second].find(({ read }) => leads.test(read())), { what: 'a leader' })
  const other = leader === first ? second : first
  await other.says(leader === first ? 'first leads' : 'second leads')
  leader.child.kill('SIGSTOP')
  await other.says(leads)
  await until(async () => (await answer('get', 'mailer-log')).text.includes(String(leads.exec(other.read())?.[1])), {
    what: 'work of the new one',
  })
  leader.child.kill('SIGCONT')
  await leader.says('I stop')
  // It stands in line again, and takes over when the other one leaves.
  await other.stop()
  assert.match(other.read(), /I stop/)
  await until(() => leader.read().match(/I lead/g)?.length === 2, { what: 'the first one again' })
  const tokens = (await answer('get', 'mailer-log')).text.split(' ').map(Number)
  assert.deepEqual(
    tokens,
    [...tokens].sort((a, b) => a - b),
  )
  await leader.stop()
})

test('presence tells who comes, who leaves, and who has died', async () => {
  const ann = example('presence', { NAME: 'ann' })
  await ann.says('present: ann\n')
  const bob = example('presence', { NAME: 'bob' })
  await ann.says('present: ann, bob\n')
  await bob.says('present: ann, bob\n')
  const before = ann.lines().length
  bob.child.kill('SIGKILL')
  await until(() => ann.lines().slice(before).includes('present: ann'), { what: 'the end of bob' })
  await ann.stop()
})

test('a configuration is followed, and a bad one is not used', async () => {
  const follower = example('config')
  await follower.says('using {"requestsPerSecond":10}')
  assert.equal((await answer('put', 'config/limits', '{"requestsPerSecond":20}')).code, 0)
  await follower.says('using {"requestsPerSecond":20}')
  await answer('put', 'config/limits', '{"requestsPerSecond":-1}')
  await follower.says('kept {"requestsPerSecond":20}: requestsPerSecond must be above 0')
  await follower.stop()
  const late = example('config')
  await late.says('kept {"requestsPerSecond":10}: requestsPerSecond must be above 0')
  await late.stop()
})

test('each job is done once, also those of a worker that dies', async () => {
  const names = Array.from({ length: 20 }, (_, at) => `job ${at}`)
  const workers = Array.from({ length: 3 }, () => example('jobs', { WORK_MS: '30' }, ['work']))
  assert.equal(await example('jobs', {}, ['add', ...names.slice(0, 10)]).exited, 0)
  await until(() => workers.some(({ read }) => read() !== ''), { what: 'a first job' })
  workers[0]?.child.kill('SIGKILL')
  assert.equal(await example('jobs', {}, ['add', ...names.slice(10)]).exited, 0)
  const done = async () => (await answer('get', 'jobs-done')).text.split('\n')
  await until(async () => (await done()).length >= names.length, { what: 'all jobs', intervalMs: 200 })
  assert.deepEqual((await done()).sort(), [...names].sort())
  for (const worker of workers.slice(1)) await worker.stop()
})

test('balsactl lock runs one command at a time, with the token in its environment, and exits as it does', async () => {
  const script = 'console.log(process.env.BALSA_LOCK_KEY, process.env.BALSA_FENCING_TOKEN); setTimeout(() => process.exit(7), 100)'
  const runs = Array.from({ length: 3 }, () => balsactl('lock', 'cli', '--', process.execPath, '-e', script))
  for (const { exited } of runs) assert.equal(await exited, 7)
  const tokens = runs.map(({ read }) => {
    const [, key, token] = /^(cli\/[0-9a-f]+) (\d+)\n$/.exec(read()) ?? []
    assert.ok(key, read())
    return Number(token)
  })
  assert.equal(new Set(tokens).size, 3)
  const holder = balsactl('lock', 'cli')
  await holder.says(/^cli\/[0-9a-f]+\n/)
  const late = await answer('lock', '--wait', '300ms', 'cli', '--', 'true')
  assert.equal(late.code, 4, late.text)
  await holder.stop()
})

test('balsactl ends the command when its lock is broken', async () => {
  const script = 'console.log(process.env.BALSA_LOCK_KEY); setInterval(() => 0, 1000)'
  const holder = balsactl('lock', 'broken', '--', process.execPath, '-e', script)
  await holder.says(/^broken\/[0-9a-f]+\n/)
  assert.equal((await answer('del', holder.read().trim())).code, 0)
  assert.equal(await holder.exited, 1)
  assert.match(holder.read(), /LEASE_LOST/)
})

test('balsactl elect leads while its command runs, and others can listen', async () => {
  const listener = balsactl('elect', '--listen', 'cli-boss')
  const leader = balsactl('elect', '--value', 'me', 'cli-boss', '--', process.execPath, '-e', 'setInterval(() => 0, 1000)')
  await listener.says(/^\n?me\n/)
  leader.child.kill('SIGTERM')
  assert.equal(await leader.exited, 128 + 15)
  await listener.says(/me\n\n/)
  await listener.stop()
})
