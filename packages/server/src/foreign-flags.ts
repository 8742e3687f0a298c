/** Flags of etcd that balsad has under another name, that change nothing here, or that ask for what is not there. */

export interface ForeignFlag {
  /** Why it is refused; absent: it is passed over, because nothing here depends on it. */
  readonly refused?: string
  /** Values that ask for nothing special, and are passed over all the same. */
  readonly allowed?: readonly string[]
}

/** Earlier names of flags that balsad has. */
export const NEW_NAMES: ReadonlyMap<string, string> = new Map([
  ['experimental-watch-progress-notify-interval', 'watch-progress-notify-interval'],
])

const PASSED_OVER: ForeignFlag = {}
const NO_TLS: ForeignFlag = { refused: 'balsad has no TLS yet', allowed: ['', 'false'] }
const only = (refused: string, ...allowed: string[]): ForeignFlag => ({ refused, allowed })

const FOREIGN: ReadonlyMap<string, ForeignFlag> = new Map<string, ForeignFlag>([
  // Of the inner workings of etcd, or always so here.
  ...[
    'snapshot-count',
    'max-snapshots',
    'max-wals',
    'logger',
    'log-outputs',
    'log-package-levels',
    'enable-log-rotation',
    'strict-reconfig-check',
    'initial-election-tick-advance',
    'enable-pprof',
    'metrics',
    'max-concurrent-streams',
    'grpc-keepalive-min-time',
    'grpc-keepalive-interval',
    'grpc-keepalive-timeout',
    'socket-reuse-port',
    'socket-reuse-address',
    'warning-apply-duration',
    'experimental-warning-apply-duration',
    'backend-batch-interval',
    'backend-batch-limit',
    'compaction-batch-limit',
    'self-signed-cert-validity',
    'bcrypt-cost',
    'auth-token-ttl',
    'experimental-initial-corrupt-check',
    'experimental-corrupt-check-time',
    'corrupt-check-time',
    'experimental-compact-hash-check-enabled',
  ].map((name) => [name, PASSED_OVER] as const),
  ['pre-vote', only('balsad always asks before it campaigns', 'true')],
  ['enable-grpc-gateway', only('the JSON gateway cannot be switched off', 'true')],
  ['enable-v2', only('there is no v2 API', 'false')],
  ['auth-token', only('there are no users and roles yet', 'simple', '')],
  ['host-whitelist', only('the gateway answers every host', '*')],
  ['max-txn-ops', only('the limit is 128, the same on every member', '128')],
  ['unsafe-no-fsync', only('what is acknowledged is on disk', 'false')],
  ['force-new-cluster', only('after the loss of a majority: balsactl recover --data-dir DIRECTORY, while the member is stopped', 'false')],
  ['wal-dir', only('balsad keeps the log in --data-dir', '')],
  ['config-file', only('balsad is configured by flags and environment only', '')],
  ['listen-metrics-urls', only('metrics are served on the client address', '')],
  ['listen-client-http-urls', only('HTTP/1.1 is served on the client address', '')],
  ['discovery', only('name the founding members with --initial-cluster', '')],
  ['discovery-srv', only('name the founding members with --initial-cluster', '')],
  ['proxy', only('there is no proxy', 'off', '')],
  ...[
    'cert-file',
    'key-file',
    'client-cert-auth',
    'trusted-ca-file',
    'client-crl-file',
    'client-cert-allowed-hostname',
    'auto-tls',
    'peer-cert-file',
    'peer-key-file',
    'peer-client-cert-auth',
    'peer-trusted-ca-file',
    'peer-auto-tls',
    'peer-cert-allowed-cn',
    'peer-cert-allowed-hostname',
    'peer-crl-file',
    'cipher-suites',
    'tls-min-version',
    'tls-max-version',
  ].map((name) => [name, NO_TLS] as const),
])

/** What is known of a flag that etcd has and balsad has not; null when etcd has none of this name either. */
export const foreignFlag = (name: string): ForeignFlag | null => FOREIGN.get(name) ?? null
