// @ts-check
/**
 * `npm run demo`: the main job, end to end, on real processes, files and sockets. Three members; writers append all the time; the leader is killed,
 * then a follower, each comes back; the leader is paused; then the proof that nothing acknowledged was lost or done twice. With `--grow` the cluster
 * changes instead: one member, three, five, the leader dies with its disk and is replaced, and three are left.
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DemoView } from './demo/view.mjs'
import { run, tool } from './processes.mjs'

const HELP = `Usage: npm run demo [-- --grow] [-- --keep] [-- --writers N]

  --grow        one member becomes three, five, loses one with its disk, and three again, under writes
  --keep        leave the cluster running afterwards and print what to try next
  --writers N   concurrent writers, each with a session of its own (default 8)
`

/** A port that is easy to remember; taken ones are replaced. */
const BASE_PORT = 12_379
const WRITERS = 8

async function main() {
  const { values } = parseArgs({
    options: { grow: { type: 'boolean' }, keep: { type: 'boolean' }, writers: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const writers = Number(values.writers ?? WRITERS)
  if (!Number.isSafeInteger(writers) || writers < 1 || writers > 1000) {
    process.stderr.write(`--writers must be a whole number from 1 to 1000, not ${values.writers}\n`)
    return 2
  }
  const view = new DemoView(process.stdout)
  view.say('Building what is needed …')
  const build = await run([tool('tsc'), '-b'])
  if (build.exitCode !== 0) {
    process.stderr.write(`${build.output}\nThe build failed.\n`)
    return 1
  }
  // Both need the build.
  const { LocalCluster } = await import('./local-cluster.mjs')
  const { playDemo } = await import('./demo/play.mjs')
  const { playGrow } = await import('./demo/grow.mjs')
  const directory = await mkdtemp(join(tmpdir(), 'balsa-demo-'))
  const keep = values.keep ?? false
  const cluster = await LocalCluster.start({ directory, basePort: BASE_PORT, detached: keep, size: values.grow ? 1 : 3 })
  const interrupted = () => {
    view.end()
    process.stderr.write('\nInterrupted: stopping the members and deleting their data.\n')
    void cluster.destroy().finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    const proven = await (values.grow ? playGrow : playDemo)({ cluster, view, writers, directory })
    if (proven && keep) {
      view.keepRunning(cluster, directory)
      cluster.release()
      return 0
    }
    await (proven ? cluster.close().then(() => cluster.destroy()) : cluster.close())
    if (!proven) process.stderr.write(`The data and logs of the members are in ${directory}\n`)
    return proven ? 0 : 1
  } catch (error) {
    view.end()
    await cluster.close()
    process.stderr.write(
      `The demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nLogs and data: ${directory}\n`,
    )
    return 1
  }
}

// The exit is explicit only after everything was closed: a demo that leaves something running must be seen to hang, except with --keep.
process.exitCode = await main()
