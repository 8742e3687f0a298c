/** Transactions that write nothing: read on one state, so that nothing of them has to go through the log. */
import { invariant } from '@balsa/raft'
import type { RefusalCode } from '../result.js'
import type { Counters } from './counters.js'
import { choosePath, type OperationOutcome, type Path, revisionRefusal, type TxnOutcome } from './execute-txn.js'
import type { Steps } from '../steps.js'
import { RangeScan } from './range.js'
import type { VersionReader } from './reader.js'
import { canWrite, type Txn } from './txn.js'

/**
 * Answers it, or says why it cannot be answered: only what the branches taken ask for can be refused. Yields after about so many keys; the tables must not change until it has finished.
 */
export function* readTxn(
  reader: VersionReader,
  counters: Readonly<Pick<Counters, 'revision' | 'compactedRevision'>>,
  txn: Txn,
  stepKeys: number,
  maxHeldBytes: number = Number.POSITIVE_INFINITY,
): Steps<TxnOutcome | RefusalCode> {
  invariant(!canWrite(txn), 'only what writes nothing is read')
  const path = yield* choosePath(reader, txn, stepKeys)
  return pathRefusal(counters, path) ?? (yield* readPath(reader, path, stepKeys, maxHeldBytes))
}

function pathRefusal(counters: Readonly<Pick<Counters, 'revision' | 'compactedRevision'>>, path: Path): RefusalCode | null {
  for (const step of path.steps) {
    let refusal: RefusalCode | null = null
    if (step.type === 'txn') refusal = pathRefusal(counters, step.path)
    else if (step.type === 'range') refusal = revisionRefusal(counters, step.request.revision)
    if (refusal !== null) return refusal
  }
  return null
}

function* readPath(reader: VersionReader, path: Path, keys: number, maxHeldBytes: number): Steps<TxnOutcome | 'TOO_LARGE'> {
  const responses: OperationOutcome[] = []
  for (const step of path.steps) {
    if (step.type === 'txn') {
      const outcome = yield* readPath(reader, step.path, keys, maxHeldBytes)
      if (outcome === 'TOO_LARGE') return outcome
      responses.push({ type: 'txn', outcome })
    }
    if (step.type !== 'range') continue
    const { request } = step
    const scan = new RangeScan(reader, request, request.revision === 0 ? null : request.revision, Number.POSITIVE_INFINITY, maxHeldBytes)
    while (!scan.step(keys)) yield
    if (scan.isTooLarge) return 'TOO_LARGE'
    responses.push({ type: 'range', ...scan.result() })
  }
  return { succeeded: path.succeeded, responses }
}
