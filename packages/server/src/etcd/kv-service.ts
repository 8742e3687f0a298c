import { canWrite, type CommandResult, type Txn } from '@balsa/kv'
import { KVService } from '@balsa/proto/etcdserverpb'
import type {
  CompactionRequest,
  CompactionResponseInit,
  DeleteRangeRequest,
  DeleteRangeResponseInit,
  PutRequest,
  PutResponseInit,
  RangeRequest,
  RangeResponseInit,
  TxnRequest,
  TxnResponseInit,
} from '@balsa/proto/etcdserverpb'
import { type Endpoint, serverStream, type Sink, unary } from './endpoint.js'
import { statusOfCode } from './errors.js'
import type { EtcdMember } from './member.js'
import { rangeResponse, rangeToModel, resultOf } from './range.js'
import {
  deleteResponse,
  deleteToModel,
  putCommand,
  putResponse,
  putToModel,
  single,
  isSerializable,
  txnResponse,
  txnToModel,
} from './txn.js'

/** Pairs of one part of a streamed range. */
const STREAM_PART_PAIRS = 500

/** etcdserverpb.KV */
export class KvService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = KVService
    return [
      unary(methods.Range, (request) => this.range(request)),
      serverStream(methods.RangeStream, (request, sink) => this.rangeStream(request, sink)),
      unary(methods.Put, (request) => this.put(request)),
      unary(methods.DeleteRange, (request) => this.deleteRange(request)),
      unary(methods.Txn, (request) => this.txn(request)),
      unary(methods.Compact, (request) => this.compact(request)),
    ]
  }

  async range(request: RangeRequest): Promise<RangeResponseInit> {
    const query = { type: 'range', request: rangeToModel(request), maxBytes: Number.POSITIVE_INFINITY } as const
    const answer = await this.#member.read(query, request.serializable)
    return { header: this.#member.header(answer.revision), ...rangeResponse(resultOf(answer)) }
  }

  /** The same answer in parts; the last one has header, count and `more`. */
  async rangeStream(request: RangeRequest, sink: Sink<{ readonly rangeResponse: RangeResponseInit }>): Promise<void> {
    const { header, kvs = [], more, count } = await this.range(request)
    let at = 0
    for (; at + STREAM_PART_PAIRS < kvs.length; at += STREAM_PART_PAIRS) {
      if (!sink.send({ rangeResponse: { kvs: kvs.slice(at, at + STREAM_PART_PAIRS) } })) await sink.writable()
    }
    sink.send({ rangeResponse: { header, kvs: kvs.slice(at), more, count } })
  }

  /** Throws what the request alone refuses it for. */
  put(request: PutRequest): Promise<PutResponseInit> {
    const operation = putToModel(request)
    const command = putCommand(operation)
    if (command.type === 'put') return this.#member.answer(command, 'written', this.#written)
    return this.#member.answer(command, 'txn', (result) => {
      const { revision, outcome } = onlyOutcome(result)
      return { header: this.#member.header(revision), ...putResponse(outcome, operation) }
    })
  }

  readonly #written = ({ metadata }: Extract<CommandResult, { readonly type: 'written' }>): PutResponseInit => ({
    header: this.#member.header(metadata.modRevision),
  })

  async deleteRange(request: DeleteRangeRequest): Promise<DeleteRangeResponseInit> {
    const { revision, outcome } = onlyOutcome(await this.#member.write(single(deleteToModel(request)), 'txn'))
    return { header: this.#member.header(revision), ...deleteResponse(outcome) }
  }

  async txn(request: TxnRequest): Promise<TxnResponseInit> {
    const txn = txnToModel(request)
    if (!canWrite(txn)) return this.#readTxn(txn, isSerializable(request))
    const { revision, succeeded, responses } = await this.#member.write({ type: 'txn', stamp: null, txn }, 'txn')
    return txnResponse({ succeeded, responses: responses ?? [] }, txn, this.#member.header(revision))
  }

  /** What writes nothing is a read: nothing of it goes through the log. */
  async #readTxn(txn: Txn, serializable: boolean): Promise<TxnResponseInit> {
    const { revision, refusal, outcome } = await (await this.#member.read({ type: 'txn', txn }, serializable)).answer
    if (outcome === null) throw statusOfCode(refusal ?? 'INVALID', 'the transaction cannot be read')
    return txnResponse(outcome, txn, this.#member.header(revision))
  }

  async compact({ revision }: CompactionRequest): Promise<CompactionResponseInit> {
    // Revision 0 and less were compacted before anything was written.
    if (revision <= 0) throw statusOfCode('COMPACTED', 'there is no such revision')
    const compacted = await this.#member.write({ type: 'compact', stamp: null, revision }, 'compacted')
    return { header: this.#member.header(compacted.revision) }
  }
}

function onlyOutcome({ revision, responses }: Extract<CommandResult, { readonly type: 'txn' }>) {
  const outcome = responses?.[0]
  if (outcome === undefined) throw statusOfCode('OUTCOME_UNKNOWN', 'an answer that does not fit')
  return { revision, outcome }
}
