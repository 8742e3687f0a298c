import { describe, expect, it } from 'vitest'
import { DEFAULT_IDENTITY, parseConfig, soleMember } from './config.js'
import { describeFlags, environmentName, FLAG_NAMES, FLAGS } from './flags.js'

const THREE = 'n1=http://127.0.0.1:2380,n2=http://127.0.0.1:2480,n3=http://127.0.0.1:2580'
const three = (...flags: string[]) => ['--name', 'n1', '--initial-cluster', THREE, ...flags]

describe('parseConfig', () => {
  it('needs no flags: a cluster of one on loopback', () => {
    const config = parseConfig([], {})
    expect(config).toMatchObject({
      name: 'default',
      dataDir: 'default.balsa',
      listenPeer: { host: '127.0.0.1', port: 2380 },
      listenClient: { host: '127.0.0.1', port: 2379 },
      advertiseClient: '127.0.0.1:2379',
      heartbeatIntervalMs: 50,
      electionTimeoutMs: 250,
      leaseReads: null,
      automaticTransfer: true,
      maxLogBytes: 64 * 1024 * 1024,
      logLevel: 'info',
      logFormat: 'json',
      insecure: false,
      warnings: [],
    })
    expect(config.members.map(({ name, address }) => [name, address])).toEqual([['default', '127.0.0.1:2380']])
    expect(soleMember()).toEqual({ clusterId: config.clusterId, memberId: config.memberId, members: config.members })
    expect(config.members[0]).toMatchObject({ name: DEFAULT_IDENTITY.name, address: DEFAULT_IDENTITY.peerAddress })
  })

  it('gives all members of a cluster the same cluster and distinct member ids, whatever the order of the list', () => {
    const one = parseConfig(three(), {})
    const reversed = THREE.split(',').reverse().join(',')
    const two = parseConfig(['--name=n2', '--listen-peer-urls=127.0.0.1:2480', `--initial-cluster=${reversed}`], {})
    expect(two.clusterId).toBe(one.clusterId)
    expect(two.members).toEqual(one.members)
    expect(two.memberId).not.toBe(one.memberId)
    expect(parseConfig(three('--initial-cluster-token', 'other'), {}).clusterId).not.toBe(one.clusterId)
  })

  it('takes a flag over the environment, and the environment over the default', () => {
    const environment = { BALSA_NAME: 'n1', BALSA_INITIAL_CLUSTER: THREE, BALSA_ELECTION_TIMEOUT: '700', BALSA_INSECURE: 'true' }
    expect(parseConfig([], environment)).toMatchObject({ name: 'n1', electionTimeoutMs: 700, insecure: true })
    expect(parseConfig(['--election-timeout=900', '--insecure=false'], environment)).toMatchObject({
      electionTimeoutMs: 900,
      insecure: false,
    })
  })

  it('stands where etcd stood: its flags, its environment, and what changes nothing here', () => {
    const flags = ['--name', 'e1', '--snapshot-count=10000', '--logger', 'zap', '--strict-reconfig-check', '--pre-vote', 'true']
    const environment = {
      ETCD_INITIAL_CLUSTER: 'e1=http://127.0.0.1:2380',
      ETCD_AUTO_COMPACTION_RETENTION: '1h30m',
      ETCD_ELECTION_TIMEOUT: '1000',
      BALSA_ELECTION_TIMEOUT: '900',
      ETCD_MAX_SNAPSHOTS: '5',
      ETCD_EXPERIMENTAL_WATCH_PROGRESS_NOTIFY_INTERVAL: '5s',
      ETCD_SERVICE_HOST: '10.0.0.1',
      ETCD_HEARTBEAT_INTERVALL: '100',
    }
    const config = parseConfig(flags, environment)
    expect(config).toMatchObject({ name: 'e1', electionTimeoutMs: 900, watchProgressIntervalMs: 5000 })
    expect(parseConfig(['--cors=*'], {}).corsOrigins).toEqual(['*'])
    expect(config.autoCompaction).toEqual({ mode: 'periodic', retentionMs: 5_400_000 })
    expect(config.warnings).toEqual(['environment variable ETCD_HEARTBEAT_INTERVALL is not known: did you mean ETCD_HEARTBEAT_INTERVAL?'])
    expect(parseConfig(['--auto-compaction-mode=revision', '--auto-compaction-retention=500'], {}).autoCompaction).toEqual({
      mode: 'revision',
      retention: 500,
    })
    expect(() => parseConfig([], { ETCD_CERT_FILE: '/x' })).toThrow(/ETCD_CERT_FILE/)
  })

  it('states the drift of clocks that leases rest on as a factor', () => {
    expect(parseConfig(['--lease-reads'], {}).leaseReads).toEqual({ maxClockDrift: 0.1 })
    expect(parseConfig([], { BALSA_LEASE_READS: 'true', BALSA_MAX_CLOCK_DRIFT: '25' }).leaseReads).toEqual({ maxClockDrift: 0.25 })
  })

  it('advertises what it is told, and allows other addresses with --insecure', () => {
    const flags = ['--listen-peer-urls=http://0.0.0.0:2380', '--initial-advertise-peer-urls=http://10.0.0.1:2380']
    const clients = ['--listen-client-urls=http://[::]:2379', '--advertise-client-urls=http://db.example.org:2379']
    const config = parseConfig([...flags, ...clients, '--insecure'], {})
    expect(config).toMatchObject({ advertiseClient: 'db.example.org:2379', listenClient: { host: '::', port: 2379 } })
    expect(config.members[0]?.address).toBe('10.0.0.1:2380')
  })

  it('warns about what is allowed but unwise', () => {
    const two = ['--name=n1', '--initial-cluster=n1=127.0.0.1:2380,n2=127.0.0.1:2480', '--election-timeout=200']
    expect(parseConfig(two, { BALSA_ELECTON_TIMEOUT: '1' }).warnings).toEqual([
      'environment variable BALSA_ELECTON_TIMEOUT is not known: did you mean BALSA_ELECTION_TIMEOUT?',
      expect.stringMatching(/odd number is better/),
      expect.stringMatching(/less than five heart-beats/),
    ])
  })
})

