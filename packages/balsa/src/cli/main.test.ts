import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePorts, LocalCluster } from '../local-cluster.test-support.js'
import { run } from './cli.test-support.js'
import { VERSION } from './version.js'

let cluster: LocalCluster
let endpoints: string

beforeAll(async () => {
  cluster = await LocalCluster.start(3)
  endpoints = cluster.endpoints.join(',')
})

afterAll(() => cluster.close())

const balsactl = (...args: readonly string[]) => run(['--endpoints', endpoints, '--timeout', '20s', ...args])
const parsed = async (...args: readonly string[]): Promise<unknown> => JSON.parse((await balsactl(...args, '-o', 'json')).out)

describe('put, get, append, del', () => {
  it('plain: words for people and for if', async () => {
    expect(await balsactl('put', 'plain', 'hello')).toMatchObject({ code: 0, out: 'OK\n', err: '' })
    expect(await balsactl('append', 'plain', ' world')).toMatchObject({ code: 0, out: 'OK\n' })
    expect(await balsactl('get', 'plain')).toMatchObject({ code: 0, out: 'hello world\n' })
    expect(await balsactl('get', '--stale', 'plain')).toMatchObject({ code: 0 })
    expect(await balsactl('get', '--consistency', 'stale', '--max-stale', '5s', 'plain')).toMatchObject({ code: 0 })
    expect(await balsactl('get', '--consistency', 'lease', 'plain')).toMatchObject({ code: 1, err: expect.stringContaining('LEASES_OFF') })
    expect(await balsactl('del', 'plain')).toMatchObject({ code: 0, out: '1\n' })
    expect(await balsactl('del', 'plain')).toMatchObject({ code: 3, out: '0\n', err: 'balsactl del: key plain not found\n' })
    expect(await balsactl('get', 'plain')).toMatchObject({ code: 3, out: '', err: 'balsactl get: key plain not found\n' })
  })

  it('json: the fields that docs/cli.md promises', async () => {
    const written = { revision: expect.any(Number), createRevision: expect.any(Number), modRevision: expect.any(Number) }
    expect(await parsed('put', 'j', 'a')).toEqual({ ...written, version: 1, previous: null })
    expect(await parsed('append', 'j', 'bc')).toEqual({
      ...written,
      version: 2,
      valueBytes: 3,
      previous: expect.objectContaining({ version: 1 }),
    })
    expect(await parsed('get', 'j')).toEqual({
      ...written,
      version: 2,
      key: 'j',
      keyEncoding: 'utf8',
      value: 'abc',
      valueEncoding: 'utf8',
      lease: null,
      ageMs: 0,
    })
    expect(await parsed('del', 'j')).toEqual({
      deleted: true,
      count: 1,
      revision: expect.any(Number),
      previous: expect.objectContaining({ version: 2 }),
    })
    expect(await parsed('del', 'j')).toEqual({ deleted: false, count: 0, revision: expect.any(Number), previous: null })
  })

  it('table: aligned columns with a head', async () => {
    const put = await balsactl('put', 't', 'some value', '--output', 'table')
    expect(put.out).toMatch(/^RESULT {2}REVISION {2}PREVIOUS\nOK {6} +\d+ +-\n$/)
    const get = await balsactl('get', 't', '--output', 'table')
    expect(get.out).toMatch(/^KEY {2}CREATED {2}MODIFIED {2}VERSION {2}VALUE\nt +(\d+) +\1 +1 {2}some value\n$/)
    expect((await balsactl('del', 't', '-o', 'table')).out).toMatch(/^RESULT.*\n1 /)
    expect((await balsactl('append', 't', 'x', '-o', 'table')).out).toMatch(/^RESULT.*\nOK /)
  })

  it('takes bytes as hex, base64 or from standard input, and gives them back unchanged', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
    expect(await run(['put', 'bytes', '-', '--endpoints', endpoints], { stdin: bytes })).toMatchObject({ code: 0 })
    expect((await balsactl('get', 'bytes')).bytes).toEqual(Buffer.concat([bytes, Buffer.from('\n')]))
    const hex = Buffer.from('bytes').toString('hex')
    expect((await balsactl('get', '--hex', hex)).out).toBe(`${Buffer.from(bytes).toString('hex')}\n`)
    expect(await parsed('get', 'bytes')).toMatchObject({
      key: 'bytes',
      value: Buffer.from(bytes).toString('base64'),
      valueEncoding: 'base64',
    })
    expect(await balsactl('put', '--base64', 'AAE=', '/w==')).toMatchObject({ code: 0 })
    expect(await parsed('get', '--hex', '0001')).toMatchObject({ key: '0001', keyEncoding: 'hex', value: 'ff', valueEncoding: 'hex' })
  })

  it('shows a terminal nothing that it would obey', async () => {
    await balsactl('put', 'evil', '\u001b[31mred\u0007\nnext')
    const shown = await run(['get', 'evil', '--endpoints', endpoints], { terminal: true })
    expect(shown.out).toBe('\\u001b[31mred\\u0007\\u000anext\n')
    expect((await balsactl('get', 'evil', '-o', 'table')).out).not.toContain('\u001b')
    expect((await balsactl('get', '\u001bx')).err).toBe('balsactl get: key \\u001bx not found\n')
  })

  it('compares: written only when the key is as expected, else 3 and nothing written', async () => {
    expect(await balsactl('put', '--if-absent', 'cas', '1')).toMatchObject({ code: 0 })
    const failed = await balsactl('put', '--if-absent', 'cas', '2')
    expect(failed).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(/COMPARE_FAILED: key cas .* its revision is (\d+)\nNothing was written/),
    })
    const { modRevision } = (await parsed('get', 'cas')) as { modRevision: number }
    expect(await balsactl('put', '--if-revision', String(modRevision), 'cas', '3')).toMatchObject({ code: 0 })
    const stale = await balsactl('put', '--if-revision', String(modRevision), 'cas', '4', '-o', 'json')
    expect(stale.code).toBe(3)
    expect(JSON.parse(stale.out)).toMatchObject({ succeeded: false, actual: { version: 2 } })
    expect((await balsactl('get', 'cas')).out).toBe('3\n')
  })

  it('keys that JavaScript would trip over are plain keys', async () => {
    for (const key of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
      expect(await balsactl('put', key, key)).toMatchObject({ code: 0 })
      expect(await balsactl('get', key)).toMatchObject({ code: 0, out: `${key}\n` })
    }
  })

  it('refusals of the cluster are 1, with a next step', async () => {
    const tooLong = await balsactl('get', 'k'.repeat(8193))
    expect(tooLong).toMatchObject({ code: 1, err: expect.stringMatching(/^balsactl get: TOO_LARGE: .*\nNext: balsactl get --help\n$/) })
    expect((await balsactl('put', 'k', '-')).code).toBe(0)
  })
})

