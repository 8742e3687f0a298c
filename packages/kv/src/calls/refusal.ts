import { BalsaError, type ErrorCode } from '@balsa/raft'

/** What the state machine refuses, as its caller should hear it: the reason, and what to do next. */
const TEXTS: Partial<Record<ErrorCode, readonly [message: string, hint: string | undefined]>> = {
  COMPARE_FAILED: ['the key is not as the write demanded', 'Read the key, and decide anew.'],
  FENCED: ['the lock that the write demanded is not held any more', 'Stop what the lock protects; take the lock again before going on.'],
  COMPACTED: [
    'this revision is compacted already',
    'Use a later revision, or none: then it is read as it is now. Who wanted to compact has nothing left to do.',
  ],
  FUTURE_REVISION: [
    'the store has not reached this revision',
    'Use an earlier revision, or none: then it is read as it is now, and says the revision of the store.',
  ],
  DUPLICATE_KEY: ['the transaction writes a key twice', 'Write each key once on each path.'],
  TOO_MANY_OPERATIONS: ['the transaction has too many conditions or operations', 'Divide it.'],
  KEY_NOT_FOUND: ['the put keeps the value or lease that its key has, and there is no such key', 'Put the key once without that.'],
  NO_SPACE: [
    'the quota of the store is used up: what adds is refused, on all members',
    'Delete keys and compact, or raise --quota-backend-bytes on all members; `balsactl alarm list` shows whose quota it is.',
  ],
  CORRUPT_ALARM: [
    'the alarm CORRUPT is raised: nothing is written, on all members',
    'Find out who raised it and why; `balsactl alarm disarm` clears it.',
  ],
  LEASE_NOT_FOUND: ['there is no such lease, or not any more', 'Grant another one, and put its keys anew.'],
  LEASE_EXISTS: ['a lease with this id exists already', 'Use another id, or none: then the cluster picks one.'],
  TOO_LARGE: ['the value would be larger than its limit', 'Divide it among several keys.'],
}

/** The error that says that the state machine has refused a command. `reason`: when more is known than the code. */
export function refusalError(code: ErrorCode, reason?: string): BalsaError {
  const [message, hint] = TEXTS[code] ?? [`the state machine refused the command: ${code}`, undefined]
  return new BalsaError(code, reason ?? message, hint === undefined ? {} : { hint })
}
