import { formatId } from '@balsa/server'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { describe, findMember } from '../membership.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json } from '../output.js'
import { withClient } from '../store.js'

/** Makes another member the leader. */
export function transferLeader(which: string | null, flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  return withClient(options, async (client) => {
    const view = await client.admin.members()
    const target = which === null ? null : findMember(view, which)
    const before = view.members.find(({ id }) => id === view.leaderId)
    const from = before === undefined ? formatId(view.leaderId) : describe(before)
    if (target?.id === view.leaderId) io.err(`${describe(target)} leads already.\n`)
    else
      io.err(
        `${from} hands leadership to ${target === null ? 'the voter that is furthest' : describe(target)}. Writes pause for about a heart-beat.\n`,
      )
    const leaderId = await client.admin.transferLeadership(target?.id ?? null)
    const now = view.members.find(({ id }) => id === leaderId)
    if (options.output === 'json')
      await io.out(json({ leaderId: formatId(leaderId), name: now?.name ?? '', before: formatId(view.leaderId) }))
    else await io.out(`${now === undefined ? formatId(leaderId) : describe(now)} leads\n`)
    return EXIT.ok
  })
}