describe('status', () => {
  it('plain: one line per member, divided by tabs', async () => {
    const { code, out, err } = await balsactl('status')
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(code).toBe(0)
    expect(err).toBe('')
    expect(rows.map(([endpoint, name]) => [endpoint, name])).toEqual(cluster.endpoints.map((endpoint, at) => [endpoint, `n${at + 1}`]))
    expect(rows.filter((row) => row[3] === 'leader *')).toHaveLength(1)
    for (const row of rows) expect(row.at(-1)).toBe('ready')
  })

  it('table: for people at a terminal, coloured unless they say NO_COLOR', async () => {
    const args = ['status', '--endpoints', endpoints]
    const coloured = await run(args, { terminal: true })
    expect(coloured.out).toContain('\u001b[32m')
    const plain = await run(args, { terminal: true, environment: { NO_COLOR: '1' } })
    expect(plain.out).not.toContain('\u001b')
    expect(plain.out).toMatch(/^ENDPOINT +NAME +ID +ROLE +TERM +COMMIT +APPLIED +LAG +LAST +KEYS +LOG BYTES +VERSION +HEALTH\n/)
    expect(plain.out.trimEnd().split('\n')).toHaveLength(4)
  })

  it('json: everything a member says, with its lag and hexadecimal ids', async () => {
    const reports = (await parsed('status')) as { endpoint: string; lag: number; error: null; status: Record<string, unknown> }[]
    expect(reports.map(({ endpoint }) => endpoint)).toEqual(cluster.endpoints)
    for (const { lag, error, status } of reports) {
      expect(error).toBeNull()
      expect(lag).toBeGreaterThanOrEqual(0)
      expect(status['memberId']).toMatch(/^[0-9a-f]{12}$/)
      expect(status).toMatchObject({
        clusterId: reports[0]?.status['clusterId'],
        leaderId: reports[0]?.status['leaderId'],
        version: VERSION,
      })
    }
  })

  it('finds the other members from one endpoint, and endpoints from the environment', async () => {
    const { out } = await run(['status'], { environment: { BALSA_ENDPOINTS: cluster.endpoints[0] ?? '' } })
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[0])
        .sort(),
    ).toEqual([...cluster.endpoints].sort())
  })
})

