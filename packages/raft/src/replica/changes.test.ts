import { expect, it } from 'vitest'
import { ManualClock } from '../memory/manual-clock.js'
import { asIndex, asMemberId } from '../types.js'
import { CallGuards } from './calls.js'
import { ChangeTable } from './changes.js'
import { configurationOf } from './configuration.test-support.js'

function setUp() {
  const clock = new ManualClock()
  const refs: number[] = []
  const guards = new CallGuards(clock)
  const table = new ChangeTable(guards)
  return { clock, guards, refs, table, add: (options = {}) => table.add(options, (ref) => refs.push(ref)) }
}

it('resolves to the committed configuration, or says why not and what to do', async () => {
  const { table, refs, add } = setUp()
  const [good, bad, elsewhere] = [add(), add(), add()]
  const changed = { index: asIndex(7), configuration: configurationOf(3) }
  table.outcomes(
    [
      { ref: refs[1] ?? 0, refused: 'QUORUM_AT_RISK', reason: 'only 1 of 2', leaderId: asMemberId(1) },
      { ref: refs[2] ?? 0, refused: 'NOT_LEADER', reason: 'member 2 is the leader', leaderId: asMemberId(2) },
      { ref: refs[0] ?? 0, ...changed },
    ],
    () => 'host:1',
  )
  expect(await good).toEqual(changed)
  await expect(bad).rejects.toMatchObject({ code: 'QUORUM_AT_RISK', message: 'only 1 of 2', hint: expect.stringContaining('force') })
  await expect(elsewhere).rejects.toMatchObject({ code: 'NOT_LEADER', leaderId: 2, leaderAddress: 'host:1' })
})

it('is unknown once the caller gives up or the replica stops: it may still be made', async () => {
  const { clock, guards, table, refs, add } = setUp()
  const outcome = expect(add({ timeoutMs: 10 })).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', family: 'unknown' })
  clock.advance(20)
  await outcome
  table.outcomes([{ ref: refs[0] ?? 0, index: asIndex(1), configuration: configurationOf(1) }], () => '')
  const call = add({ timeoutMs: 1000 })
  table.stop()
  await expect(call).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect(guards.pending).toBe(0)
  await expect(add({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
})
