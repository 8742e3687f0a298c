import {
  bytesEqual,
  type Command,
  type CommandResult,
  type Compare,
  type KeyEntry,
  type OperationOutcome,
  PLAIN_RANGE,
  type Txn,
  type TxnOperation,
} from '@balsa/kv'
import { KVService, LeaseService } from '@balsa/proto/etcdserverpb'
import type { KeyValue } from '@balsa/proto/mvccpb'
import { BalsaError } from '@balsa/raft'
import { metadataAfterPut, metadataOf, revisionOf, txnOutcome, unfitting } from './decode.js'
import { encodeTxn } from './encode.js'
import type { Ask } from './task.js'

const { Put, DeleteRange, Txn: TxnMethod, Compact } = KVService.methods
const { LeaseGrant, LeaseRevoke, LeaseKeepAlive, LeaseTimeToLive } = LeaseService.methods

const EMPTY = new Uint8Array(0)
const MS_PER_S = 1000

type Of<Type extends Command['type']> = Extract<Command, { readonly type: Type }>
type TxnResult = Extract<CommandResult, { readonly type: 'txn' }>

/** A command of the store, done by etcd. Sessions are kept by nobody: they answer themselves. */
export function write(ask: Ask, command: Command): Promise<CommandResult> {
  switch (command.type) {
    case 'openSession':
      return Promise.resolve({ type: 'sessionOpened', session: 1, ttlMs: command.ttlMs })
    case 'keepAlive':
      return Promise.resolve({ type: 'sessionAlive' })
    case 'closeSession':
      return Promise.resolve({ type: 'sessionClosed' })
    case 'put':
      return put(ask, command)
    case 'append':
      return append(ask, command)
    case 'delete':
      return remove(ask, command)
    case 'compareAndPut':
      return compareAndPut(ask, command)
    case 'txn':
      return transact(ask, command.txn)
    case 'compact':
      return ask(Compact, { revision: command.revision }, true).then((done) => ({ type: 'compacted', revision: revisionOf(done) }))
    case 'leaseGrant':
      return grant(ask, command)
    case 'leaseRevoke':
      return revoke(ask, command.lease)
    case 'leaseKeepAlive':
      return keepAlive(ask, command.lease)
    default:
      return Promise.reject(new BalsaError('UNSUPPORTED', `etcd has no ${command.type}`))
  }
}

async function put(ask: Ask, { key, value }: Of<'put' | 'append'>): Promise<CommandResult> {
  const response = await ask(Put, { key, value, prevKv: true }, true)
  return written(revisionOf(response), response.prevKv, value.length)
}

const written = (revision: number, before: KeyValue | null, valueBytes: number): CommandResult => ({
  type: 'written',
  metadata: metadataAfterPut(revision, before),
  previous: before === null ? null : metadataOf(before),
  valueBytes,
})

async function remove(ask: Ask, { key }: Of<'delete'>): Promise<CommandResult> {
  const response = await ask(DeleteRange, { key, prevKv: true }, true)
  const [before] = response.prevKvs
  return { type: 'deleted', revision: revisionOf(response), previous: before === undefined ? null : metadataOf(before) }
}

async function compareAndPut(ask: Ask, { key, expected, value }: Of<'compareAndPut'>): Promise<CommandResult> {
  const plain = { key, rangeEnd: EMPTY, result: 'equal' } as const
  const present = { type: 'range', request: { ...PLAIN_RANGE, key, rangeEnd: EMPTY, keysOnly: true } } as const
  const done = await transactPlainly(ask, {
    compares: [
      ...(expected.modRevision === null ? [] : [{ ...plain, target: 'modRevision', operand: expected.modRevision } as const]),
      ...(expected.value === null ? [] : [{ ...plain, target: 'value', operand: expected.value } as const]),
    ],
    success: [present, { type: 'put', key, value, lease: 0n, previous: false }],
    failure: [present],
  })
  const [before, after] = done.responses ?? []
  if (before?.type !== 'range') throw unfitting('no range')
  const [entry] = before.entries
  const actual = entry === undefined ? null : metadataOf(entry)
  if (!done.succeeded) return { type: 'compareFailed', revision: done.revision, actual }
  if (after?.type !== 'put') throw unfitting('no put')
  return { type: 'written', metadata: metadataOf(after.record), previous: actual, valueBytes: value.length }
}

async function transactPlainly(ask: Ask, txn: Txn): Promise<TxnResult & { readonly responses: NonNullable<TxnResult['responses']> }> {
  const response = await ask(TxnMethod, encodeTxn(txn), true)
  const revision = revisionOf(response)
  return { type: 'txn', revision, ...txnOutcome(response, txn, revision) }
}

