/** Transactions that write nothing: read on one state, so that nothing of them has to go through the log. */
import { invariant } from '@balsa/raft'
import type { RefusalCode } from '../result.js'
import type { Counters } from './counters.js'
import { choosePath, type OperationOutcome, type Path, revisionRefusal, type TxnOutcome } from './execute-txn.js'
import { RangeScan } from './range.js'
import type { VersionReader } from './reader.js'
import { canWrite, type Txn } from './txn.js'

/** Why no such transaction can be answered, or the branches that it takes. Only what the branches taken ask for can be refused. */
export function planReading(reader: VersionReader, counters: Readonly<Counters>, txn: Txn): Path | RefusalCode {
  invariant(!canWrite(txn), 'only what writes nothing is read')
  const path = choosePath(reader, txn)
  return pathRefusal(counters, path) ?? path
}

function pathRefusal(counters: Readonly<Counters>, path: Path): RefusalCode | null {
  for (const step of path.steps) {
    let refusal: RefusalCode | null = null
    if (step.type === 'txn') refusal = pathRefusal(counters, step.path)
    else if (step.type === 'range') refusal = revisionRefusal(counters, step.request.revision)
    if (refusal !== null) return refusal
  }
  return null
}

/** What `planReading` let pass. Yields after about so many keys; the tables must not change until it has finished. */
export function* readPath(reader: VersionReader, path: Path, keys: number): Generator<void, TxnOutcome, void> {
  const responses: OperationOutcome[] = []
  for (const step of path.steps) {
    if (step.type === 'txn') responses.push({ type: 'txn', outcome: yield* readPath(reader, step.path, keys) })
    if (step.type !== 'range') continue
    const scan = new RangeScan(reader, step.request, step.request.revision === 0 ? null : step.request.revision)
    while (!scan.step(keys)) yield
    responses.push({ type: 'range', ...scan.result() })
  }
  return { succeeded: path.succeeded, responses }
}
