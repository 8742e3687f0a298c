import type { Effects, Input, RaftCore } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { violate } from './violate.js'

/** A leader that hands over takes no proposals until the transfer has ended: its target could never catch up (thesis, section 3.10). */
export class TransferQuiet implements Observer {
  readonly name = 'transfer-quiet'
  /** The transfer under way in each life, and proposals that came meanwhile. */
  readonly #running = new WeakMap<Life, { readonly ref: number; readonly mustRefuse: Set<number> }>()

  stepped(life: Life, core: RaftCore, input: Exclude<Input, { type: 'message' }>): void {
    if (input.type === 'transfer') {
      // A transfer that is asked for makes nobody a leader.
      if (core.role === 'leader' && !this.#running.has(life)) this.#running.set(life, { ref: input.ref, mustRefuse: new Set() })
    } else if (input.type === 'propose') {
      const running = this.#running.get(life)
      if (running !== undefined) for (const { ref } of input.proposals) running.mustRefuse.add(ref)
    }
  }

  moved(life: Life, core: RaftCore): void {
    if (core.role !== 'leader') this.#running.delete(life)
  }

  effects(life: Life, _core: RaftCore, { proposals, transfers }: Effects): void {
    const running = this.#running.get(life)
    if (running === undefined) return
    // Whether it ended before or after a proposal of the same turn can not be told.
    if (transfers.some(({ ref }) => ref === running.ref)) {
      this.#running.delete(life)
      return
    }
    for (const outcome of proposals) {
      if ('index' in outcome && running.mustRefuse.has(outcome.ref))
        violate(life.member.world, this.name, `leader ${life.member.id} takes entry ${outcome.index} while it hands over its leadership`)
    }
    running.mustRefuse.clear()
  }
}
