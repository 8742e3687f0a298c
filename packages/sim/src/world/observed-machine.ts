import type { AppliedCommand, DurableState, IncomingState, LogIndex, SharedState, StateMachine, StateTransfer } from '@balsa/raft'
import type { Life } from './sim-member.js'

/** Tells the state of a machine apart from others; equal states must give equal texts. */
export type Fingerprint = () => string

/** A state machine, with the world looking on. Commands go in one at a time, so that the state is seen at each index. */
export class ObservedMachine implements StateMachine {
  readonly #inner: StateMachine
  readonly #life: Life
  readonly #fingerprint: Fingerprint | null
  readonly durable: DurableState | null
  /** Indexes of states of others that have come as a whole, until they are referred to. */
  readonly #received = new Set<number>()

  constructor(inner: StateMachine, life: Life, fingerprint: Fingerprint | null) {
    this.#inner = inner
    this.#life = life
    this.#fingerprint = fingerprint
    this.durable = inner.durable === undefined || inner.durable === null ? null : this.#observed(inner.durable)
    if (inner.wantsSnapshot !== undefined) this.wantsSnapshot = () => inner.wantsSnapshot?.() ?? false
  }

  wantsSnapshot?: () => boolean

  #observed(durable: DurableState): DurableState {
    return {
      get appliedIndex() {
        return durable.appliedIndex
      },
      ready: () => durable.ready?.() ?? null,
      logDurable: (index) => durable.logDurable(index),
      flush: (index) => durable.flush(index),
      reference: (index) => {
        const life = this.#life
        // The first word of a state that was received puts it aside, and is no snapshot of this member's own; a later one of the same index is.
        const isOwn = !this.#received.delete(index)
        if (life.alive && isOwn) for (const observer of life.member.world.observers.snapshotBegun) observer.snapshotBegun(life, index, null)
        return durable.reference(index)
      },
      ...(durable.transfer === undefined ? {} : { transfer: this.#observedTransfer(durable.transfer) }),
    }
  }

  #observedTransfer(transfer: StateTransfer): StateTransfer {
    const life = this.#life
    const { coverage, observers } = life.member.world
    const share = (): Promise<SharedState> => {
      if (life.alive) {
        coverage.hit('state shared')
        for (const observer of observers.stateShared) observer.stateShared(life, life.appliedIndex, this.#fingerprint?.() ?? '')
      }
      return transfer.share()
    }
    const receive = async (index: LogIndex): Promise<IncomingState> => {
      const incoming = await transfer.receive(index)
      const finish = async (): Promise<boolean> => {
        const isGood = await incoming.finish()
        if (isGood) this.#received.add(index)
        if (life.alive && isGood) coverage.hit('state received')
        return isGood
      }
      return { write: (data) => incoming.write(data), finish, abort: () => incoming.abort() }
    }
    return { share, receive }
  }

  apply(batch: readonly AppliedCommand[]): readonly unknown[] | Promise<readonly unknown[]> {
    const results: unknown[] = []
    for (let at = 0; at < batch.length; at++) {
      const command = batch[at]
      if (command === undefined) break
      const answer = this.#inner.apply([command])
      if (answer instanceof Promise) return this.#applyRest(batch, at, answer, results)
      this.#applied(command, answer, results)
    }
    return results
  }

  async #applyRest(
    batch: readonly AppliedCommand[],
    from: number,
    first: Promise<readonly unknown[]>,
    results: unknown[],
  ): Promise<readonly unknown[]> {
    for (let at = from; at < batch.length; at++) {
      const command = batch[at]
      if (command === undefined) break
      this.#applied(command, await (at === from ? first : this.#inner.apply([command])), results)
    }
    return results
  }

  #applied(command: AppliedCommand, answer: readonly unknown[], results: unknown[]): void {
    results.push(...answer)
    const life = this.#life
    if (!life.alive) return
    const { world } = life.member
    world.scheduler.unsettled = true
    world.scheduler.activity++
    const fingerprint = this.#fingerprint === null ? resultText(answer) : this.#fingerprint()
    life.appliedIndex = command.index
    for (const observer of world.observers.applied) observer.applied(life, command, fingerprint, answer[0])
  }

  query(query: unknown): unknown {
    return this.#inner.query(query)
  }

  snapshot(): AsyncIterable<Uint8Array> {
    const life = this.#life
    if (life.alive && life.core !== null) {
      const { world } = life.member
      const index = life.appliedIndex
      world.trace.add(world.nowMs, life.member.id, 'snapshot', 0, index)
      for (const observer of world.observers.snapshotBegun) observer.snapshotBegun(life, index, this.#fingerprint?.() ?? '')
    }
    return this.#inner.snapshot()
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#inner.restore(chunks)
    const life = this.#life
    if (!life.alive) return
    const { world } = life.member
    world.scheduler.activity++
    // Where a restored machine stands is not known here until it applies something.
    life.appliedIndex = 0
    for (const observer of world.observers.restored) observer.restored(life, this.#fingerprint?.() ?? '')
  }
}

/** Members must answer alike; a result that has no text is left out of the comparison. */
function resultText(answer: readonly unknown[]): string {
  try {
    return JSON.stringify(answer) ?? ''
  } catch {
    return ''
  }
}
