import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../connect.js'
import { LocalCluster } from '../local-cluster.test-support.js'
import { pem, pemFile, TlsFront } from '../tls.test-support.js'
import { run } from './cli.test-support.js'
import { readTls, type TlsFlags } from './tls.js'

const [CA, CERT, KEY] = [pemFile('ca.pem'), pemFile('client.pem'), pemFile('client.key')]
const HTTPS = ['https://localhost:1']

describe('readTls', () => {
  it('reads what is given, and nothing for whoever gives nothing', () => {
    expect(readTls({}, ['localhost:1'])).toEqual({})
    expect(readTls({ cacert: CA }, HTTPS)).toEqual({ ca: pem('ca.pem') })
    expect(readTls({ cert: CERT, key: KEY }, HTTPS)).toEqual({ cert: pem('client.pem'), key: pem('client.key') })
  })

  it.each([
    [{ cacert: CA }, ['localhost:1'], /are for https:\/\/ endpoints, and there is none/],
    [{ cert: CERT }, HTTPS, /--cert and --key go together/],
    [{ key: KEY }, HTTPS, /--cert and --key go together/],
    [{ cacert: '/no/such/file' }, HTTPS, /^--cacert: \/no\/such\/file cannot be read: ENOENT/],
    [{ cacert: KEY }, HTTPS, /^--cacert: .*client\.key holds no certificate in PEM/],
    [{ cert: CERT, key: CERT }, HTTPS, /^--key: .*client\.pem holds no private key in PEM/],
    [{ cert: CERT, key: pemFile('server.key') }, HTTPS, /client\.pem, .*server\.key cannot be used: .*key values mismatch/],
  ])('refuses %j for %j', (flags, endpoints, text) => {
    expect(() => readTls(flags, endpoints)).toThrow(text)
  })

  it('names the flags of one side of two', () => {
    const read = (flags: TlsFlags, endpoints = HTTPS) => readTls(flags, endpoints, '--from-')
    expect(() => read({ cert: CERT })).toThrow('--from-cert and --from-key go together')
    expect(() => read({ cacert: '/no/such/file' })).toThrow(/^--from-cacert: \/no\/such\/file cannot be read: ENOENT/)
    expect(() => read({ cacert: CA }, ['localhost:1'])).toThrow(/^--from-cacert, .* are for https:\/\/ endpoints, and there is none/)
  })
})

describe('a cluster that speaks etcd’s interface over TLS, to clients of one authority', () => {
  let source: LocalCluster
  let target: LocalCluster
  let front: TlsFront

  beforeAll(async () => {
    ;[source, target] = await Promise.all([LocalCluster.start(1), LocalCluster.start(1)])
    front = await TlsFront.start(source.endpoints[0] ?? '')
  })

  afterAll(async () => {
    await front.close()
    await Promise.all([source.close(), target.close()])
  })

  const balsactl = (timeout: string, ...args: readonly string[]) =>
    run([...args, '--etcd', '--endpoints', front.endpoint, '--timeout', timeout])

  it('is served by connect', async () => {
    const tls = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') }
    await using store = await connect({ endpoints: [front.endpoint], protocol: 'etcd', tls })
    await store.put('a', '1')
    expect((await store.get('a'))?.text()).toBe('1')
  })

  it('is served by balsactl --etcd', async () => {
    const tls = ['--cacert', CA, '--cert', CERT, '--key', KEY]
    expect(await balsactl('20s', 'put', 'b', '2', ...tls)).toMatchObject({ code: 0, out: 'OK\n' })
    expect(await balsactl('20s', 'get', 'b', ...tls)).toMatchObject({ code: 0, out: '2\n' })
    expect((await balsactl('20s', 'watch', 'b', '--rev', '1', '--limit', '1', ...tls)).out).toMatch(/\tput\tb\t2\n$/)
  })

  it('is moved by balsactl migrate', async () => {
    const both = ['--from', front.endpoint, '--to', target.endpoints.join(',')]
    const moved = await run(['migrate', ...both, '--once', '--finish', '--cacert', CA, '--cert', CERT, '--key', KEY])
    expect(moved).toMatchObject({ code: 0, out: expect.stringContaining('both are equal') })
    expect((await run(['get', '--endpoints', target.endpoints.join(','), 'b'])).out).toBe('2\n')
  })

  it('is moved back by balsactl migrate, with flags of one side that take the place of those of both', async () => {
    const both = ['migrate', '--from', target.endpoints.join(','), '--to', front.endpoint, '--once', '--finish', '--force']
    const ofTarget = ['--to-cacert', CA, '--to-cert', CERT, '--to-key', KEY]
    const moved = await run([...both, '--cacert', CERT, ...ofTarget])
    expect(moved).toMatchObject({ code: 0, out: expect.stringContaining('both are equal') })
    expect(await run([...both, '--from-cacert', CA])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--from-cacert, --from-cert and'),
    })
    expect(await run([...both, '--to-cert', CERT])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--to-cert and --to-key go together'),
    })
  })

  it('is not trusted without its authority, and does not serve strangers; both are said', async () => {
    expect(await balsactl('1s', 'get', 'b')).toMatchObject({ code: 4, err: expect.stringMatching(/unable to verify|self.signed/i) })
    expect(await balsactl('1s', 'get', 'b', '--cacert', CA)).toMatchObject({
      code: 4,
      err: expect.stringMatching(/certificate required[\s\S]*Next: check .*--cert/),
    })
  })
})
