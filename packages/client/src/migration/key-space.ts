/** Reading a key space page by page, as it was at one revision. */
import { KVService } from '@balsa/proto/etcdserverpb'
import type { KeyValue } from '@balsa/proto/mvccpb'
import { BalsaError } from '@balsa/raft'
import type { EtcdClient } from '../etcd/etcd-client.js'

const { Range } = KVService.methods

const FIRST_PAGE_KEYS = 32
const MOST_PAGE_KEYS = 10_000
/** Pages are made larger below it and smaller above, whatever the pairs weigh. */
const PAGE_BYTES = 1024 * 1024

/** Keys from `key` up to, and without, `rangeEnd`; a zero byte as `rangeEnd` = to the end. */
export interface KeySpace {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

const ZERO = new Uint8Array(1)

/** All keys that begin with the prefix; an empty one: all keys. */
export function keySpaceOf(prefix: Uint8Array): KeySpace {
  if (prefix.length === 0) return { key: ZERO, rangeEnd: ZERO }
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1
  if (length === 0) return { key: prefix, rangeEnd: ZERO }
  // Not a slice: that of a Buffer shares its memory.
  const rangeEnd = Uint8Array.from(prefix.subarray(0, length))
  rangeEnd[length - 1] = (rangeEnd[length - 1] ?? 0) + 1
  return { key: prefix, rangeEnd }
}

/** What a cluster says of itself and of a key space now. */
export interface KeySpaceNow {
  readonly clusterId: bigint
  readonly revision: number
  readonly count: number
}

/** Linearizable. */
export async function lookAt(client: EtcdClient, space: KeySpace): Promise<KeySpaceNow> {
  const { header, count } = await client.call(Range, { ...space, countOnly: true })
  if (header === null) throw new BalsaError('MALFORMED', 'an answer without a header')
  return { clusterId: header.clusterId, revision: header.revision, count }
}

/** In the order of keys. Throws COMPACTED (refused) when the revision is gone. */
export async function* pairsAt(
  client: EtcdClient,
  space: KeySpace,
  revision: number,
  { keysOnly }: { readonly keysOnly: boolean },
): AsyncGenerator<KeyValue, void, undefined> {
  let { key } = space
  let limit = FIRST_PAGE_KEYS
  for (;;) {
    const { kvs, more } = await client.call(Range, { key, rangeEnd: space.rangeEnd, revision, limit, keysOnly })
    yield* kvs
    const last = kvs.at(-1)
    if (!more || last === undefined) return
    key = behind(last.key)
    const bytes = kvs.reduce((sum, pair) => sum + pair.key.length + pair.value.length, 0)
    limit = Math.min(MOST_PAGE_KEYS, Math.max(1, Math.min(limit * 4, Math.floor((limit * PAGE_BYTES) / Math.max(1, bytes)))))
  }
}

/** The least key above. */
function behind(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}

export function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Two sorted sequences as one: pairs of what has the same key, null where one side has none. */
export async function* sideBySide(
  left: AsyncIterator<KeyValue>,
  right: AsyncIterator<KeyValue>,
): AsyncGenerator<readonly [KeyValue | null, KeyValue | null], void, undefined> {
  let [a, b] = await Promise.all([left.next(), right.next()])
  for (;;) {
    if (a.done === true && b.done === true) return
    const order = a.done === true ? 1 : b.done === true ? -1 : compareKeys(a.value.key, b.value.key)
    yield [order <= 0 && a.done !== true ? a.value : null, order >= 0 && b.done !== true ? b.value : null]
    if (order <= 0) a = await left.next()
    if (order >= 0) b = await right.next()
  }
}
