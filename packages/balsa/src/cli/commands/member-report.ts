import { httpGet } from '../http-status.js'

/** What /status of a member says; other fields are passed through to JSON output. */
export interface MemberReport {
  readonly clusterId: string
  readonly memberId: string
  readonly name: string
  readonly version: string
  readonly role: string
  readonly term: number
  readonly leaderId: string | null
  readonly commitIndex: number
  readonly appliedIndex: number
  readonly lastIndex: number
  readonly keys: number
  readonly logBytes: number
  readonly ready: boolean
  readonly reason: string
  readonly stateHash: string
  readonly stateHashIndex: number
  /** States that differ from this member's, as it has found out; null = none. */
  readonly divergence?: { readonly text: string } | null
  readonly members: readonly {
    readonly id: string
    readonly name: string
    readonly address: string
    readonly clientAddress: string
    readonly role?: string
  }[]
}

export interface EndpointReport {
  /** Empty when the member is known but its client address is not. */
  readonly endpoint: string
  readonly name: string
  readonly status: MemberReport | null
  /** Why there is no status. */
  readonly error: string | null
}

const NUMBERS = ['term', 'commitIndex', 'appliedIndex', 'lastIndex', 'keys', 'logBytes', 'stateHashIndex'] as const
const TEXTS = ['clusterId', 'memberId', 'name', 'version', 'role', 'reason', 'stateHash'] as const

/** Whatever answered there: believed only when it has the shape of a member's status. */
function isReport(value: unknown): value is MemberReport {
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  return (
    NUMBERS.every((name) => Number.isSafeInteger(fields.get(name))) &&
    TEXTS.every((name) => typeof fields.get(name) === 'string') &&
    Array.isArray(fields.get('members'))
  )
}

export async function askStatus(endpoint: string, timeoutMs: number): Promise<EndpointReport> {
  try {
    const { code, body } = await httpGet(endpoint, '/status', timeoutMs)
    if (code !== 200) return { endpoint, name: '', status: null, error: `HTTP ${code}` }
    const status: unknown = JSON.parse(body)
    if (!isReport(status)) return { endpoint, name: '', status: null, error: 'the answer is not a status: another kind of server?' }
    return { endpoint, name: status.name, status, error: null }
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'the answer is not JSON: another kind of server?' : String((error as Error).message)
    return { endpoint, name: '', status: null, error: reason }
  }
}

/** All given endpoints, and the members that those name. */
export async function askCluster(endpoints: readonly string[], timeoutMs: number): Promise<readonly EndpointReport[]> {
  const reports = await Promise.all(endpoints.map((endpoint) => askStatus(endpoint, timeoutMs)))
  const seen = new Set(reports.flatMap(({ status }) => (status === null ? [] : [status.memberId])))
  const members = new Map(reports.flatMap(({ status }) => status?.members ?? []).map((member) => [member.id, member]))
  const missing = [...members.values()].filter(({ id }) => !seen.has(id))
  const elsewhere = missing.filter(({ clientAddress }) => clientAddress !== '' && !endpoints.includes(clientAddress))
  const nowhere = missing.filter(({ clientAddress }) => clientAddress === '')
  const named = reports.map((report) => {
    if (report.status !== null) return report
    return { ...report, name: missing.find(({ clientAddress }) => clientAddress === report.endpoint)?.name ?? '' }
  })
  const others = await Promise.all(
    elsewhere.map(async ({ name, clientAddress }) => ({ ...(await askStatus(clientAddress, timeoutMs)), name })),
  )
  return [...withNowhere(named, nowhere), ...others]
}

/**
 * Adds the members whose client address nobody knows. Silent endpoints that belong to nobody known are most likely these members: then one line for each
 * is enough, and if there is one of each, it is also known which.
 */
function withNowhere(reports: readonly EndpointReport[], nowhere: MemberReport['members']): readonly EndpointReport[] {
  const unnamed = reports.filter(({ status, name }) => status === null && name === '')
  if (unnamed.length < nowhere.length) {
    const error = (address: string): string => `client address not known (peer address ${address}): name it in --endpoints`
    return [...reports, ...nowhere.map(({ name, address }) => ({ endpoint: '', name, status: null, error: error(address) }))]
  }
  const [only] = unnamed
  const [member] = nowhere
  if (unnamed.length !== 1 || only === undefined || member === undefined) return reports
  return reports.map((report) => (report === only ? { ...report, name: member.name } : report))
}
