// @ts-check
/**
 * `npm run compat -- NAME ...`: tools of the field, unmodified, against a cluster of three `balsad`. Each suite installs what it needs (Debian packages
 * through apt, npm packages in a temporary folder), runs every command group of its tool, and prints how many checks passed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Checks, Running } from './compat/checks.mjs'
import { LocalCluster } from './local-cluster.mjs'

const SUITES = {
  etcdctl: () => import('./compat/etcdctl.mjs'),
  gateway: () => import('./compat/gateway.mjs'),
  etcd3: () => import('./compat/etcd3.mjs'),
  python: () => import('./compat/python.mjs'),
  'balsa-v1': () => import('./compat/balsa-v1.mjs'),
  client: () => import('./compat/client.mjs'),
  patroni: () => import('./compat/patroni.mjs'),
  migrate: () => import('./compat/migrate.mjs'),
  model: () => import('./compat/model.mjs'),
}

/** etcd's own: patient enough for a machine that is busy. */
const TIMES = ['--heartbeat-interval', '100', '--election-timeout', '1000']

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM'])

const HELP = `Usage: npm run compat -- [${Object.keys(SUITES).join('|')}] ...

Without a name: all of them, one after the other, each against a cluster of its own.
`

/** @param {string} name */
async function runSuite(name) {
  const suite = await SUITES[/** @type {keyof typeof SUITES} */ (name)]()
  const directory = await mkdtemp(join(tmpdir(), `balsa-compat-${name}-`))
  const checks = new Checks(name)
  /** @type {LocalCluster | null} */
  let cluster = null
  // Interrupted, it leaves nobody behind.
  const interrupted = () => void Promise.resolve(cluster?.close()).then(() => process.exit(130))
  for (const signal of SIGNALS) process.once(signal, interrupted)
  try {
    await suite.prepare(directory)
    cluster = await LocalCluster.start({ directory: join(directory, 'cluster'), flags: TIMES })
    await suite.run({ cluster, checks, directory })
  } catch (error) {
    checks.failed('the suite itself', error)
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupted)
    for (const program of Running.all) await program.end('SIGKILL')
    await cluster?.close()
    await rm(directory, { recursive: true, force: true })
  }
  return checks
}

async function main() {
  const names = process.argv.slice(2)
  if (names.some((name) => name.startsWith('-') || !Object.hasOwn(SUITES, name))) {
    process.stdout.write(HELP)
    process.exitCode = names.includes('--help') ? 0 : 2
    return
  }
  const all = []
  for (const name of names.length > 0 ? names : Object.keys(SUITES)) all.push(await runSuite(name))
  for (const checks of all) process.stdout.write(`${checks.summary()}\n`)
  if (all.some((checks) => checks.failures > 0)) process.exitCode = 1
}

await main()