describe('wrong flags', () => {
  it.each<[readonly string[], RegExp, Record<string, string>?]>([
    // leases
    [['--max-clock-drift=20'], /^--max-clock-drift says nothing without --lease-reads$/],
    [['--lease-reads', '--max-clock-drift=0'], /--max-clock-drift must be an integer from 1 to 1000/],
    [['--lease-reads', '--max-clock-drift=200'], /leases of 83 ms .*less than two heart-beats/],
    [['--lease-reads=perhaps'], /--lease-reads must be true or false/],
    // unknown, malformed
    [['--nmae', 'x'], /^unknown flag --nmae: did you mean --name\?$/],
    [['--electiontimeout=5'], /did you mean --election-timeout\?/],
    [['--zzz'], /^unknown flag --zzz$/],
    [['--cert-file=/x'], /--cert-file "\/x": balsad has no TLS yet/],
    [['--cors', 'example.org/page'], /is not an origin/],
    [['--pre-vote=false'], /always asks before it campaigns/],
    [['--auto-compaction-retention', 'soon'], /a duration of a second or more/],
    [['--watch-progress-notify-interval', '1ms'], /100ms or more/],
    [['--cert-file=x'], /no TLS yet/],
    [['--__proto__=x'], /unknown flag/],
    [['--constructor=x'], /unknown flag/],
    [['start'], /^unexpected argument "start"$/],
    [['--'], /unexpected argument/],
    [['--name'], /^--name needs a value/],
    [['--name', '--insecure'], /^--name needs a value/],
    [['--name=a', '--name=b'], /^--name is given twice$/],
    [['--insecure=yes'], /--insecure must be true or false/],
    // values
    [['--name='], /--name must be 1 to 64/],
    [['--name=a b'], /--name must be/],
    [[`--name=${'a'.repeat(65)}`], /--name must be/],
    [['--name=../x'], /--name must be/],
    [['--data-dir='], /--data-dir must name a directory/],
    [['--initial-cluster-token='], /token must be/],
    [['--heartbeat-interval=-1'], /--heartbeat-interval must be an integer from 5 to 10000 \(ms\), not "-1"/],
    [['--heartbeat-interval=0'], /must be an integer/],
    [['--heartbeat-interval=1e2'], /must be an integer/],
    [['--heartbeat-interval=NaN'], /must be an integer/],
    [['--heartbeat-interval=0x64'], /must be an integer/],
    [['--heartbeat-interval=100ms'], /must be an integer/],
    [['--heartbeat-interval='], /must be an integer/],
    [['--heartbeat-interval= 100'], /must be an integer/],
    [['--heartbeat-interval=99999999999999999999'], /must be an integer/],
    [[], /^BALSA_HEARTBEAT_INTERVAL must be an integer/, { BALSA_HEARTBEAT_INTERVAL: 'x' }],
    [['--max-request-bytes=1572865'], /--max-request-bytes must be an integer from 1024 to 1572864/],
    [['--max-log-bytes=-2'], /--max-log-bytes must be/],
    [['--log-level=trace'], /--log-level must be debug or info or warn or error, not "trace"/],
    [['--log-format=xml'], /--log-format must be/],
    [['--initial-cluster-state=new', '--join=h:1'], /--join names a running cluster, but --initial-cluster-state is new/],
    [['--join=h'], /--join: .*it has no port/],
    [['--initial-cluster-state=old'], /must be new or existing/],
    // addresses
    [['--listen-client-urls=https://127.0.0.1:2379'], /no TLS yet, write http/],
    [['--listen-client-urls=127.0.0.1:2379,127.0.0.1:2378'], /must be one address, not several/],
    [['--listen-client-urls=127.0.0.1'], /--listen-client-urls: .*no port/],
    [['--listen-client-urls=http://user:pw@127.0.0.1:2379'], /--listen-client-urls: .*is no address/],
    [['--listen-client-urls=http://127.0.0.1:2379/path'], /is no address|is no port/],
    [['--listen-client-urls=127.0.0.1:0'], /port 0/],
    [['--listen-client-urls=127.0.0.1:99999'], /is no port/],
    [['--listen-client-urls=192.168.1.1:2379'], /not a loopback address, and there is no TLS/],
    [['--listen-peer-urls=0.0.0.0:2380'], /not a loopback address, and there is no TLS/],
    [['--listen-peer-urls=0.0.0.0:2380', '--insecure'], /--initial-advertise-peer-urls must say under which/],
    // contradictions
    [['--listen-client-urls=127.0.0.1:2380'], /are both 127.0.0.1:2380: they need different ports/],
    [['--listen-client-urls=localhost:2380'], /need different ports/],
    [['--advertise-client-urls=127.0.0.1:2380'], /are both 127.0.0.1:2380/],
    [['--election-timeout=90'], /--election-timeout \(90 ms\) must be at least twice --heartbeat-interval \(50 ms\)/],
    [['--name=n9', '--initial-cluster', THREE], /does not list this member, --name n9/],
    [['--name=n2', '--initial-cluster', THREE], /says n2=127.0.0.1:2480, but this member's peer address is 127.0.0.1:2380/],
    [['--name=n1', '--initial-cluster=n1=127.0.0.1:2380,n2=localhost:2380'], /gives n1 and n2 the same address localhost:2380/],
    [['--name=n1', '--initial-cluster=n1=127.0.0.1:2380,n1=127.0.0.1:2480'], /lists n1 twice/],
    [['--initial-cluster=default'], /is not name=url/],
    [['--initial-cluster='], /is not name=url/],
    [['--initial-cluster=default=127.0.0.1:2380,'], /is not name=url/],
  ])('%j: %s', (flags, message, environment = {}) => {
    const attempt = () => parseConfig(flags, environment)
    expect(attempt).toThrow(expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }))
    expect(attempt).not.toThrow(/\n/)
  })
})

describe('flags', () => {
  it('all have help, a place in --help and a name in the environment', () => {
    expect(describeFlags().map(({ environment }) => environment)).toEqual(FLAG_NAMES.map(environmentName))
    for (const { help } of describeFlags()) expect(help.length).toBeGreaterThan(20)
    expect(environmentName('listen-peer-urls')).toBe('BALSA_LISTEN_PEER_URLS')
  })

  it('have defaults that the parser itself accepts', () => {
    const withDefaults = FLAG_NAMES.flatMap((name) => ('default' in FLAGS[name] ? [`--${name}=${FLAGS[name].default}`] : []))
    expect(parseConfig(withDefaults, {})).toEqual(parseConfig([], {}))
  })
})