describe('endpoint health', () => {
  it.each(['plain', 'table', 'json'])('%s', async (format) => {
    const { code, out } = await balsactl('endpoint', 'health', '-o', format)
    expect(code).toBe(0)
    if (format === 'json') expect(JSON.parse(out)).toMatchObject(cluster.endpoints.map((endpoint) => ({ endpoint, healthy: true })))
    else expect(out.match(/\bhealthy\b/g)).toHaveLength(3)
  })

  it('says of each endpoint what is wrong with it', async () => {
    const [closed = 0] = await freePorts(1)
    const { code, out } = await run(['endpoint', 'health', '--endpoints', `${cluster.endpoints[0]},127.0.0.1:${closed}`])
    expect(code).toBe(4)
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(rows.map((row) => row[1])).toEqual(['healthy', 'unhealthy'])
    expect(rows[1]?.[3]).toMatch(/connection refused/)
  })
})

describe('nobody there', () => {
  it('is 4, names the endpoint and the next command', async () => {
    const [closed = 0] = await freePorts(1)
    const where = ['--endpoints', `127.0.0.1:${closed}`, '--timeout', '300ms']
    for (const command of [
      ['get', 'a'],
      ['put', 'a', 'b'],
      ['append', 'a', 'b'],
      ['del', 'a'],
    ]) {
      const { code, out, err } = await run([...where, ...command])
      expect(code, err).toBe(4)
      expect(out).toBe('')
      expect(err).toMatch(
        new RegExp(
          `^balsactl ${command[0]}: [A-Z_]+: .*127\\.0\\.0\\.1:${closed}.*\\nNext: balsactl --endpoints 127\\.0\\.0\\.1:${closed} status\\n$`,
        ),
      )
    }
    const status = await run([...where, 'status'])
    expect(status).toMatchObject({ code: 4, out: expect.stringMatching(/unreachable\t.*connection refused: nothing listens there\n$/) })
    expect((await run([...where, 'status', '-o', 'json'])).code).toBe(4)
  })

  it('one that takes connections and says nothing is given up at the time-out', async () => {
    const silent: Server = createServer((socket) => socket.on('error', () => undefined))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const where = ['--endpoints', `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`, '--timeout', '300ms']
    expect(await run([...where, 'status'])).toMatchObject({ code: 4, out: expect.stringContaining('no answer within 300 ms') })
    expect(await run([...where, 'get', 'a'])).toMatchObject({ code: 4 })
    const put = await run([...where, 'put', 'a', 'b'])
    expect([4, 6]).toContain(put.code)
    silent.close()
  })

  it('another kind of server is told apart', async () => {
    const other = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const where = ['--endpoints', `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`, '--timeout', '500ms']
    expect((await run([...where, 'status'])).out).toMatch(/another kind of server/)
    other.close()
  })
})

