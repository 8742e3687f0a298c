/** The commands about who belongs to a cluster, as commander sees them. */
import type { Command } from 'commander'
import type { Io } from './io.js'
import type { Choose, WithCommon } from './main.js'
import { DEFAULT_WAIT } from './membership.js'

const load = () => import('./commands/member.js')

/** Options of the commands that change something and wait. */
const withWaiting = (command: Command): Command =>
  command
    .option('--force', 'also when a majority of the voters does not seem to be alive')
    .option('--wait <duration>', `wait so long until it is done (default: ${DEFAULT_WAIT})`)
    .option('--no-wait', 'return once the change is committed; it goes on by itself')

export function addMembers(program: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  const member = program.command('member').description('Commands about who belongs to the cluster.')
  withCommon(member.command('list'), [
    { does: 'everybody, as the leader sees them', line: 'balsactl member list' },
    { does: 'for scripts', line: 'balsactl member list -o json | jq -r \'.members[] | select(.role=="voter") | .name\'' },
  ])
    .description('Shows every member: role, health, lag, addresses.')
    .action(choose('member list', async (flags) => (await load()).list(flags, io)))
  addJoining(member, io, choose, withCommon)
  addLeaving(member, io, choose, withCommon)
  withCommon(program.command('transfer-leader'), [
    { does: 'away from a machine that is to be stopped', line: 'balsactl transfer-leader' },
    { does: 'to a certain member', line: 'balsactl transfer-leader n2' },
  ])
    .description('Makes another member the leader.')
    .argument('[member]', 'name or id; default: the voter that is furthest')
    .action(
      choose('transfer-leader', async (flags, [which]) =>
        (await import('./commands/transfer-leader.js')).transferLeader(which ?? null, flags, io),
      ),
    )
}

function addJoining(member: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  withCommon(withWaiting(member.command('add')), [
    {
      does: 'a fourth member; prints the command that starts it, and waits until it votes',
      line: 'balsactl member add n4 http://10.0.0.4:2380',
    },
    { does: 'only the data, no vote', line: 'balsactl member add copy http://10.0.0.9:2380 --learner' },
    { does: 'only a vote, no data: the third place of two sites', line: 'balsactl member add w http://10.0.3.1:2380 --witness' },
  ])
    .description('Adds a member: as a learner first, which becomes a voter by itself once it has caught up.')
    .argument('<name>')
    .argument('<peer-address>', 'where the other members will reach it')
    .option('--client <host:port>', 'where clients will reach it, for the command that is printed (default: the port before the peer port)')
    .option('--learner', 'stays a learner: receives the data, does not vote')
    .option('--witness', 'votes and holds no data')
    .action(choose('member add', async (flags, [name = '', peer = '']) => (await load()).add(name, peer, flags, io)))
  withCommon(withWaiting(member.command('replace')), [
    { does: 'a member whose disk is lost, on the same machine', line: 'balsactl member replace n3' },
    { does: 'by another machine', line: 'balsactl member replace n3 --name n6 --peer http://10.0.0.6:2380' },
  ])
    .description('Puts a new member in the place of one: it joins, catches up, and takes over in one step.')
    .argument('<member>', 'name or id of the one that goes')
    .option('--name <name>', 'name of the new one (default: the same)')
    .option('--peer <host:port>', 'where the other members will reach the new one (default: the same)')
    .option('--client <host:port>', 'where clients will reach the new one, for the command that is printed')
    .action(choose('member replace', async (flags, [which = '']) => (await load()).replace(which, flags, io)))
  withCommon(withWaiting(member.command('promote')), [{ does: 'let a learner vote', line: 'balsactl member promote n4' }])
    .description('Makes a learner a voter, once it keeps up.')
    .argument('<member>', 'name or id')
    .action(choose('member promote', async (flags, [which = '']) => (await load()).promote(which, flags, io)))
}

function addLeaving(member: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  withCommon(withWaiting(member.command('remove')), [
    { does: 'for good: its id never comes back', line: 'balsactl member remove n3' },
    { does: 'one whose name is not known any more', line: 'balsactl member remove 6e7b3532385e' },
  ])
    .description('Removes a member. Its process stops by itself.')
    .argument('<member>', 'name or id')
    .action(choose('member remove', async (flags, [which = '']) => (await load()).remove(which, flags, io)))
  withCommon(withWaiting(member.command('demote')), [{ does: 'keep the data, give up the vote', line: 'balsactl member demote n3' }])
    .description('Makes a voter a learner.')
    .argument('<member>', 'name or id')
    .action(choose('member demote', async (flags, [which = '']) => (await load()).demote(which, flags, io)))
  withCommon(withWaiting(member.command('update')), [
    { does: 'a member that moved while it was away', line: 'balsactl member update n3 --peer http://10.0.0.33:2380' },
  ])
    .description('Tells the cluster where a member is. A member that starts under another address does that by itself.')
    .argument('<member>', 'name or id')
    .option('--peer <host:port>', 'where the other members reach it')
    .option('--client <host:port>', 'where clients reach it')
    .action(choose('member update', async (flags, [which = '']) => (await load()).update(which, flags, io)))
}
