import { BalsaError } from '../errors.js'
import type { Filter } from './golden-cluster.test-support.js'
import { GoldenCluster } from './golden-cluster.test-support.js'
import type { CoreOptions } from './options.js'

/**
 * The language of the golden scripts. A line `> command` is run, and what it printed stands below it, indented; everything else is for the
 * reader. Words with `=` are options of the command, all others its arguments.
 *
 *   > found 1 2 3 [learners=4,5] [any option of the core=value]      a cluster with these voters
 *   > spare 4                                                      a member that knows nobody yet
 *   > campaign 1
 *   > elect 1                                                      an election without faults, whose messages are not shown
 *   > propose 1 x y                                                two proposals in one turn
 *   > configure 1 voters=1,2,4 [outgoing=1,2,3] [learners=5]       proposes a configuration
 *   > read 1 · transfer 1 [2]
 *   > deliver [from=1] [to=2] [type=appendEntries] [last=1]        queued messages that match arrive (only the last one of them)
 *   > drop [from=] [to=] [type=] · save NAME [from=] [to=] [type=] · replay NAME        a message may be lost, or come again much later
 *   > stabilize [1 2] [lose=FROM>TO,TYPE,...]                      until nothing moves; messages to others wait; `*` stands for anybody
 *   > tick 300 [1 2]                                               time passes for everybody; timers fire at all, or at these
 *   > run 600 [lose=...]                                           time passes for all in small steps; only decisions are shown
 *   > hold-disk 1 · persist 1 · release-disk 1                     writes wait; the oldest completes; they complete by themselves again
 *   > crash 1 [steps=2] · restart 1                                `steps` of the writes under way survive
 *   > compact 1 5 [keep=2]                                         a snapshot of everything up to 5, two entries before it are kept
 *   > log 1 · status
 */
interface Command {
  readonly name: string
  readonly words: readonly string[]
  readonly options: ReadonlyMap<string, string>
}

function parseCommand(line: string): Command {
  const [name = '', ...rest] = line.split(/\s+/).filter((word) => word !== '')
  const options = new Map<string, string>()
  const words: string[] = []
  for (const word of rest) {
    const at = word.indexOf('=')
    if (at > 0) options.set(word.slice(0, at), word.slice(at + 1))
    else words.push(word)
  }
  return { name, words, options }
}

const list = (text: string | undefined): readonly number[] => (text === undefined || text === '' ? [] : text.split(',').map(Number))

const optional = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))

const filterOf = ({ options }: Command): Filter => ({
  from: optional(options.get('from')),
  to: optional(options.get('to')),
  type: options.get('type'),
})

/** `1>2`, `*>3`, `heartbeat`, joined by commas. */
function filtersOf(text: string | undefined): readonly Filter[] {
  if (text === undefined) return []
  return text.split(',').map((part) => {
    const [from, to] = part.split('>')
    if (to === undefined) return { type: part }
    return { from: from === '*' ? undefined : Number(from), to: to === '*' ? undefined : Number(to) }
  })
}

function coreOptions(options: ReadonlyMap<string, string>): Partial<CoreOptions> {
  const values: Record<string, number | boolean> = {}
  for (const [key, value] of options) {
    if (key !== 'learners') values[key] = value === 'true' || (value === 'false' ? false : Number(value))
  }
  return values
}

type Action = (cluster: GoldenCluster, id: number, command: Command) => void

const actions: Readonly<Record<string, Action>> = {
  found: (cluster, _id, { words, options }) => cluster.found(words.map(Number), list(options.get('learners')), coreOptions(options)),
  spare: (cluster, id) => cluster.spare(id),
  campaign: (cluster, id) => cluster.campaign(id),
  elect: (cluster, id) => cluster.elect(id),
  propose: (cluster, id, { words }) => cluster.propose(id, words.slice(1)),
  configure: (cluster, id, { options }) =>
    cluster.proposeConfiguration(id, list(options.get('voters')), list(options.get('outgoing')), list(options.get('learners'))),
  read: (cluster, id) => cluster.read(id),
  transfer: (cluster, id, { words }) => cluster.transfer(id, words[1] === undefined ? null : Number(words[1])),
  deliver: (cluster, _id, command) => cluster.deliver(filterOf(command), command.options.has('last')),
  drop: (cluster, _id, command) => cluster.drop(filterOf(command)),
  save: (cluster, _id, command) => cluster.save(command.words[0] ?? '', filterOf(command)),
  replay: (cluster, _id, { words }) => cluster.replay(words[0] ?? ''),
  stabilize: (cluster, _id, { words, options }) => cluster.stabilize(words.map(Number), filtersOf(options.get('lose'))),
  tick: (cluster, ms, { words }) => cluster.tick(ms, words.slice(1).map(Number)),
  run: (cluster, ms, { options }) => cluster.run(ms, filtersOf(options.get('lose'))),
  'hold-disk': (cluster, id) => cluster.holdDisk(id, true),
  'release-disk': (cluster, id) => cluster.holdDisk(id, false),
  persist: (cluster, id) => cluster.persist(id),
  crash: (cluster, id, { options }) => cluster.crash(id, Number(options.get('steps') ?? 0)),
  restart: (cluster, id) => cluster.restart(id),
  compact: (cluster, id, { words, options }) => cluster.compact(id, Number(words[1]), Number(options.get('keep') ?? 0)),
  log: (cluster, id) => cluster.showLog(id),
  status: (cluster) => cluster.showStatus(),
}

function run(cluster: GoldenCluster, line: string): readonly string[] {
  const command = parseCommand(line)
  const action = actions[command.name]
  if (action === undefined) throw new Error(`unknown command: ${line}`)
  cluster.lines.length = 0
  try {
    action(cluster, Number(command.words[0]), command)
  } catch (error) {
    // A member that stops itself is a result; anything else is a mistake in the script.
    if (!(error instanceof BalsaError)) throw error
    cluster.say(`stops: ${error.code}, ${error.message}`)
  }
  return cluster.lines.length === 0 ? ['ok'] : [...cluster.lines]
}

/** The script with the output that its commands have now. */
export function runScript(script: string): string {
  const cluster = new GoldenCluster()
  const result: string[] = []
  for (const line of script.split('\n')) {
    if (line.startsWith('  ')) continue
    result.push(line)
    if (!line.startsWith('> ')) continue
    try {
      result.push(...run(cluster, line.slice(2)).map((output) => `  ${output}`))
    } catch (error) {
      throw new Error(`${line}: ${error instanceof Error ? error.message : String(error)}\n${cluster.lines.join('\n')}`, { cause: error })
    }
  }
  return result.join('\n')
}
