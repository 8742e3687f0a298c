import type { ManualClock } from '@balsa/raft'

/** Lets every promise that can go on go on. What can do that exactly is the host's affair (Node: one turn of `setImmediate`). */
export type Settle = () => Promise<void>

/** For hosts without anything better: enough for chains of about two hundred promises. */
export const settlePromises: Settle = async () => {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve()
}

/** Something that the test found wrong. */
export class LabFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LabFailure'
  }
}

/** Runs `script` in virtual time: whenever nothing can go on, the clock jumps to the next event. */
export async function runInVirtualTime<T>(clock: ManualClock, settle: Settle, script: () => Promise<T>): Promise<T> {
  let ended = false
  const result = script().finally(() => {
    ended = true
  })
  // Observed below; until then a failure must not count as unhandled.
  result.catch(() => undefined)
  await settle()
  while (!ended) {
    if (!clock.step()) throw new LabFailure('the test waits for something that can never happen: no event is left')
    await settle()
  }
  return result
}

export function sleep(clock: ManualClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimer(ms, resolve)
  })
}
