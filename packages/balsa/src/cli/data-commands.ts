import type { Command } from 'commander'
import type { Io } from './io.js'
import type { Choose, WithCommon } from './main.js'

const withEncoding = (command: Command): Command =>
  command
    .option('--hex', 'KEY and VALUE are hexadecimal, in arguments and output')
    .option('--base64', 'KEY and VALUE are base64, in arguments and output')

const withSelection = (command: Command): Command =>
  command
    .option('--prefix', 'all keys that begin with KEY')
    .option('--from', 'all keys from KEY on')
    .option('--to <end>', 'all keys from KEY on, up to but without this one')

/** Commands about keys, values and leases. */
export function addData(program: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  addReads(program, io, choose, withCommon)
  addWrites(program, io, choose, withCommon)
  addTransactions(program, io, choose, withCommon)
  addLeases(program, io, choose, withCommon)
}

function addReads(program: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  withCommon(withSelection(withEncoding(program.command('get'))), [
    { does: 'the newest value, confirmed by a majority', line: 'balsactl get greeting' },
    { does: 'all keys below a prefix, with their values', line: 'balsactl get --prefix config/' },
    { does: 'how many keys there are', line: "balsactl get --prefix --count ''" },
    { does: 'as it was at an old revision', line: 'balsactl get --rev 42 greeting' },
    { does: 'whatever the asked member has, without asking others', line: 'balsactl get --stale greeting' },
    { does: 'the same, unless it may be older than this', line: 'balsactl get --consistency stale --max-stale 200ms greeting' },
    { does: 'bytes into a file (a newline is added)', line: 'balsactl get --base64 picture | base64 -d > picture.png' },
  ])
    .description('Prints the value of a key, or the keys and values of a range. Linearizable unless --stale.')
    .argument('<key>')
    .option('--rev <revision>', 'as it was after this revision')
    .option('--limit <number>', 'at most so many keys')
    .option('--descending', 'the highest key first')
    .option('--keys-only', 'without the values')
    .option('--count', 'only how many keys there are')
    .option('--consistency <mode>', 'linearizable, lease (refused where the members have no --lease-reads) or stale')
    .option('--stale', 'the same as --consistency stale: read what the asked member has applied, which may be old')
    .option('--max-stale <duration>', 'refuse a stale answer that may be older, such as 200ms')
    .action(choose('get', async (flags, [key = '']) => (await import('./commands/get.js')).get(key, flags, io)))
  withCommon(withSelection(withEncoding(program.command('watch'))), [
    { does: 'what happens below a prefix, until Ctrl-C', line: 'balsactl watch --prefix config/' },
    { does: 'everything since a revision', line: "balsactl watch --prefix --rev 42 ''" },
    { does: 'run a command for each change', line: 'balsactl watch config -- systemctl reload my-service' },
    { does: 'the next change, for scripts', line: 'balsactl watch --limit 1 -o json config' },
  ])
    .description('Prints changes as they happen, each once and in order: revision, put or delete, key, value.')
    .argument('<key>')
    .argument(
      '[command...]',
      'behind --; run for each change, with BALSA_WATCH_TYPE, _KEY, _VALUE and _REVISION, and the new value as standard input',
    )
    .option('--rev <revision>', 'begin with the changes of this revision (default: what happens from now on)')
    .option('--prev', 'show also what was there before')
    .option('--only <type>', 'puts or deletes')
    .option('--limit <number>', 'end after so many changes')
    .action(choose('watch', async (flags, [key = '', ...command]) => (await import('./commands/watch.js')).watch(key, command, flags, io)))
}

