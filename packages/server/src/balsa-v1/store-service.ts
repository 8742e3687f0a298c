import type { CommandResult, WriteCommand, WriteStamp } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'
import {
  type AppendRequest,
  type AppendResponseInit,
  type Stamp,
  StoreService as StoreMethods,
  type WriteRequest,
  type WriteResponseInit,
} from '@balsa/proto/balsa-v1'
import type { DeleteRangeRequest, PutRequest, TxnRequest } from '@balsa/proto/etcdserverpb'
import { type Endpoint, unary } from '../etcd/endpoint.js'
import type { EtcdMember } from '../etcd/member.js'
import { deleteResponse, deleteToModel, putCommand, putResponse, putToModel, single, txnResponse, txnToModel } from '../etcd/txn.js'
import { balsaStatus } from './errors.js'
import { fitting } from './results.js'

type TxnResult = Extract<CommandResult, { readonly type: 'txn' }>

/** balsa.v1.Store: writes that happen at most once when they carry a stamp. */
export class StoreService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = StoreMethods
    return [
      unary(methods.Append, (request) => this.append(request).catch(rethrow)),
      unary(methods.Write, (request) => this.write(request).catch(rethrow)),
    ]
  }

  async append({ key, value, stamp }: AppendRequest): Promise<AppendResponseInit> {
    const command: WriteCommand = { type: 'append', stamp: stampOf(stamp), key, value }
    const { metadata, valueBytes } = fitting(await this.#member.execute(command), 'written')
    return { header: this.#member.header(metadata.modRevision), length: valueBytes }
  }

  async write({ stamp: given, operation }: WriteRequest): Promise<WriteResponseInit> {
    const stamp = stampOf(given)
    switch (operation?.case) {
      case 'append': {
        if (operation.value.stamp !== null) throw new BalsaError('INVALID', 'the stamp belongs to the write, not to the append inside')
        const value = await this.append({ ...operation.value, stamp: given })
        return { header: value.header, result: { case: 'append', value } }
      }
      case 'put':
        return this.#put(operation.value, stamp)
      case 'deleteRange':
        return this.#delete(operation.value, stamp)
      case 'txn':
        return this.#txn(operation.value, stamp)
      case undefined:
        throw new BalsaError('INVALID', 'the write has no operation')
    }
  }

  async #put(request: PutRequest, stamp: WriteStamp | null): Promise<WriteResponseInit> {
    const operation = putToModel(request)
    const result = await this.#member.execute({ ...putCommand(operation), stamp })
    if (result.type === 'written') {
      const header = this.#member.header(result.metadata.modRevision)
      return { header, result: { case: 'put', value: { header } } }
    }
    const { revision, responses } = fitting(result, 'txn')
    const header = this.#member.header(revision)
    const [outcome] = responses ?? []
    const value = { header, ...(outcome === undefined ? {} : putResponse(outcome, operation)) }
    return { header, result: { case: 'put', value }, shortened: responses === null }
  }

  async #delete(request: DeleteRangeRequest, stamp: WriteStamp | null): Promise<WriteResponseInit> {
    const { revision, responses } = await this.#transaction({ ...single(deleteToModel(request)), stamp })
    const header = this.#member.header(revision)
    const [outcome] = responses ?? []
    const value = { header, ...(outcome === undefined ? {} : deleteResponse(outcome)) }
    return { header, result: { case: 'deleteRange', value }, shortened: responses === null }
  }

  async #txn(request: TxnRequest, stamp: WriteStamp | null): Promise<WriteResponseInit> {
    const txn = txnToModel(request)
    const { revision, succeeded, responses } = await this.#transaction({ type: 'txn', stamp, txn })
    const header = this.#member.header(revision)
    const value = txnResponse({ succeeded, responses: responses ?? [] }, txn, header)
    return { header, result: { case: 'txn', value }, shortened: responses === null }
  }

  async #transaction(command: WriteCommand): Promise<TxnResult> {
    return fitting(await this.#member.execute(command), 'txn')
  }
}

const rethrow = (error: unknown): never => {
  throw balsaStatus(error)
}

/** INVALID (refused): numbers that no client of a session can mean. */
function stampOf(stamp: Stamp | null): WriteStamp | null {
  if (stamp === null) return null
  const { session, sequence, firstUnanswered } = stamp
  if (session === 0) throw new BalsaError('INVALID', 'the stamp names no session')
  if (sequence === 0) throw new BalsaError('INVALID', 'sequences of a stamp start at 1')
  if (firstUnanswered === 0 || firstUnanswered > sequence)
    throw new BalsaError('INVALID', `first_unanswered ${firstUnanswered} is not in 1..${sequence}`, {
      hint: 'It is the lowest sequence whose answer has not come yet; without concurrent writes, the sequence itself.',
    })
  return { session, sequence, firstUnanswered }
}