describe('usage', () => {
  it.each<[readonly string[], RegExp]>([
    [[], /a command is needed/],
    [['gte', 'a'], /unknown command 'gte'.*Did you mean get/],
    [['get'], /missing required argument 'key'[\s\S]*balsactl get --help/],
    [['get', 'a', 'b'], /too many arguments/],
    [['put', 'a'], /missing required argument 'value'/],
    [['get', 'a', '--json'], /unknown option '--json'; JSON is --output json/],
    [['get', 'a', '--stal'], /unknown option '--stal'.*Did you mean --stale/],
    [['get', 'a', '--output', 'xml'], /--output must be plain, table, json, not "xml"/],
    [['get', 'a', '--timeout', 'soon'], /--timeout must be between/],
    [['get', 'a', '--timeout', '0'], /--timeout must be between/],
    [['get', 'a', '--timeout', '2h'], /--timeout must be between/],
    [['get', 'a', '--endpoints', ''], /is not host:port/],
    [['get', 'a', '--endpoints', 'localhost'], /--endpoints: "localhost" is not host:port/],
    [['get', 'a', '--endpoints', 'h:0'], /is not host:port/],
    [['get', 'a', '--endpoints', 'h:1,h:99999'], /"h:99999" is not host:port/],
    [['get', 'a', '--endpoints', 'https://h:1'], /no TLS yet.*--etcd/],
    [['get', 'a', '--etcd', '--cacert', 'x'], /for https:\/\/ endpoints, and there is none/],
    [['get', 'a', '--etcd', '--endpoints', 'https://h:1', '--cert', 'x'], /--cert and --key go together/],
    [['get', 'a', '--etcd', '--endpoints', 'https://h:1', '--cacert', '/no/such'], /--cacert: \/no\/such cannot be read/],
    [['migrate', '--from', 'https://h:1', '--to', 'h:2', '--cacert', '/dev/null'], /--cacert: \/dev\/null holds no certificate in PEM/],
    [['get', '--hex', 'abc'], /KEY is not hexadecimal/],
    [['get', '--hex', 'xy'], /KEY is not hexadecimal/],
    [['put', '--base64', 'AA==', '???'], /VALUE is not base64/],
    [['get', '--hex', '--base64', 'aa'], /exclude each other/],
    [['put', '--if-absent', '--if-revision', '3', 'a', 'b'], /exclude each other/],
    [['put', '--if-revision', '0', 'a', 'b'], /--if-revision must be/],
    [['endpoint', 'helth'], /unknown command 'helth'/],
  ])('%j is 2, says what is wrong and sends nothing', async (args, message) => {
    const { code, out, err } = await run(args)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toMatch(message)
    expect(err).toMatch(/\nSee: balsactl .*--help\n$/)
  })

  it.each([[], ['get'], ['put'], ['append'], ['del'], ['status'], ['endpoint', 'health']])(
    '%s %s --help has examples and exit codes',
    async (...command) => {
      const { code, out, err } = await run([...command.filter((word) => word !== undefined), '--help'])
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toMatch(/\nExamples:\n {2}# /)
      expect(out).toMatch(/\nExit codes:\n {2}0 {2}done\n/)
      expect(out).toContain('--endpoints')
      expect(out).toContain('--output')
    },
  )

  it('--version', async () => expect(await run(['--version'])).toMatchObject({ code: 0, out: `balsactl ${VERSION}\n` }))
})

describe('members down', () => {
  it('are shown as unreachable next to the others, and the exit code tells', async () => {
    const own = await LocalCluster.start(3)
    try {
      const [first] = own.members
      await first?.close()
      const { code, out } = await run(['status', '--endpoints', own.endpoints.join(','), '-o', 'table'])
      expect(code).toBe(4)
      expect(out).toMatch(/unreachable .*connection refused/)
      expect(out.trimEnd().split('\n')).toHaveLength(4)
      // Reads and writes go on through the others.
      expect(await run(['put', 'a', 'b', '--endpoints', own.endpoints.join(',')])).toMatchObject({ code: 0 })
      await own.members[1]?.close()
      const lost = await run(['put', 'a', 'c', '--endpoints', own.endpoints.join(','), '--timeout', '1s'])
      expect([4, 6]).toContain(lost.code)
    } finally {
      await own.close()
    }
  })
})

describe('check-history', () => {
  const event = (type: string, value: string) => `${JSON.stringify({ process: 0, type, f: 'put', key: 'k', value })}\n`
  const put = (value: string) => event('invoke', value) + event('ok', value)
  const get = (value: string) =>
    ['invoke', 'ok']
      .map((type) => `${JSON.stringify({ process: 1, type, f: 'get', key: 'k', value: type === 'ok' ? value : null })}\n`)
      .join('')
  const check = (history: string, ...args: readonly string[]) => run(['check-history', '-', ...args], { stdin: Buffer.from(history) })

  it('says whether it is linearizable, in every form and by the exit code', async () => {
    expect(await check(put('a') + put('b') + get('b'))).toMatchObject({ code: 0, out: 'linearizable (3 operations)\n', err: '' })
    const stale = put('a') + put('b') + get('a')
    const refuted = await check(stale)
    expect(refuted).toMatchObject({ code: 1, err: '' })
    expect(refuted.out).toMatch(/key "k" is not linearizable[\s\S]*\nnot linearizable \(3 operations\)\n$/)
    const json: unknown = JSON.parse((await check(stale, '-o', 'json')).out)
    expect(json).toMatchObject({ verdict: 'not linearizable', operations: 3, failures: [{ key: 'k' }] })
    expect((await check(stale, '-o', 'table')).out).toMatch(/^VERDICT +OPERATIONS +KEYS NOT PROVEN\nnot linearizable +3 +"k"\n$/)
  })

  it('never calls a search that was cut off a pass', async () => {
    expect(await check(put('a') + put('b') + get('b'), '--max-steps', '1')).toMatchObject({
      code: 6,
      out: expect.stringMatching(/undecided/),
    })
  })

  it('names the line of a malformed history, and a file that is not there', async () => {
    expect(await check(`${put('a')}nonsense\n`)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/line 3: not JSON/) })
    expect(await check(event('ok', 'a'))).toMatchObject({ code: 2, err: expect.stringMatching(/line 1: process 0 has nothing under way/) })
    expect(await run(['check-history', './no-such-file'])).toMatchObject({ code: 2, err: expect.stringMatching(/cannot be read/) })
    expect(await check('', '--max-steps', 'many')).toMatchObject({ code: 2, err: expect.stringMatching(/--max-steps/) })
  })

  it('calls nothing no pass: a history without an operation was not checked', async () => {
    for (const history of ['', '\n \n', event('invoke', 'a') + event('fail', 'a')]) {
      const err = expect.stringMatching(/standard input: no operation that may have happened: nothing was checked/)
      expect(await check(history), JSON.stringify(history)).toMatchObject({ code: 2, out: '', err })
    }
  })
})
