// @ts-check
/** Python's etcd3 client (Debian's python3-etcd3), with everything that it offers but users and roles. */
import { join } from 'node:path'
import { installedForPython, runPython } from './python-checks.mjs'

/** @param {string} _directory */
export const prepare = (_directory) => installedForPython('etcd3', ['python3-etcd3'])

const PROGRAM = `
import threading, time
import etcd3

hosts = sys.argv[1].split(',')
host, port = hosts[0].split(':')
client = etcd3.client(host=host, port=int(port), timeout=10)
other = etcd3.client(host=hosts[1].split(':')[0], port=int(hosts[1].split(':')[1]), timeout=10)
checks = []

def until(probe):
    for _ in range(100):
        if probe():
            return
        time.sleep(0.1)
    raise Exception('it did not become so')

@check('put, get, previous value, metadata, on any member')
def _():
    client.put('a', '1')
    value, meta = client.get('a')
    assert value == b'1' and meta.version == 1 and meta.key == b'a'
    assert client.put('a', '2', prev_kv=True).prev_kv.value == b'1'
    assert other.get('a')[0] == b'2'
    assert client.get('a', serializable=True)[0] is not None
    assert client.get('none') == (None, None)

@check('get_prefix, get_range, get_all, sorted, keys only')
def _():
    for key, value in (('p/a', '3'), ('p/b', '1'), ('p/c', '2')):
        client.put(key, value)
    assert [value for value, _ in client.get_prefix('p/')] == [b'3', b'1', b'2']
    assert [value for value, _ in client.get_prefix('p/', sort_order='ascend', sort_target='value')] == [b'1', b'2', b'3']
    assert [meta.key for _, meta in client.get_range('p/a', 'p/c')] == [b'p/a', b'p/b']
    assert len(list(client.get_all())) == 4
    assert all(value == b'' for value, _ in client.get_all(keys_only=True))

@check('delete, delete_prefix, previous value')
def _():
    assert client.delete('p/a', prev_kv=True, return_response=True).prev_kvs[0].value == b'3'
    assert client.delete_prefix('p/').deleted == 2
    assert client.delete('p/a') is False

@check('put_if_not_exists, replace, transaction')
def _():
    assert client.put_if_not_exists('once', '1') is True
    assert client.put_if_not_exists('once', '2') is False
    assert client.replace('once', '1', '3') is True
    ok, answers = client.transaction(
        compare=[client.transactions.value('once') == '3', client.transactions.version('once') > 1, client.transactions.create('no') == 0],
        success=[client.transactions.put('t', 'yes'), client.transactions.get('t'), client.transactions.delete('once')],
        failure=[client.transactions.put('t', 'no')],
    )
    assert ok and answers[1][0][0] == b'yes'
    nested = client.transactions.txn(compare=[client.transactions.value('t') == 'yes'], success=[client.transactions.put('n', '1')], failure=[])
    ok, _ = client.transaction(compare=[], success=[nested], failure=[])
    assert ok and client.get('n')[0] == b'1'

@check('watch, watch_prefix, watch_once, callbacks, from a revision')
def _():
    events, cancel = client.watch_prefix('w/')
    threading.Timer(0.2, lambda: [client.put('w/a', '1'), client.put('w/b', '2'), client.delete('w/a')]).start()
    seen = [next(events) for _ in range(3)]
    cancel()
    assert [(type(event).__name__, event.key) for event in seen] == [('PutEvent', b'w/a'), ('PutEvent', b'w/b'), ('DeleteEvent', b'w/a')]
    past, cancel = client.watch('w/b', start_revision=seen[1].mod_revision)
    assert next(past).value == b'2'
    cancel()
    called = []
    id = client.add_watch_callback('cb', lambda answer: called.extend(answer.events))
    client.put('cb', 'x')
    until(lambda: len(called) == 1)
    client.cancel_watch(id)
    threading.Timer(0.2, lambda: client.put('o', '1')).start()
    assert client.watch_once('o', timeout=5).value == b'1'

@check('watch from before a compaction')
def _():
    revision = client.get('a')[1].mod_revision
    client.put('a', '5')
    client.put('a', '6')
    client.compact(client.get('a')[1].mod_revision)
    events, cancel = client.watch('a', start_revision=revision)
    try:
        next(events)
        raise Exception('there was an event')
    except etcd3.exceptions.RevisionCompactedError:
        pass

@check('lease: put, remaining, keys, refresh, revoke, ends by itself')
def _():
    lease = client.lease(5)
    client.put('leased', 'x', lease=lease)
    assert lease.granted_ttl == 5 and 0 < lease.remaining_ttl <= 5 and lease.keys == [b'leased']
    assert lease.refresh()[0].TTL == 5
    lease.revoke()
    assert client.get('leased')[0] is None
    short = client.lease(1)
    client.put('short', 'x', lease=short)
    until(lambda: client.get('short')[0] is None)

# Waiting for a lock that another has fails in the package itself, with the tenacity of the same release.
@check('lock: taken, released, taken by another')
def _():
    with client.lock('mutex', ttl=10) as lock:
        assert lock.is_acquired()
    mine = other.lock('mutex', ttl=10)
    assert mine.acquire(timeout=5) and mine.release()

@check('members, status, hash, defragment, alarms, snapshot')
def _():
    assert len(list(client.members)) == 3
    assert client.status().leader is not None
    client.hash()
    client.defragment()
    assert list(client.list_alarms()) == []
    with open(sys.argv[2], 'wb') as file:
        client.snapshot(file)

@check('alarms: raised, listed, in force, disarmed')
def _():
    raised = client.create_alarm()
    assert [alarm.alarm_type for alarm in raised] == [alarm.alarm_type for alarm in other.list_alarms()] != []
    try:
        client.put('a', 'x')
        raise Exception('there was space')
    except Exception as error:
        assert 'database space exceeded' in str(error)
    client.delete('a')
    client.disarm_alarm()
    assert list(other.list_alarms()) == []
    client.put('a', 'x')

@check('members: add, update, remove')
def _():
    member = client.add_member(['http://127.0.0.1:1'])
    member.update(['http://127.0.0.1:2'])
    until(lambda: any(m.peer_urls == ['http://127.0.0.1:2'] for m in client.members))
    member.remove()
    until(lambda: len(list(client.members)) == 3)

@check('the end')
def _():
    pass
import os
os._exit(0)
`

/** @param {{ cluster: import('../local-cluster.mjs').LocalCluster, checks: import('./checks.mjs').Checks, directory: string }} context */
export async function run({ cluster, checks, directory }) {
  await runPython(PROGRAM, [cluster.endpoints.join(','), join(directory, 'snapshot')], { checks, directory })
}
