// @ts-check
/** etcdctl 3.4 (Debian's etcd-client): every command group but those of users and roles. */
import { join } from 'node:path'
import { readFile, stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { equal, execute, includes, installed, Running } from './checks.mjs'
import { LocalCluster, until } from '../local-cluster.mjs'

export const prepare = (/** @type {string} */ _directory) => installed('etcdctl', ['etcd-client'])

/** @param {{ cluster: LocalCluster, checks: import('./checks.mjs').Checks, directory: string }} context */
export async function run(context) {
  const ctl = new Etcdctl(context.cluster)
  await keys(context, ctl)
  await transactions(context, ctl)
  await watches(context, ctl)
  await leases(context, ctl)
  await coordination(context, ctl)
  await endpoints(context, ctl)
  await maintenance(context, ctl)
  await mirror(context, ctl)
  await members(context, ctl)
}

/** @typedef {{ cluster: LocalCluster, checks: import('./checks.mjs').Checks, directory: string }} Context */

class Etcdctl {
  #cluster

  /** @param {LocalCluster} cluster */
  constructor(cluster) {
    this.#cluster = cluster
  }

  env = { ETCDCTL_API: '3' }

  /** It refuses to be told twice. @param {readonly string[]} args */
  #with(args) {
    return args.includes('--endpoints') ? args : ['--endpoints', this.#cluster.endpoints.join(','), ...args]
  }

  /** @param {readonly string[]} args @param {string} [input] @returns {Promise<string>} */
  async run(args, input = '') {
    return (await this.both(args, input)).out
  }

  /** @param {readonly string[]} args @param {string} [input] */
  async both(args, input = '') {
    const { code, out, err } = await execute('etcdctl', this.#with(args), { env: this.env, input })
    if (code !== 0) throw new Error(`etcdctl ${args.join(' ')} ended with ${code}:\n${out}${err}`)
    return { out, err }
  }

  /** @param {readonly string[]} args @returns {Promise<any>} */
  async json(...args) {
    return JSON.parse(await this.run([...args, '-w', 'json']))
  }

  /** @param {readonly string[]} args @param {string | RegExp} expected @param {string} [input] */
  async refused(args, expected, input = '') {
    const { code, out, err } = await execute('etcdctl', this.#with(args), { env: this.env, input })
    if (code === 0) throw new Error(`etcdctl ${args.join(' ')} was not refused:\n${out}`)
    includes(out + err, expected)
  }

  /** @param {readonly string[]} args */
  start(...args) {
    return new Running('etcdctl', this.#with(args), { env: this.env })
  }
}

/** @param {string} text */
const base64 = (text) => Buffer.from(text).toString('base64')

/** @param {Context} context @param {Etcdctl} ctl */
async function keys({ checks, cluster }, ctl) {
  await checks.check('put, get', async () => {
    equal(await ctl.run(['put', 'foo', 'bar']), 'OK\n')
    equal(await ctl.run(['get', 'foo']), 'foo\nbar\n')
  })
  await checks.check('put from standard input, --prev-kv, --ignore-value', async () => {
    equal(await ctl.run(['put', 'foo', '--prev-kv'], 'baz'), 'OK\nfoo\nbar\n')
    equal(await ctl.run(['get', 'foo', '--print-value-only']), 'baz\n')
    await ctl.run(['put', 'foo', '--ignore-value'])
  })
  await checks.check('get --prefix, --limit, --order, --sort-by, --keys-only, --from-key, --rev, --consistency', async () => {
    for (const name of ['a', 'b', 'c']) await ctl.run(['put', `p/${name}`, `v${name}`])
    equal(await ctl.run(['get', 'p/', '--prefix', '--keys-only']), 'p/a\n\np/b\n\np/c\n\n')
    equal(await ctl.run(['get', 'p/', '--prefix', '--limit', '1']), 'p/a\nva\n')
    equal(await ctl.run(['get', 'p/', '--prefix', '--order=DESCEND', '--sort-by=VALUE', '--print-value-only']), 'vc\nvb\nva\n')
    equal(await ctl.run(['get', 'p/b', '--from-key', '--print-value-only']), 'vb\nvc\n')
    equal(await ctl.run(['get', 'p/a', 'p/c', '--print-value-only']), 'va\nvb\n')
    equal(await ctl.run(['get', 'p/a', '--consistency=s', '--print-value-only']), 'va\n')
    const { header } = await ctl.json('get', 'p/a')
    await ctl.run(['put', 'p/a', 'new'])
    equal(await ctl.run(['get', 'p/a', `--rev=${header.revision}`, '--print-value-only']), 'va\n')
  })
  await checks.check('get -w json, fields, protobuf', async () => {
    const answer = await ctl.json('get', 'foo')
    equal(answer.kvs[0].key, base64('foo'))
    equal(answer.count, 1)
    includes(await ctl.run(['get', 'foo', '-w', 'fields']), '"Version"')
    includes(await ctl.run(['get', 'foo', '-w', 'protobuf']), 'foo')
  })
  await checks.check('del, --prefix, --prev-kv, --from-key', async () => {
    equal(await ctl.run(['del', 'p/', '--prefix', '--prev-kv']), '3\np/a\nnew\np/b\nvb\np/c\nvc\n')
    equal(await ctl.run(['del', 'nothing']), '0\n')
  })
  await checks.check('every member takes reads and writes', async () => {
    for (const endpoint of cluster.endpoints) {
      await ctl.run(['--endpoints', endpoint, 'put', 'via', endpoint])
      for (const other of cluster.endpoints)
        equal(await ctl.run(['--endpoints', other, 'get', 'via', '--print-value-only']), `${endpoint}\n`)
    }
  })
  await checks.check('errors in the words of etcd', async () => {
    await ctl.refused(['put', '', 'x'], 'etcdserver: key is not provided')
    await ctl.refused(['get', 'foo', '--rev=100000'], 'etcdserver: mvcc: required revision is a future revision')
    await ctl.refused(['put', 'x', 'y', '--lease=1234'], 'etcdserver: requested lease not found')
  })
}

/** @param {Context} context @param {Etcdctl} ctl */
async function transactions({ checks }, ctl) {
  await checks.check('txn, either branch', async () => {
    await ctl.run(['put', 'balance', '10'])
    const text = 'value("balance") = "10"\n\nput balance 11\nget balance\n\nput failed yes\n\n'
    equal(await ctl.run(['txn'], text), 'SUCCESS\n\nOK\n\nbalance\n11\n')
    includes(await ctl.run(['txn'], text), 'FAILURE')
    equal(await ctl.run(['get', 'failed', '--print-value-only']), 'yes\n')
  })
  await checks.check('txn with version, create, mod, lease compares and a deletion', async () => {
    const text = 'version("balance") > "1"\ncreate("none") = "0"\nmod("balance") > "0"\n\ndel failed\n\n\n'
    equal(await ctl.run(['txn'], text), 'SUCCESS\n\n1\n')
  })
  await checks.check('txn that writes a key twice is refused', () =>
    ctl.refused(['txn'], 'etcdserver: duplicate key given in txn request', '\nput a 1\nput a 2\n\n\n'),
  )
}

/** @param {Context} context @param {Etcdctl} ctl */
async function watches({ checks }, ctl) {
  await checks.check('watch a key, a prefix, with --prev-kv', async () => {
    const watch = ctl.start('watch', 'w/', '--prefix', '--prev-kv')
    // It says nothing when it begins.
    await until(async () => {
      await ctl.run(['put', 'w/begin', '1'])
      return watch.out.includes('w/begin')
    }, { what: 'the first event', timeoutMs: 20_000 })
    await ctl.run(['put', 'w/a', 'one'])
    await ctl.run(['put', 'w/a', 'two'])
    await ctl.run(['del', 'w/a'])
    await watch.until('PUT\nw/a\none\nw/a\ntwo\nDELETE\nw/a\ntwo\nw/a\n')
    await watch.end()
  }) // biome-ignore format: one call
  await checks.check('watch --rev: the past first', async () => {
    const { header } = await ctl.json('put', 'past', '1')
    await ctl.run(['put', 'past', '2'])
    const watch = ctl.start('watch', 'past', `--rev=${header.revision}`)
    await watch.until('past\n1\nPUT\npast\n2\n')
    await watch.end()
  })
  await checks.check('watch -i: several on one stream, and progress', async () => {
    const watch = ctl.start('watch', '-i')
    watch.type('watch i1\nwatch i2\nprogress\n')
    await until(async () => {
      await ctl.run(['put', 'i1', 'x'])
      await ctl.run(['put', 'i2', 'y'])
      return watch.out.includes('i1\nx') && watch.out.includes('i2\ny')
    }, { what: 'events of both', timeoutMs: 20_000 })
    watch.type('progress\n')
    await watch.until('progress notify:')
    await watch.end()
  }) // biome-ignore format: one call
  await checks.check('watch from before a compaction is cancelled', async () => {
    const { header } = await ctl.json('put', 'old', '1')
    await ctl.run(['put', 'old', '2'])
    includes(await ctl.run(['compaction', String(header.revision + 1)]), 'compacted revision')
    await ctl.refused(['compaction', String(header.revision)], 'etcdserver: mvcc: required revision has been compacted')
    const watch = ctl.start('watch', 'old', `--rev=${header.revision}`)
    await watch.ended
    includes(watch.err, 'required revision has been compacted')
    await ctl.run(['compaction', '--physical', String(header.revision + 1 + 0)]).catch(() => '')
  })
}

/** @param {Context} context @param {Etcdctl} ctl */
async function leases({ checks }, ctl) {
  await checks.check('lease grant, timetolive --keys, list, keep-alive --once, revoke', async () => {
    const id = /lease (\S+) granted with TTL\(30s\)/.exec(await ctl.run(['lease', 'grant', '30']))?.[1] ?? ''
    await ctl.run(['put', 'leased', 'x', `--lease=${id}`])
    includes(
      await ctl.run(['lease', 'timetolive', id, '--keys']),
      /granted with TTL\(30s\), remaining\((29|30)s\), attached keys\(\[leased\]\)/,
    )
    includes(await ctl.run(['lease', 'list']), id)
    includes(await ctl.run(['lease', 'keep-alive', '--once', id]), `lease ${id} keepalived with TTL(30)`)
    includes(await ctl.run(['lease', 'revoke', id]), 'revoked')
    equal(await ctl.run(['get', 'leased']), '')
    includes(await ctl.run(['lease', 'timetolive', id]), 'already expired')
    await ctl.refused(['lease', 'revoke', id], 'etcdserver: requested lease not found')
  })
  await checks.check('keys vanish with a lease that nobody keeps alive, and live while somebody does', async () => {
    const grant = async () => /lease (\S+) granted/.exec(await ctl.run(['lease', 'grant', '2']))?.[1] ?? ''
    const [kept, lost] = [await grant(), await grant()]
    const keeping = ctl.start('lease', 'keep-alive', kept)
    await ctl.run(['put', 'kept', 'x', `--lease=${kept}`])
    await ctl.run(['put', 'lost', 'x', `--lease=${lost}`])
    await until(async () => (await ctl.run(['get', 'lost'])) === '', { what: 'the lease to end', timeoutMs: 15_000, intervalMs: 200 })
    equal(await ctl.run(['get', 'kept', '--print-value-only']), 'x\n')
    await keeping.end()
  })
}

/** @param {Context} context @param {Etcdctl} ctl */
async function coordination({ checks }, ctl) {
  await checks.check('lock: one at a time', async () => {
    const first = ctl.start('lock', 'mutex')
    await first.until('mutex/')
    const second = ctl.start('lock', 'mutex', 'echo', 'mine')
    await ctl.run(['put', 'elsewhere', '1'])
    equal(second.out, '')
    await first.end()
    await second.until('mine')
    await second.ended
  })
  await checks.check('elect and --listen', async () => {
    const leader = ctl.start('elect', 'post', 'alice')
    await leader.until('alice')
    const listener = ctl.start('elect', '--listen', 'post')
    await listener.until('alice')
    const next = ctl.start('elect', 'post', 'bob')
    await until(async () => (await ctl.run(['get', 'post/', '--prefix', '--print-value-only'])).includes('bob'), { what: 'the candidate' })
    await leader.end()
    await next.until('bob')
    await listener.until('bob')
    await next.end()
    await listener.end()
  })
}

/** @param {Context} context @param {Etcdctl} ctl */
async function endpoints({ checks, cluster }, ctl) {
  await checks.check('endpoint health, --cluster', async () => {
    const { out, err } = await ctl.both(['endpoint', 'health', '--cluster'])
    equal((out + err).match(/is healthy/g)?.length, 3)
  })
  await checks.check('endpoint status, --cluster', async () => {
    const rows = await ctl.json('endpoint', 'status', '--cluster')
    equal(rows.length, 3)
    const leaders = rows.filter((/** @type {any} */ { Status }) => Status.leader === Status.header.member_id)
    equal(leaders.length, 1)
    includes(await ctl.run(['endpoint', 'status', '-w', 'table']), 'IS LEADER')
  })
  await checks.check('endpoint hashkv: equal on all members', async () => {
    const { header } = await ctl.json('put', 'hash', 'me')
    for (const endpoint of cluster.endpoints) await ctl.run(['--endpoints', endpoint, 'get', 'hash'])
    const rows = await ctl.json('endpoint', 'hashkv', `--rev=${header.revision}`)
    equal(new Set(rows.map((/** @type {any} */ { HashKV }) => HashKV.hash)).size, 1)
  })
  await checks.check('move-leader', async () => {
    const rows = await ctl.json('endpoint', 'status')
    const follower = rows.find((/** @type {any} */ { Status }) => Status.leader !== Status.header.member_id)
    const target = follower.Status.header.member_id
    includes(await ctl.run(['move-leader', target.toString(16)]), 'Leadership transferred')
    await until(async () => (await ctl.json('endpoint', 'status')).every((/** @type {any} */ { Status }) => Status.leader === target), {
      what: 'the new leader',
    })
  })
  await checks.check('version', async () => includes(await ctl.run(['version']), 'etcdctl version'))
}

/** @param {Context} context @param {Etcdctl} ctl */
async function maintenance({ checks, cluster, directory }, ctl) {
  await checks.check('alarm list, disarm', async () => {
    equal(await ctl.run(['alarm', 'list']), '')
    equal(await ctl.run(['alarm', 'disarm']), '')
  })
  await checks.check('defrag, --cluster', async () => {
    includes(await ctl.run(['defrag', '--cluster']), 'Finished defragmenting')
  })
  await checks.check('snapshot save: whole blocks with their hash behind', async () => {
    const file = join(directory, 'saved')
    includes(await ctl.run(['--endpoints', cluster.endpoints[0] ?? '', 'snapshot', 'save', file]), 'Snapshot saved')
    equal((await stat(file)).size % 512, 32)
    const bytes = await readFile(file)
    equal(createHash('sha256').update(bytes.subarray(0, -32)).digest('hex'), bytes.subarray(-32).toString('hex'))
  })
  await checks.check('check datascale --load=s', async () => {
    await ctl.both(['check', 'datascale', '--load=s', '--auto-compact'])
  })
}

/** @param {Context} context @param {Etcdctl} ctl */
async function mirror({ checks, directory }, ctl) {
  await checks.check('make-mirror into another cluster', async () => {
    const other = await LocalCluster.start({ directory: join(directory, 'other'), size: 1 })
    try {
      await until(() => ctl.run(['put', 'm/before', '1']).catch(() => null), { what: 'a leader' })
      const mirroring = ctl.start('make-mirror', '--prefix', 'm/', other.endpoints[0] ?? '')
      const there = () => ctl.both(['--endpoints', other.endpoints.join(), 'get', 'm/', '--prefix'])
      await until(async () => (await there()).out.includes('m/before'), { what: 'what was there' })
      await until(() => ctl.run(['put', 'm/after', '2']).catch(() => null), { what: 'a leader' })
      await until(async () => (await there()).out.includes('m/after'), { what: 'what came later' })
      await mirroring.end()
    } finally {
      await other.close()
    }
  })
}

/** @param {Context} context @param {Etcdctl} ctl */
async function members({ checks, cluster }, ctl) {
  await checks.check('member list', async () => {
    const { members: listed } = await ctl.json('member', 'list')
    equal(listed.length, 3)
    equal(
      listed.map((/** @type {any} */ { clientURLs }) => clientURLs[0]).sort(),
      cluster.endpoints.map((endpoint) => `http://${endpoint}`).sort(),
    )
  })
  await checks.check('member add --learner, update, promote (not before it has caught up), remove', async () => {
    const added =
      /Member\s+(\S+) added/.exec(await ctl.run(['member', 'add', 'n4', '--learner', '--peer-urls=http://127.0.0.1:1']))?.[1] ?? ''
    await ctl.refused(['member', 'add', 'n5', '--peer-urls=http://127.0.0.1:1'], 'etcdserver: Peer URLs already exists')
    includes(await ctl.run(['member', 'update', added, '--peer-urls=http://127.0.0.1:2']), 'updated')
    await ctl.refused(['member', 'promote', added], 'can only promote a learner member which is in sync with leader')
    includes(await ctl.run(['member', 'remove', added]), 'removed')
    await ctl.refused(['member', 'remove', added], 'etcdserver: member not found')
    await ctl.refused(['member', 'promote', added], 'etcdserver: member not found')
  })
  await checks.check('a member that was added joins, is promoted, and serves', async () => {
    const joining = await cluster.reserve(4)
    const id = /Member\s+(\S+) added/.exec(await ctl.run(['member', 'add', joining.name, '--learner', `--peer-urls=http://127.0.0.1:${joining.peerPort}`]))?.[1] ?? ''
    await cluster.start(joining)
    await cluster.ready(joining)
    await until(async () => ctl.run(['member', 'promote', id]).then(() => true, () => false), { what: 'the promotion', intervalMs: 200 })
    equal(await ctl.run(['--endpoints', joining.endpoint, 'put', 'joined', 'yes']), 'OK\n')
    cluster.admit(joining)
  }) // biome-ignore format: one call
}
