import { BalsaError } from '@balsa/raft'
import { keyFromString } from '../backend/byte-string.js'
import type { LeaseInfo, LeaseInfoOptions } from '../key-value-store.js'
import type { LeaseAnswer, LeasesAnswer } from '../kv-queries.js'
import { behindKey, behindLease } from '../mvcc/lease-pages.js'
import type { ClientQuery, ClientQueryAnswer } from '../protocol/queries.js'
import { toLease } from './selection.js'

type Ask = <Result>(query: () => ClientQuery, map: (answer: ClientQueryAnswer) => Result) => Promise<Result>

/** Page by page, each as of when it is read. Null also when the lease has ended meanwhile. */
export async function leaseInfo(id: bigint, { keys: withKeys = false }: LeaseInfoOptions, ask: Ask): Promise<LeaseInfo | null> {
  const keys: Uint8Array[] = []
  for (let keysFrom = ''; ; ) {
    const from = keysFrom
    const { lease, revision } = await ask(() => ({ type: 'lease', lease: toLease(id), withKeys, keysFrom: from }), leaseAnswer)
    if (lease === null) return null
    for (const key of lease.keys) keys.push(keyFromString(key))
    if (!lease.more) return { id, ttlMs: lease.ttlMs, remainingMs: lease.remainingMs, keys, revision }
    keysFrom = behindKey(lease.keys)
  }
}

export async function allLeases(ask: Ask): Promise<readonly bigint[]> {
  const found: bigint[] = []
  for (;;) {
    const { leases, more } = await ask(() => ({ type: 'leases', from: found.length === 0 ? 0n : behindLease(found) }), leasesAnswer)
    for (const lease of leases) found.push(lease)
    if (!more) return found
  }
}

const unfitting = (type: string): BalsaError => new BalsaError('MALFORMED', `the answer, ${type}, does not fit the question`)

function leaseAnswer(answer: ClientQueryAnswer): LeaseAnswer {
  if (answer.type !== 'lease') throw unfitting(answer.type)
  return answer
}

function leasesAnswer(answer: ClientQueryAnswer): LeasesAnswer {
  if (answer.type !== 'leases') throw unfitting(answer.type)
  return answer
}
