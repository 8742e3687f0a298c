import { Command, CommanderError, Option } from 'commander'
import { addCoordination } from './coordination-commands.js'
import { addData } from './data-commands.js'
import { EXIT, EXIT_MEANINGS, type Io } from './io.js'
import { addMembers } from './member-commands.js'
import type { CommonFlags } from './options.js'
import { describeError, exitCodeOf, UsageError } from './text.js'
import { VERSION } from './version.js'

/** Mostly one of {@link EXIT}; a command that runs another passes its code through. */
type Run = () => Promise<number>

export interface Example {
  readonly does: string
  readonly line: string
}

const exitHelp = `\nExit codes:\n${EXIT_MEANINGS.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}\n`
const exampleHelp = (examples: readonly Example[]): string =>
  `\nExamples:\n${examples.map(({ does, line }) => `  # ${does}\n  ${line}`).join('\n')}\n`

/** Options that every command takes. */
export type WithCommon = (command: Command, examples: readonly Example[]) => Command

function withCommon(command: Command, examples: readonly Example[]): Command {
  return command
    .addOption(
      new Option('--endpoints <host:port,...>', 'client addresses of members (environment: BALSA_ENDPOINTS; default: 127.0.0.1:2379)'),
    )
    .addOption(
      new Option('-o, --output <format>', 'plain, table or json (default: plain; status, health and member list: table on a terminal)'),
    )
    .addOption(new Option('--timeout <duration>', 'give up after this time, such as 500ms or 5s (default: 5s)'))
    .addHelpText('after', `${exampleHelp(examples)}${exitHelp}`)
}

/** Of commands that need no more than the store. */
const withEtcd: WithCommon = (command, examples) =>
  withTls(
    withCommon(command, examples).option('--etcd', "over etcd's interface, to a cluster of etcd (or of Balsa); see docs/etcd-client.md"),
  )

const withTls = (command: Command): Command =>
  command
    .option('--cacert <file>', 'for https:// endpoints of etcd: whom to trust (default: whom Node.js trusts)')
    .option('--cert <file>', 'the same: the certificate of this client')
    .option('--key <file>', 'the same: its key')

/** Every command as commander sees it; `chosen` gets what is to be run. Commands are loaded only when they run. */
function buildProgram(io: Io, chosen: (run: Run, path: string, flags: CommonFlags) => void): Command {
  const program = new Command('balsactl')
  const choose = <Flags extends CommonFlags>(path: string, run: (flags: Flags, args: readonly string[]) => Promise<number>) =>
    function (this: Command, ...args: unknown[]): void {
      // Flags may stand before the command too.
      const flags = this.optsWithGlobals<Flags>()
      // An optional argument that is absent must not become the text undefined.
      const texts = args
        .slice(0, this.registeredArguments.length)
        .flat()
        .filter((argument) => typeof argument === 'string')
      chosen(() => run(flags, texts), path, flags)
    }
  withCommon(program, [
    { does: 'store and read a value', line: 'balsactl put greeting hello && balsactl get greeting' },
    { does: 'see all members', line: 'balsactl --endpoints 127.0.0.1:2379,127.0.0.1:2479 status' },
  ])
    .description('Talks to a Balsa cluster.')
    .version(`balsactl ${VERSION}`)
  addData(program, io, choose, withEtcd)
  addCoordination(program, io, choose, withEtcd)
  addCluster(program, io, choose)
  addAlarms(program, io, choose, withCommon)
  addMembers(program, io, choose, withCommon)
  addRecovery(program, io, choose)
  addSnapshots(program, io, choose)
  addMigration(program, io, choose)
  addHistory(program, io, choose)
  return program
}

export type Choose = <Flags extends CommonFlags>(
  path: string,
  run: (flags: Flags, args: readonly string[]) => Promise<number>,
) => (this: Command, ...args: unknown[]) => void

function addCluster(program: Command, io: Io, choose: Choose): void {
  withCommon(program.command('status'), [
    { does: 'all members, the leader marked with a star', line: 'balsactl status' },
    { does: 'for scripts', line: 'balsactl status -o json | jq \'.[] | select(.status.role=="leader") | .endpoint\'' },
  ])
    .description('Shows every member: role, term, commit and applied index, lag, health.')
    .action(choose('status', async (flags) => (await import('./commands/status.js')).status(flags, io)))
  const endpoint = program.command('endpoint').description('Commands about single endpoints.')
  withCommon(endpoint.command('health'), [{ does: 'which endpoints answer linearizable reads', line: 'balsactl endpoint health' }])
    .description('Asks each endpoint for a linearizable read and reports how long it took.')
    .action(choose('endpoint health', async (flags) => (await import('./commands/endpoint-health.js')).endpointHealth(flags, io)))
}

