import { ByteReader } from '@balsa/raft'
import type { Table } from '../backend/backend.js'
import type { ByteString } from '../backend/byte-string.js'
import { MAX_KEY_BYTES } from '../limits.js'
import { decodeLease } from './leases.js'
import { checkRecord } from './record.js'
import { checkBlock } from './history.js'
import { HISTORY_KEY_BYTES, LEASE_BYTES, leaseAt, versionOf } from './table-keys.js'

const NUMBER_BYTES = 8
const PLACE_BYTES = 4
/** A key of one byte, its end, and a revision. */
const SHORTEST_PAST_KEY = 11

/** Whether an entry from outside has a shape that the store can read. MALFORMED (refused) when not. `newest` is the store's revision. */
export function checkEntry(table: Table, key: ByteString, value: Uint8Array, newest: number): void {
  const fail = (reason: string): never => new ByteReader(value, `entry of ${table}`).fail('key', reason)
  const demandKey = (subject: ByteString): void => {
    if (subject.length === 0 || subject.length > MAX_KEY_BYTES) fail(`${subject.length} bytes`)
  }
  const demandEmpty = (): void => {
    if (value.length > 0) fail('a value where none belongs')
  }
  switch (table) {
    case 'current':
      demandKey(key)
      return checkRecord(value, false, newest)
    case 'past':
    case 'chains': {
      if (key.length < SHORTEST_PAST_KEY) fail('too short')
      const version = versionOf(key)
      demandKey(version.key)
      if (version.revision > newest) fail('newer than the store')
      if (value.length !== (table === 'past' ? PLACE_BYTES : HISTORY_KEY_BYTES)) fail('no event in the value')
      return
    }
    case 'history':
      if (key.length !== HISTORY_KEY_BYTES) fail('no event of this store')
      return checkBlock(key, new ByteReader(value, 'block of the history'), newest)
    case 'leases':
      if (key.length !== LEASE_BYTES) fail('no lease')
      decodeLease(leaseAt(key, 0), value)
      return
    case 'leaseKeys':
      demandKey(key.slice(LEASE_BYTES))
      return demandEmpty()
    case 'leaseDeadlines':
      if (key.length !== NUMBER_BYTES + LEASE_BYTES) fail('no deadline')
      return demandEmpty()
    default:
      return fail('a snapshot has no such table')
  }
}