async function append(ask: Ask, { key, value }: Of<'put' | 'append'>): Promise<CommandResult> {
  const { result, present } = await transactOver(ask, { compares: [], success: [{ type: 'append', key, value }], failure: [] }, [key])
  const [outcome] = result.responses ?? []
  if (outcome?.type !== 'put') throw unfitting('no put')
  const [before] = present
  return {
    type: 'written',
    metadata: metadataOf(outcome.record),
    previous: before === undefined || before === null ? null : metadataOf(before),
    valueBytes: outcome.valueBytes,
  }
}

async function transact(ask: Ask, txn: Txn): Promise<TxnResult> {
  const keys = appendedKeys(txn)
  return keys.length === 0 ? transactPlainly(ask, txn) : (await transactOver(ask, txn, keys)).result
}

type Present = readonly (KeyEntry | null)[]

/**
 * etcd has no append: it is a put of what was read and the new end, in a transaction around the one that was asked for, on the condition that nobody has written
 * those keys meanwhile; else once more. No key is written twice in a transaction, so what is read before it is what the append finds in it.
 */
async function transactOver(
  ask: Ask,
  txn: Txn,
  keys: readonly Uint8Array[],
): Promise<{ readonly result: TxnResult; readonly present: Present }> {
  const reads = keys.map((key): TxnOperation => ({ type: 'range', request: { ...PLAIN_RANGE, key, rangeEnd: EMPTY } }))
  const look: Txn = { compares: [], success: reads, failure: [] }
  const response = await ask(TxnMethod, encodeTxn(look))
  let present = presentOf(txnOutcome(response, look, revisionOf(response)).responses)
  for (;;) {
    const inner = withoutAppends(txn, keys, present)
    const compares = keys.map((key, at): Compare => {
      const operand = present[at]?.modRevision ?? 0
      return { key, rangeEnd: EMPTY, result: 'equal', target: 'modRevision', operand }
    })
    const done = await transactPlainly(ask, { compares, success: [{ type: 'txn', txn: inner }], failure: reads })
    const [outcome] = done.responses
    if (!done.succeeded) present = presentOf(done.responses)
    else if (outcome?.type === 'txn') return { result: { type: 'txn', revision: done.revision, ...outcome.outcome }, present }
    else throw unfitting('no transaction')
  }
}

const presentOf = (outcomes: readonly OperationOutcome[]): Present =>
  outcomes.map((outcome) => (outcome.type === 'range' ? (outcome.entries[0] ?? null) : null))

function appendedKeys({ success, failure }: Txn): Uint8Array[] {
  const keys: Uint8Array[] = []
  for (const operation of [...success, ...failure]) {
    const found = operation.type === 'append' ? [operation.key] : operation.type === 'txn' ? appendedKeys(operation.txn) : []
    for (const key of found) if (!keys.some((known) => bytesEqual(known, key))) keys.push(key)
  }
  return keys
}

function withoutAppends(txn: Txn, keys: readonly Uint8Array[], present: Present): Txn {
  const replaced = (operation: TxnOperation): TxnOperation => {
    if (operation.type === 'txn') return { type: 'txn', txn: withoutAppends(operation.txn, keys, present) }
    if (operation.type !== 'append') return operation
    const { key, value } = operation
    const entry = present[keys.findIndex((known) => bytesEqual(known, key))] ?? null
    if (entry === null) return { type: 'put', key, value, lease: 0n, previous: false }
    return { type: 'put', key, value: joined(entry.value, value), lease: null, previous: false }
  }
  return { compares: txn.compares, success: txn.success.map(replaced), failure: txn.failure.map(replaced) }
}

function joined(start: Uint8Array, end: Uint8Array): Uint8Array {
  const whole = new Uint8Array(start.length + end.length)
  whole.set(start)
  whole.set(end, start.length)
  return whole
}

async function grant(ask: Ask, { lease, ttlMs }: Of<'leaseGrant'>): Promise<CommandResult> {
  const response = await ask(LeaseGrant, { ID: lease, TTL: Math.ceil(ttlMs / MS_PER_S) }, true)
  return { type: 'leaseGranted', lease: response.ID, ttlMs: response.TTL * MS_PER_S, revision: revisionOf(response) }
}

/** etcd does not say how many keys went with it: those are counted that it had right before. */
async function revoke(ask: Ask, lease: bigint): Promise<CommandResult> {
  const { keys } = await ask(LeaseTimeToLive, { ID: lease, keys: true })
  const response = await ask(LeaseRevoke, { ID: lease }, true)
  return { type: 'leaseRevoked', revision: revisionOf(response), deleted: keys.length }
}

/** One that does not exist is kept for no time. */
async function keepAlive(ask: Ask, lease: bigint): Promise<CommandResult> {
  const response = await ask(LeaseKeepAlive, { ID: lease })
  return { type: 'leaseKept', lease, ttlMs: Math.max(0, response.TTL) * MS_PER_S, revision: revisionOf(response) }
}
