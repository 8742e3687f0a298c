import type { Command } from 'commander'
import type { Io } from './io.js'
import type { Choose, WithCommon } from './main.js'

/** Commands that hold something while a program runs. */
export function addCoordination(program: Command, io: Io, choose: Choose, withCommon: WithCommon): void {
  const commands = () => import('./commands/hold.js')
  withCommon(program.command('lock'), [
    { does: 'run a backup on one machine at a time', line: 'balsactl lock nightly-backup -- ./backup.sh' },
    { does: 'not at all when somebody else is at it', line: 'balsactl lock --wait 0 nightly-backup -- ./backup.sh' },
    { does: 'hold it until Ctrl-C, and print the key', line: 'balsactl lock maintenance' },
  ])
    .description('Waits for a lock and holds it while the command runs. Exits as the command does.')
    .argument('<name>')
    .argument('[command...]', 'behind --; gets BALSA_LOCK_KEY and BALSA_FENCING_TOKEN')
    .option('--ttl <duration>', 'how long others wait when this process vanishes (default: 10s)')
    .option('--wait <duration>', 'give up when somebody else has it for so long; 0: unless it is free (default: wait for ever)')
    .action(choose('lock', async (flags, [name = '', ...command]) => (await commands()).lock(name, command, flags, io)))
  withCommon(program.command('elect'), [
    { does: 'one instance works, the others stand by', line: 'balsactl elect workers -- ./worker' },
    { does: 'tell the others who it is', line: 'balsactl elect --value "$HOSTNAME" workers -- ./worker' },
    { does: 'see who leads, now and whenever that changes', line: 'balsactl elect --listen workers' },
  ])
    .description('Campaigns, and leads while the command runs. Exits as the command does.')
    .argument('<name>')
    .argument('[command...]', 'behind --; gets BALSA_LOCK_KEY and BALSA_FENCING_TOKEN')
    .option('--ttl <duration>', 'how long the others wait when this process vanishes (default: 10s)')
    .option('--wait <duration>', 'give up when somebody else leads for so long; 0: unless nobody does (default: wait for ever)')
    .option('--value <text>', 'what observers see (default: the name of this machine and the process id)')
    .option('--listen', 'print the value of each leader; an empty line when there is none')
    .action(choose('elect', async (flags, [name = '', ...command]) => (await commands()).elect(name, command, flags, io)))
}
