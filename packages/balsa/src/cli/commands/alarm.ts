import type { AlarmDetail } from '@balsa/kv'
import { formatId } from '@balsa/server'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json, table, tabbed } from '../output.js'
import { withClient } from '../store.js'

const NAMES = { noSpace: 'NOSPACE', full: 'NOSPACE', corrupt: 'CORRUPT' } as const

/** What it means for whoever uses the store. */
const EFFECTS = {
  noSpace: 'what adds is refused',
  full: 'the quota is used up: what adds is refused',
  corrupt: 'nothing is written',
} as const

const TITLES = ['ALARM', 'MEMBER', 'RAISED BY', 'MEANS'].map((title) => ({ title }))

/** Every alarm of the cluster. */
export function list(flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io, 'table')
  return withClient(options, async (client) => {
    const alarms = await client.admin.alarms()
    if (options.output === 'json') await io.out(json(alarms.map(toJson)))
    else if (options.output === 'plain') await io.out(tabbed(alarms.map(row)))
    else if (alarms.length > 0) await io.out(table(TITLES, alarms.map(row)))
    else io.err('no alarms\n')
    return EXIT.ok
  })
}

/** Clears what was raised by hand. Exit code 1 when alarms are left. */
export function disarm(flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  return withClient(options, async (client) => {
    const { alarms, cleared } = await client.admin.disarm()
    if (options.output === 'json') await io.out(json({ cleared: cleared.map(toJson), left: alarms.map(toJson) }))
    else await io.out(cleared.map((alarm) => `cleared ${NAMES[alarm.kind]} of ${memberOf(alarm)}\n`).join(''))
    if (cleared.length === 0 && alarms.length === 0) io.err('no alarms\n')
    for (const alarm of alarms) io.err(`${NAMES[alarm.kind]} of ${memberOf(alarm)} is left: ${REMEDIES[alarm.kind]}\n`)
    return alarms.length === 0 ? EXIT.ok : EXIT.failed
  })
}

const REMEDIES = {
  noSpace: 'it was raised again meanwhile',
  full: 'it goes by itself when there is space: delete keys and compact, or raise --quota-backend-bytes',
  corrupt: 'it lasts until the member is replaced: balsactl member replace MEMBER',
} as const

/** Operators may have raised one for no member at all. */
const memberOf = ({ member }: AlarmDetail): string => (member === 0n ? 'no member' : formatId(member))
const raisedBy = ({ byHand }: AlarmDetail): string => (byHand ? 'operator' : 'member')
const meaning = ({ kind, byHand }: AlarmDetail): string =>
  kind === 'corrupt' && !byHand ? 'its state differs from that of others' : EFFECTS[kind]
const row = (alarm: AlarmDetail): readonly string[] => [NAMES[alarm.kind], memberOf(alarm), raisedBy(alarm), meaning(alarm)]
const toJson = (alarm: AlarmDetail): object => ({
  alarm: NAMES[alarm.kind],
  member: formatId(alarm.member),
  raisedBy: raisedBy(alarm),
  means: meaning(alarm),
})
