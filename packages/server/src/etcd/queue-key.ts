/** Locks and elections: keys `name/lease` under one prefix, owned by the one that was created first (as etcd's own recipes, so both kinds of clients meet). */
import { keyFromString, keyToString, type KeyEntry, PLAIN_RANGE, type RangeRequest } from '@balsa/kv'
import type { Caller } from './endpoint.js'
import { etcdError, statusOfCode } from './errors.js'
import { drawLeaseId } from './lease-service.js'
import type { EtcdMember } from './member.js'
import { resultOf } from './range.js'

/** A place in the queue. */
export interface Place {
  readonly key: Uint8Array
  readonly createRevision: number
  readonly lease: bigint
  /** False = this lease had a place already. */
  readonly isNew: boolean
}

/** What the server grants when the caller brings no lease. Nobody keeps it alive. */
const OWN_LEASE_TTL_MS = 60_000

const SLASH = 0x2f

/** Everything that waits under a name. */
export function prefixOf(name: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(name.length + 1)
  prefix.set(name)
  prefix[name.length] = SLASH
  return prefix
}

/** Behind every key that begins with the prefix, which ends in a slash. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice()
  end[end.length - 1] = SLASH + 1
  return end
}

export const underName = (name: Uint8Array): Pick<RangeRequest, 'key' | 'rangeEnd'> => {
  const prefix = prefixOf(name)
  return { key: prefix, rangeEnd: prefixEnd(prefix) }
}

/** The first in the queue, or null. */
export async function firstOf(
  member: EtcdMember,
  name: Uint8Array,
  revision = 0,
): Promise<{ readonly first: KeyEntry | null; readonly revision: number }> {
  const request: RangeRequest = { ...PLAIN_RANGE, ...underName(name), sortTarget: 'createRevision', limit: 1, revision }
  const answer = await member.read({ type: 'range', request, maxBytes: Number.POSITIVE_INFINITY }, false)
  return { first: resultOf(answer).entries[0] ?? null, revision: answer.revision }
}

/** Takes a place for the lease, or finds the one that it has. */
export async function takePlace(member: EtcdMember, name: Uint8Array, wanted: bigint, value: Uint8Array): Promise<Place> {
  const lease = wanted === 0n ? await grantOwn(member) : wanted
  const key = keyFromString(`${keyToString(prefixOf(name))}${BigInt.asUintN(64, lease).toString(16)}`)
  const { succeeded, revision, responses } = await member.write(
    {
      type: 'txn',
      stamp: null,
      txn: {
        compares: [{ key, rangeEnd: EMPTY, result: 'equal', target: 'createRevision', operand: 0 }],
        success: [{ type: 'put', key, value, lease, previous: false }],
        failure: [{ type: 'range', request: { ...PLAIN_RANGE, key, rangeEnd: EMPTY, keysOnly: true } }],
      },
    },
    'txn',
  )
  if (succeeded) return { key, createRevision: revision, lease, isNew: true }
  const [found] = responses ?? []
  const entry = found?.type === 'range' ? found.entries[0] : undefined
  if (entry === undefined) throw statusOfCode('OUTCOME_UNKNOWN', 'an answer that does not fit')
  return { key, createRevision: entry.createRevision, lease, isNew: false }
}

async function grantOwn(member: EtcdMember): Promise<bigint> {
  const lease = drawLeaseId(member.random)
  return (await member.write({ type: 'leaseGrant', stamp: null, lease, ttlMs: OWN_LEASE_TTL_MS }, 'leaseGranted')).lease
}

/**
 * Waits until nobody is before the place, however long that takes; gives it up when the caller goes first, or the member stops. Answers the revision
 * of the store at which nobody was. Rejects with the reason; `lease not found` when the place itself has vanished.
 */
export async function awaitTurn(member: EtcdMember, name: Uint8Array, place: Place, caller: Caller): Promise<number> {
  try {
    for (;;) {
      if (caller.cancelled !== null) throw caller.cancelled
      const { before, own, revision } = await lastBefore(member, name, place)
      if (!own) throw etcdError('leaseNotFound')
      if (before === null) return revision
      await deletionOf(member, before, revision, caller)
    }
  } catch (error) {
    if (place.isNew) await giveUp(member, place).catch(() => {})
    throw error
  }
}

interface Turn {
  readonly before: KeyEntry | null
  readonly own: boolean
  readonly revision: number
}

async function lastBefore(member: EtcdMember, name: Uint8Array, { key, createRevision }: Place): Promise<Turn> {
  const before: RangeRequest = {
    ...PLAIN_RANGE,
    ...underName(name),
    sortTarget: 'createRevision',
    descending: true,
    limit: 1,
    maxCreateRevision: createRevision - 1,
    keysOnly: true,
  }
  const mine: RangeRequest = { ...PLAIN_RANGE, key, rangeEnd: EMPTY, keysOnly: true }
  const found = await member.read({ type: 'range', request: before, maxBytes: Number.POSITIVE_INFINITY }, false)
  const own = await member.read({ type: 'range', request: mine, maxBytes: Number.POSITIVE_INFINITY }, true)
  return {
    before: resultOf(found).entries[0] ?? null,
    own: resultOf(own).entries[0]?.createRevision === createRevision,
    revision: found.revision,
  }
}

/** Resolves when the key is deleted after `revision`, or that can not be told any more. */
function deletionOf(member: EtcdMember, entry: KeyEntry, revision: number, caller: Caller): Promise<void> {
  return new Promise((resolve, reject) => {
    const key = keyFromString(entry.key)
    const request = { key, rangeEnd: EMPTY, startRevision: revision + 1, previous: false, noPut: true, noDelete: false }
    const look = (): void => {
      if (watcher.pull(1) === null) return
      end()
      resolve()
    }
    const watcher = member.store.watches.open(request, look)
    const forget = member.onStop(() => {
      end()
      reject(etcdError('stopped'))
    })
    const end = (): void => {
      watcher.close()
      forget()
    }
    caller.onCancelled((reason) => {
      end()
      reject(reason)
    })
    look()
  })
}

/** Leaves the queue. Answers the revision of the store. */
export async function giveUp(member: EtcdMember, { key, createRevision }: Pick<Place, 'key' | 'createRevision'>): Promise<number> {
  const { revision } = await member.write(
    {
      type: 'txn',
      stamp: null,
      txn: {
        compares: [{ key, rangeEnd: EMPTY, result: 'equal', target: 'createRevision', operand: createRevision }],
        success: [{ type: 'delete', key, rangeEnd: EMPTY, previous: false }],
        failure: [],
      },
    },
    'txn',
  )
  return revision
}

const EMPTY = new Uint8Array(0)