function addAlarms(program: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  const load = () => import('./commands/alarm.js')
  const alarm = program.command('alarm').description('Commands about what stops writes in the whole cluster.')
  withCommon(alarm.command('list'), [{ does: 'is anything wrong?', line: 'balsactl alarm list' }])
    .description('Shows every alarm: NOSPACE and CORRUPT, of which member, and who raised it.')
    .action(choose('alarm list', async (flags) => (await load()).list(flags, io)))
  withCommon(alarm.command('disarm'), [{ does: 'when its reason is gone', line: 'balsactl alarm disarm' }])
    .description('Clears the alarms that an operator has raised. Those of members go by themselves, with their reason.')
    .action(choose('alarm disarm', async (flags) => (await load()).disarm(flags, io)))
}

const collect = (directory: string, before: readonly string[] = []): readonly string[] => [...before, directory]

function addRecovery(program: Command, io: Io, choose: Choose): void {
  withCommon(program.command('recover'), [
    {
      does: 'what is left, and which of it to keep; asks before it changes anything',
      line: 'balsactl recover --data-dir n2.balsa --data-dir n3.balsa',
    },
    { does: 'only look', line: 'balsactl recover --data-dir n3.balsa --dry-run' },
    {
      does: 'for scripts: the id of the cluster that is given up confirms it',
      line: 'balsactl recover --data-dir n3.balsa -o json --yes 99140fdd84ad',
    },
  ])
    .description('Makes a new cluster of what is left when a majority of the members is lost for good. Offline: asks no cluster.')
    .option('--data-dir <directory>', "a stopped member's data directory; once for each that is left", collect)
    .option('--dry-run', 'show what would happen, change nothing')
    .option('--yes <cluster>', 'do it without asking; the id of the cluster that is given up, as this command shows it')
    .option('--force', 'also when a majority is left, and from the directory of a learner')
    .action(choose('recover', async (flags) => (await import('./commands/recover.js')).recover(flags, io)))
}

function addSnapshots(program: Command, io: Io, choose: Choose): void {
  const load = () => import('./commands/snapshot.js')
  const snapshot = program.command('snapshot').description('Commands about the whole state in a file.')
  withCommon(snapshot.command('save'), [{ does: 'what one member holds', line: 'balsactl snapshot save backup.snapshot' }])
    .description('Saves the state of a member, checked and durable, into a file.')
    .argument('<file>')
    .action(choose('snapshot save', async (flags, [file = '']) => (await load()).save(file, flags, io)))
  withCommon(snapshot.command('status'), [{ does: 'is it whole, and what is in it?', line: 'balsactl snapshot status backup.snapshot' }])
    .description('Checks a saved snapshot and shows its revision, keys and size. Asks no cluster.')
    .argument('<file>')
    .action(choose('snapshot status', async (flags, [file = '']) => (await load()).status(file, flags, io)))
  withCommon(snapshot.command('restore'), [
    { does: 'a cluster of one', line: 'balsactl snapshot restore backup.snapshot --data-dir new.balsa' },
    {
      does: 'a member of three; the same on the others, with their names',
      line: 'balsactl snapshot restore backup.snapshot --name n1 --data-dir n1.balsa --initial-cluster n1=http://10.0.0.1:2380,n2=http://10.0.0.2:2380,n3=http://10.0.0.3:2380',
    },
  ])
    .description('Makes the data directory of a member of a new cluster out of a saved snapshot. Asks no cluster.')
    .argument('<file>')
    .option('--name <name>', 'of the member (default: default)')
    .option('--data-dir <directory>', 'of the member; must not be there yet (default: NAME.balsa)')
    .option('--initial-cluster <name=url,...>', 'all members of the new cluster, as balsad has it (default: this one alone)')
    .option('--initial-cluster-token <token>', 'the same for all of them (default: made of the snapshot)')
    .option('--initial-advertise-peer-urls <url>', 'where the others reach this member (default: what --initial-cluster says)')
    .action(choose('snapshot restore', async (flags, [file = '']) => (await load()).restore(file, flags, io)))
}

