import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../local-cluster.test-support.js'
import { run } from '../cli.test-support.js'
import { askCluster, askStatus, type MemberReport } from './member-report.js'
import { lagOf } from './status.js'

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
})

async function serve(port: number, body: string, code = 200): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(code, { Connection: 'close' }).end(body))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return `127.0.0.1:${port}`
}

const report = (name: string, members: MemberReport['members'], more: Partial<MemberReport> = {}): MemberReport => ({
  ...{
    clusterId: 'c',
    memberId: `id-${name}`,
    name,
    version: '1',
    role: 'follower',
    term: 1,
    leaderId: null,
    ready: true,
    reason: 'r',
    stateHash: 'h',
  },
  ...{ commitIndex: 5, appliedIndex: 5, lastIndex: 5, keys: 0, logBytes: 0, stateHashIndex: 5 },
  members,
  ...more,
})
const listed = (name: string, clientAddress: string) => ({ id: `id-${name}`, name, address: 'peer', clientAddress })

describe('status', () => {
  it('warns of states that differ, as it sees them itself and as members report', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const divergence = { text: 'the state differs from that of n1 at index 4' }
    await serve(a, JSON.stringify(report('n1', [], { role: 'leader' })))
    await serve(b, JSON.stringify(report('n2', [], { stateHash: 'other', divergence })))
    const { code, err } = await run(['status', '--endpoints', `127.0.0.1:${a},127.0.0.1:${b}`])
    expect(code).toBe(0)
    expect(err).toMatch(/^warning: n2 reports: the state differs from that of n1 at index 4; see "Members that differ"/)
    expect(err).toMatch(/\nwarning: the state of n2 differs from another member's at index 5/)
  })
})

describe('askCluster', () => {
  it('finds members by the addresses that others know', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const members = [listed('n1', `127.0.0.1:${a}`), listed('n2', `127.0.0.1:${b}`)]
    await serve(b, JSON.stringify(report('n2', members)))
    const first = await serve(a, JSON.stringify(report('n1', members)))
    expect((await askCluster([first], 1000)).map(({ endpoint, name }) => [endpoint, name])).toEqual([
      [`127.0.0.1:${a}`, 'n1'],
      [`127.0.0.1:${b}`, 'n2'],
    ])
  })

  it('says of a member whose client address nobody knows that it is there', async () => {
    const [a = 0] = await freePorts(1)
    const first = await serve(a, JSON.stringify(report('n1', [listed('n1', ''), listed('n2', '')])))
    expect(await askCluster([first], 1000)).toMatchObject([
      { name: 'n1' },
      { endpoint: '', name: 'n2', status: null, error: expect.stringMatching(/not known/) },
    ])
  })

  it('shows one line, with its name, for the only member that is down', async () => {
    const [a = 0, closed = 0] = await freePorts(2)
    const first = await serve(a, JSON.stringify(report('n1', [listed('n1', ''), listed('n2', '')])))
    expect(await askCluster([first, `127.0.0.1:${closed}`], 1000)).toMatchObject([
      { name: 'n1' },
      { endpoint: `127.0.0.1:${closed}`, name: 'n2', status: null },
    ])
  })
})

describe('a silent endpoint', () => {
  it('has the name of the member that is known to be there', async () => {
    const [a = 0, closed = 0] = await freePorts(2)
    const down = `127.0.0.1:${closed}`
    const first = await serve(a, JSON.stringify(report('n1', [listed('n1', `127.0.0.1:${a}`), listed('n2', down)])))
    expect(await askCluster([first, down], 1000)).toMatchObject([{ name: 'n1' }, { endpoint: down, name: 'n2', status: null }])
    expect(await askCluster([first], 1000)).toMatchObject([{ name: 'n1' }, { endpoint: down, name: 'n2', status: null }])
  })
})

describe('askStatus', () => {
  it.each([
    ['{"a":1}', 200, /not a status/],
    ['[]', 200, /not a status/],
    ['null', 200, /not a status/],
    ['<html>', 200, /not JSON/],
    ['x'.repeat(1_100_000), 200, /too long/],
    ['', 404, /HTTP 404/],
  ])('does not believe %.10j with code %i', async (body, code, error) => {
    const [port = 0] = await freePorts(1)
    expect(await askStatus(await serve(port, body, code), 1000)).toMatchObject({ status: null, error: expect.stringMatching(error) })
  })
})

describe('lagOf', () => {
  it('is what a member has not applied although somebody saw it committed', () => {
    const of = (commitIndex: number, appliedIndex: number) => ({
      endpoint: 'e',
      name: 'n',
      status: report('n', [], { commitIndex, appliedIndex }),
      error: null,
    })
    const [ahead, behind, down] = [of(10, 9), of(7, 7), { endpoint: 'e', name: '', status: null, error: 'x' }]
    expect([ahead, behind, down].map((one) => lagOf(one, [ahead, behind, down]))).toEqual([1, 3, 0])
  })
})
