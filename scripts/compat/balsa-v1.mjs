// @ts-check
/** balsa.v1 from another language: Debian's protoc makes the messages, its python3-grpcio the calls; nothing of Balsa but the .proto files. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../processes.mjs'
import { execute, installed } from './checks.mjs'
import { installedForPython, runPython } from './python-checks.mjs'

const PROTO = join(root, 'packages/proto/proto')

/** @param {string} directory */
export async function prepare(directory) {
  await installed('protoc', ['protobuf-compiler'])
  await installedForPython('grpc, google.protobuf', ['python3-grpcio', 'python3-protobuf'])
  const out = join(directory, 'messages')
  await mkdir(out)
  const files = ['balsa/v1/balsa.proto', ...['header', 'kv', 'maintenance'].map((name) => `etcdserverpb/${name}.proto`), 'mvccpb/kv.proto']
  const { code, err } = await execute('protoc', ['-I', PROTO, `--python_out=${out}`, ...files])
  if (code !== 0) throw new Error(err)
}

const PROGRAM = `
import os, threading
import grpc
from balsa.v1 import balsa_pb2 as balsa
from etcdserverpb import kv_pb2 as kv

channels = [grpc.insecure_channel(address) for address in sys.argv[1].split(',')]

def call(path, request, answer, at=0, timeout=10):
    ask = channels[at].unary_unary(path, type(request).SerializeToString, answer.FromString)
    return ask(request, timeout=timeout)

def refusal(path, request, answer):
    try:
        call(path, request, answer)
    except grpc.RpcError as error:
        return error.code(), dict(error.trailing_metadata())
    raise Exception('it was not refused')

def value(key):
    pairs = call('/etcdserverpb.KV/Range', kv.RangeRequest(key=key), kv.RangeResponse).kvs
    return pairs[0].value if pairs else None

@check('append, on any member')
def _():
    append = lambda more, at: call('/balsa.v1.Store/Append', balsa.AppendRequest(key=b'log', value=more), balsa.AppendResponse, at)
    assert append(b'one', 0).length == 3
    assert append(b'two', 1).length == 6
    assert append(b'three', 2).length == 11
    assert value(b'log') == b'onetwothree'

@check('a session: writes that are repeated happen once')
def _():
    nonce = os.urandom(16)
    opened = call('/balsa.v1.Sessions/Open', balsa.OpenSessionRequest(ttl_ms=60000, client_nonce=nonce), balsa.OpenSessionResponse)
    again = call('/balsa.v1.Sessions/Open', balsa.OpenSessionRequest(ttl_ms=60000, client_nonce=nonce), balsa.OpenSessionResponse, 1)
    assert again.session == opened.session and opened.ttl_ms == 60000
    for sequence in range(1, 51):
        stamp = balsa.Stamp(session=opened.session, sequence=sequence, first_unanswered=sequence)
        write = balsa.WriteRequest(stamp=stamp, append=balsa.AppendRequest(key=b'counted', value=b'+'))
        answers = [call('/balsa.v1.Store/Write', write, balsa.WriteResponse, at) for at in (0, 1, 2)]
        assert [answer.append.length for answer in answers] == [sequence] * 3
        assert len({answer.header.revision for answer in answers}) == 1
    assert value(b'counted') == b'+' * 50
    call('/balsa.v1.Sessions/KeepAlive', balsa.KeepSessionRequest(session=opened.session), balsa.KeepSessionResponse, 2)
    call('/balsa.v1.Sessions/Close', balsa.CloseSessionRequest(session=opened.session), balsa.CloseSessionResponse)

@check('put, delete and transactions with a stamp')
def _():
    session = call('/balsa.v1.Sessions/Open', balsa.OpenSessionRequest(ttl_ms=60000), balsa.OpenSessionResponse).session
    def write(sequence, **operation):
        stamp = balsa.Stamp(session=session, sequence=sequence, first_unanswered=sequence)
        request = balsa.WriteRequest(stamp=stamp, **operation)
        first, second = [call('/balsa.v1.Store/Write', request, balsa.WriteResponse, at) for at in (0, 1)]
        assert first.header.revision == second.header.revision
        return second
    write(1, put=kv.PutRequest(key=b'p', value=b'1'))
    assert write(2, put=kv.PutRequest(key=b'p', value=b'2', prev_kv=True)).put.prev_kv.value == b'1'
    swap = kv.TxnRequest(
        compare=[kv.Compare(key=b'p', target=kv.Compare.VALUE, result=kv.Compare.EQUAL, value=b'2')],
        success=[kv.RequestOp(request_put=kv.PutRequest(key=b'p', value=b'3'))],
    )
    assert write(3, txn=swap).txn.succeeded
    assert write(4, delete_range=kv.DeleteRangeRequest(key=b'p')).delete_range.deleted == 1

@check('errors: status, code, family')
def _():
    code, trailers = refusal('/balsa.v1.Sessions/KeepAlive', balsa.KeepSessionRequest(session=424242), balsa.KeepSessionResponse)
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert trailers['balsa-code'] == 'SESSION_EXPIRED' and trailers['balsa-family'] == 'refused'
    code, trailers = refusal('/balsa.v1.Store/Append', balsa.AppendRequest(key=b'', value=b'x'), balsa.AppendResponse)
    assert code == grpc.StatusCode.INVALID_ARGUMENT and trailers['balsa-code'] == 'INVALID'

@check('status of every member')
def _():
    states = [call('/balsa.v1.Node/Status', balsa.StatusRequest(), balsa.StatusResponse, at) for at in (0, 1, 2)]
    assert sum(state.role == balsa.LEADER for state in states) == 1
    assert all(state.ready and len(state.members) == 3 for state in states)
    assert len({state.leader_id for state in states}) == 1

@check('events: how it is, then what happens')
def _():
    stream = channels[0].unary_stream('/balsa.v1.Node/Events', balsa.EventsRequest.SerializeToString, balsa.Event.FromString)
    events = stream(balsa.EventsRequest(commits=True))
    assert next(events).WhichOneof('event') == 'role'
    assert len(next(events).membership.members) == 3
    call('/etcdserverpb.KV/Put', kv.PutRequest(key=b'e', value=b'1'), kv.PutResponse)
    assert next(event for event in events if event.WhichOneof('event') == 'commit').commit.index > 0
    events.cancel()

@check('the end')
def _():
    pass
os._exit(0)
`

/** @param {{ cluster: import('../local-cluster.mjs').LocalCluster, checks: import('./checks.mjs').Checks, directory: string }} context */
export async function run({ cluster, checks, directory }) {
  await runPython(PROGRAM, [cluster.endpoints.join(',')], { checks, directory, env: { PYTHONPATH: join(directory, 'messages') } })
}