function addMigration(program: Command, io: Io, choose: Choose): void {
  withTls(
    withCommon(program.command('migrate'), [
      {
        does: 'from a cluster of etcd; Ctrl-C when nobody writes there any more',
        line: 'balsactl migrate --from 10.0.0.1:2379,10.0.0.2:2379 --to 10.0.1.1:2379,10.0.1.2:2379',
      },
      { does: 'one pass, which a later run goes on from', line: 'balsactl migrate --from old:2379 --to new:2379 --once' },
      { does: 'a part of it, for good', line: 'balsactl migrate --from old:2379 --to new:2379 --prefix app/ --once --finish' },
    ]),
  )
    .description(
      'Copies a key space from one cluster to another, of etcd or of Balsa, follows its changes until Ctrl-C, and compares both sides.',
    )
    .option('--from <host:port,...>', 'the cluster to copy from')
    .option('--to <host:port,...>', 'the cluster to copy to')
    .option('--from-cacert <file>', 'for the side of --from, instead of --cacert')
    .option('--from-cert <file>', 'the same, instead of --cert; goes with the next')
    .option('--from-key <file>', 'the same, instead of --key')
    .option('--to-cacert <file>', 'for the side of --to, instead of --cacert')
    .option('--to-cert <file>', 'the same, instead of --cert; goes with the next')
    .option('--to-key <file>', 'the same, instead of --key')
    .option('--prefix <prefix>', 'only keys that begin with this')
    .option('--once', 'do not follow: copy what there is, compare, end; the next run goes on from there')
    .option('--finish', 'with --once: that was the last run')
    .option('--batch <number>', 'so many revisions of the source may share one of the target: faster, and their order is lost (default: 1)')
    .option('--force', 'also into a target that has keys; those that the source has not are deleted')
    .action(choose('migrate', async (flags) => (await import('./commands/migrate.js')).migrate(flags, io)))
}

function addHistory(program: Command, io: Io, choose: Choose): void {
  withCommon(program.command('check-history'), [
    { does: 'is what the clients saw possible?', line: 'balsactl check-history history.jsonl' },
    { does: 'from another program', line: 'my-test | balsactl check-history -' },
  ])
    .description('Checks a history of get, put, append, cas and delete for linearizability. Asks no cluster.')
    .argument('<file>', 'JSON lines, or - for standard input')
    .option('--max-steps <number>', 'give up on a key after so many steps of the search (default: 5000000)')
    .action(
      choose('check-history', async (flags, [file = '']) => (await import('./commands/check-history.js')).checkHistory(file, flags, io)),
    )
}

/** Applies to all commands, nested ones too. */
function configure(command: Command, texts: string[]): void {
  command.exitOverride()
  command.configureOutput({ writeOut: (text) => void texts.push(text), writeErr: () => undefined })
  command.showHelpAfterError(false)
  for (const child of command.commands) configure(child, texts)
}

/** The commands that these arguments begin with, for errors that come before one runs: each is one of the one before. */
function commandsNamed(program: Command, args: readonly string[]): readonly Command[] {
  const named: Command[] = []
  for (const word of args) {
    const command: Command | undefined = (named.at(-1) ?? program).commands.find((child) => child.name() === word)
    if (command === undefined) break
    named.push(command)
  }
  return named
}

const commandNamed = (program: Command, args: readonly string[]): string =>
  commandsNamed(program, args)
    .map((command) => command.name())
    .join(' ')

const namesBelow = (program: Command, args: readonly string[]): readonly string[] =>
  (commandsNamed(program, args).at(-1) ?? program).commands.map((command) => command.name())

/** Commands that ask nobody: their errors name no endpoints. */
const OFFLINE: ReadonlySet<string> = new Set(['recover', 'check-history', 'migrate', 'snapshot status', 'snapshot restore'])

/** Runs one command line. Never throws: the answer is the exit code. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  let run: Run | null = null
  let path = ''
  let endpoints: readonly string[] = []
  const help: string[] = []
  const program = buildProgram(io, (chosen, name, flags) => {
    run = chosen
    path = name
    endpoints = OFFLINE.has(name) ? [] : (flags.endpoints ?? io.environment['BALSA_ENDPOINTS'] ?? '127.0.0.1:2379').split(',')
  })
  configure(program, help)
  path = commandNamed(program, args)
  try {
    await parse(program, args)
    if (help.length > 0) await io.out(help.join(''))
    return run === null ? EXIT.ok : await (run as Run)()
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      await io.out(help.join(''))
      return EXIT.ok
    }
    io.err(describeError(error, { command: path, endpoints }))
    return exitCodeOf(error)
  }
}

async function parse(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode === 0) throw error
    if (error.code === 'commander.help') throw new UsageError(`a command is needed: ${namesBelow(program, args).join(', ')}`)
    const message = error.message.replace(/^error: /, '').replace(/\n/g, ' ')
    if (message.includes("'--json'")) throw new UsageError(`${message}; JSON is --output json, or -o json`)
    const isDash = error.code === 'commander.unknownOption' && !message.includes('Did you mean')
    throw new UsageError(isDash ? `${message}; an argument that begins with a dash goes behind --` : message)
  }
}
