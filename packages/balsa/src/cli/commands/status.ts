import pc from 'picocolors'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json, table, tabbed } from '../output.js'
import { askCluster, type EndpointReport } from './member-report.js'

const COLUMNS = [
  { title: 'ENDPOINT' },
  { title: 'NAME' },
  { title: 'ID' },
  { title: 'ROLE' },
  { title: 'TERM', right: true },
  { title: 'COMMIT', right: true },
  { title: 'APPLIED', right: true },
  { title: 'LAG', right: true },
  { title: 'LAST', right: true },
  { title: 'KEYS', right: true },
  { title: 'LOG BYTES', right: true },
  { title: 'VERSION' },
  { title: 'HEALTH' },
]

/** Entries that this member has not applied although somebody has seen them committed. */
export const lagOf = (report: EndpointReport, reports: readonly EndpointReport[]): number => {
  const newest = Math.max(...reports.map(({ status }) => status?.commitIndex ?? 0))
  return report.status === null ? 0 : Math.max(0, newest - report.status.appliedIndex)
}

function rowOf(report: EndpointReport, reports: readonly EndpointReport[]): readonly string[] {
  const { status, endpoint, name } = report
  if (status === null) return [endpoint, name, '', 'unreachable', ...COLUMNS.slice(5).map(() => ''), report.error ?? '']
  const numbers = [
    status.term,
    status.commitIndex,
    status.appliedIndex,
    lagOf(report, reports),
    status.lastIndex,
    status.keys,
    status.logBytes,
  ]
  // A star, not only a colour: it survives a pipe and a colour-blind eye.
  const kind = status.members.find(({ id }) => id === status.memberId)?.role
  // What does not vote, or holds no data, is called so: follower would hide it.
  const role = status.role === 'leader' ? 'leader *' : kind === 'learner' || kind === 'witness' ? kind : status.role
  return [
    endpoint,
    name,
    status.memberId,
    role,
    ...numbers.map(String),
    status.version,
    status.ready ? 'ready' : `not ready: ${status.reason}`,
  ]
}

export async function status(flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io, 'table')
  const reports = await askCluster(options.endpoints, options.timeoutMs)
  const rows = reports.map((report) => rowOf(report, reports))
  if (options.output === 'json') await io.out(json(reports.map((report) => ({ ...report, lag: lagOf(report, reports) }))))
  else if (options.output === 'plain') await io.out(tabbed(rows))
  else await io.out(coloured(table(COLUMNS, rows), reports, io))
  for (const warning of warnings(reports)) io.err(`warning: ${warning}\n`)
  return reports.some((report) => report.status === null) ? EXIT.unreachable : EXIT.ok
}

function coloured(text: string, reports: readonly EndpointReport[], io: Io): string {
  const colours = pc.createColors(io.stdoutIsTerminal && io.environment['NO_COLOR'] === undefined)
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const painted = lines.map((line, at) => {
    const member = reports[at]?.status ?? null
    if (member === null) return colours.red(line)
    if (!member.ready) return colours.yellow(line)
    return member.role === 'leader' ? colours.green(line) : line
  })
  return `${[colours.bold(head), ...painted].join('\n')}\n`
}

/** What a person should look into. */
function warnings(reports: readonly EndpointReport[]): readonly string[] {
  const found: string[] = []
  const alive = reports.flatMap(({ status }) => (status === null ? [] : [status]))
  const clusters = new Set(alive.map(({ clusterId }) => clusterId))
  if (clusters.size > 1) found.push(`the endpoints belong to different clusters: ${[...clusters].join(', ')}`)
  else if (alive.length > 0 && !alive.some(({ role }) => role === 'leader')) found.push('no leader among the members that answered')
  for (const { name, divergence } of alive) {
    if (divergence !== undefined && divergence !== null)
      found.push(`${name} reports: ${divergence.text}; see "Members that differ" in docs/operations.md`)
  }
  const hashes = new Map<number, string>()
  for (const { stateHashIndex, stateHash, name } of clusters.size > 1 ? [] : alive) {
    const other = hashes.get(stateHashIndex)
    if (other !== undefined && other !== stateHash)
      found.push(`the state of ${name} differs from another member's at index ${stateHashIndex}: report this`)
    hashes.set(stateHashIndex, stateHash)
  }
  return found
}