function addWrites(program: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  withCommon(withEncoding(program.command('put')), [
    { does: 'store a value', line: 'balsactl put greeting hello' },
    { does: 'the value from standard input', line: 'balsactl put config - < config.json' },
    { does: 'only when nobody was faster', line: 'balsactl put --if-absent lock me' },
    { does: 'only when it is unchanged since it was read', line: 'balsactl put --if-revision 42 counter 7' },
    { does: 'for as long as a lease lives', line: 'balsactl put --lease "$(balsactl lease grant 30s)" present/me here' },
  ])
    .description('Stores a value, exactly once whatever retries it takes.')
    .argument('<key>')
    .argument('<value>', 'the value, or - for standard input')
    .option('--if-absent', 'write only when the key does not exist')
    .option('--if-revision <revision>', 'write only when this is the revision of its last write')
    .option('--lease <lease>', 'the key vanishes with this lease')
    .option('--keep-lease', 'the key stays with the lease that it has; it must exist')
    .option('--prev', 'print also the key and value that were replaced')
    .action(choose('put', async (flags, [key = '', value = '']) => (await import('./commands/write.js')).put(key, value, flags, io)))
  withCommon(withEncoding(program.command('append')), [{ does: 'add to the end of a value', line: "balsactl append log 'one more line'" }])
    .description('Adds to the end of a value, exactly once; creates the key when it does not exist.')
    .argument('<key>')
    .argument('<value>', 'what to add, or - for standard input')
    .action(choose('append', async (flags, [key = '', value = '']) => (await import('./commands/write.js')).append(key, value, flags, io)))
  withCommon(withSelection(withEncoding(program.command('del'))), [
    { does: 'delete a key; prints how many were deleted', line: 'balsactl del greeting' },
    { does: 'delete all keys below a prefix, and show them', line: 'balsactl del --prefix --prev config/old/' },
  ])
    .description('Deletes a key or a range of keys.')
    .argument('<key>')
    .option('--prev', 'print also the keys and values that were deleted')
    .action(choose('del', async (flags, [key = '']) => (await import('./commands/write.js')).del(key, flags, io)))
}

function addTransactions(program: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  withCommon(program.command('txn'), [
    { does: 'from a file', line: 'balsactl txn transaction.txt' },
    {
      does: 'move a key, if it has not changed',
      line: "printf 'if\\nmodified a = 42\\nthen\\nput b hello\\ndel a\\nelse\\nget a\\n' | balsactl txn",
    },
  ])
    .description('Does several operations at one revision, if conditions hold. Exit code 3: they did not, and the other branch was done.')
    .argument('[file]', 'lines of if, then, else (docs/cli.md), or JSON; - or nothing: standard input')
    .action(choose('txn', async (flags, [file = '-']) => (await import('./commands/txn.js')).txn(file, flags, io)))
  withCommon(program.command('compact'), [{ does: 'forget what was superseded before revision 42', line: 'balsactl compact 42' }])
    .description('Forgets old revisions: reads and watches below this one are refused from then on.')
    .argument('<revision>')
    .action(choose('compact', async (flags, [revision = '']) => (await import('./commands/compact.js')).compact(revision, flags, io)))
}

function addLeases(program: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  const lease = program.command('lease').description('Commands about leases: keys put with one vanish when it ends.')
  const commands = () => import('./commands/lease.js')
  withCommon(lease.command('grant'), [{ does: 'a lease of half a minute; prints its id', line: 'balsactl lease grant 30s' }])
    .description('Grants a lease that ends after this time, unless it is kept alive.')
    .argument('<ttl>', 'such as 30s, 5m or 24h; a second at least')
    .action(choose('lease grant', async (flags, [ttl = '']) => (await commands()).grant(ttl, flags, io)))
  withCommon(lease.command('revoke'), [{ does: 'end it now, with its keys', line: 'balsactl lease revoke 0000000000000017' }])
    .description('Ends a lease now, with its keys.')
    .argument('<lease>')
    .action(choose('lease revoke', async (flags, [id = '']) => (await commands()).revoke(id, flags, io)))
  withCommon(lease.command('keep-alive'), [{ does: 'until Ctrl-C', line: 'balsactl lease keep-alive 0000000000000017' }])
    .description('Renews a lease again and again, until interrupted or until it does not exist any more.')
    .argument('<lease>')
    .option('--once', 'renew it once')
    .action(choose('lease keep-alive', async (flags, [id = '']) => (await commands()).keepAlive(id, flags, io)))
  withCommon(lease.command('list'), [{ does: 'all leases, with what is left of their time', line: 'balsactl lease list' }])
    .description('Lists all leases.')
    .action(choose('lease list', async (flags) => (await commands()).list(flags, io)))
  withCommon(lease.command('info'), [
    { does: 'how long it lives, and the keys that go with it', line: 'balsactl lease info 0000000000000017' },
  ])
    .description('Shows one lease and the keys that are attached to it.')
    .argument('<lease>')
    .action(choose('lease info', async (flags, [id = '']) => (await commands()).info(id, flags, io)))
}
