import { expect, it } from 'vitest'
import { ManualClock } from '../memory/manual-clock.js'
import { asMemberId } from '../types.js'
import { CallGuards } from './calls.js'
import { TransferTable } from './transfers.js'

function setUp() {
  const clock = new ManualClock()
  const refs: number[] = []
  const guards = new CallGuards(clock)
  const table = new TransferTable(guards)
  return { clock, guards, refs, table, add: (options = {}) => table.add(options, (ref) => refs.push(ref)) }
}

it('resolves to the new leader, or says why not', async () => {
  const { table, refs, add } = setUp()
  const [good, bad] = [add(), add()]
  table.outcomes(
    [
      { ref: refs[0] ?? 0, target: asMemberId(3) },
      { ref: refs[1] ?? 0, refused: 'TRANSFER_FAILED' },
    ],
    null,
    () => '',
  )
  expect(await good).toBe(3)
  await expect(bad).rejects.toMatchObject({ code: 'TRANSFER_FAILED', family: 'refused' })
})

it('is unknown once the caller gives up: it may still happen', async () => {
  const { clock, table, refs, add } = setUp()
  const call = add({ timeoutMs: 10 })
  const outcome = expect(call).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  clock.advance(20)
  await outcome
  table.outcomes([{ ref: refs[0] ?? 0, target: asMemberId(2) }], null, () => '')
})

it('ends with the replica', async () => {
  const { guards, table, add } = setUp()
  const call = add({ timeoutMs: 1000 })
  table.stop()
  await expect(call).rejects.toMatchObject({ code: 'STOPPED' })
  expect(guards.pending).toBe(0)
  await expect(add({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
})
