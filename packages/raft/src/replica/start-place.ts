import { BalsaError, invariant } from '../errors.js'
import type { Storage } from '../log/storage.js'
import type { StateMachine } from '../ports/state-machine.js'
import { asIndex } from '../types.js'
import { type Place, restoreMachine, START } from './apply-loop.js'

/**
 * Brings the state machine to where the log can go on: one that begins empty by the newest snapshot, one with a durable state by nothing at all unless a snapshot was
 * installed that it has not taken over yet. Errors (fatal): STATE_MACHINE_FAILED, CORRUPT.
 *
 * A durable state never runs ahead of its own log (DurableState.logDurable), and the log is compacted only below what is durable in the state. So a state that is ahead, or a log that has
 * gone on without it, means that one of the two was exchanged: nothing that either of them says can be trusted then.
 */
export async function startMachine(machine: StateMachine, storage: Storage): Promise<Place> {
  const { snapshot, lastIndex } = storage.recovered
  const held = machine.durable?.appliedIndex ?? 0
  const below = snapshot ?? START
  if (held > lastIndex) throw aheadOfLog(held, lastIndex)
  if (machine.durable === undefined || machine.durable === null || held < below.index) {
    await restoreMachine(machine, storage, snapshot, () => false)
    return { index: below.index, term: below.term, timeMs: below.timeMs }
  }
  if (held === below.index) return { index: below.index, term: below.term, timeMs: below.timeMs }
  const index = asIndex(held)
  const [entry] = await storage.readEntries(index, index, 1)
  invariant(entry !== undefined, 'what the state holds behind the snapshot is in the log', { index })
  return { index, term: entry.term, timeMs: entry.timeMs }
}

function aheadOfLog(held: number, lastIndex: number): BalsaError {
  return new BalsaError(
    'CORRUPT',
    `the state holds everything up to index ${held}, but the log ends at index ${lastIndex}: it was removed, or is an older copy`,
    {
      hint: 'Put back the log that belongs to this state. If it is lost, remove this member, wipe its whole data directory and add it again.',
    },
  )
}
