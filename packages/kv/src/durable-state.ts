import type { DurableState } from '@balsa/raft'
import type { Backend } from './backend/backend.js'
import { encodeReference } from './snapshot-codec.js'

/** What survives the process, as the replica sees it: the tables of a backend, and snapshots that refer to them. */
export function durableState(backend: Backend): DurableState {
  const { transfer } = backend
  return {
    ...(transfer === undefined ? {} : { transfer }),
    get appliedIndex() {
      return backend.appliedIndex
    },
    ready: () => backend.ready(),
    logDurable: (index) => backend.limitDurability(index),
    flush: (index) => {
      // What is applied up to there and is no command leaves no trace in the tables.
      if (index > backend.appliedIndex) backend.write(index, () => undefined)
      return backend.flush()
    },
    reference: (index) => once(encodeReference(index)),
  }
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield chunk
}
