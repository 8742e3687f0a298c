import { type EmbeddedStore, KeyValue, type KvStateMachine, type Selection } from '@balsa/kv'

type Watched = { readonly type: 'put'; readonly entry: KeyValue } | { readonly type: 'delete' }

/** Watches of single keys, on the state of this member. */
export function watchable(store: EmbeddedStore, machine: KvStateMachine) {
  async function* watch(
    selection: Selection,
    options: { readonly fromRevision?: number; readonly signal?: AbortSignal },
  ): AsyncGenerator<Watched, void, undefined> {
    if (!(selection instanceof Uint8Array)) throw new TypeError('a key is expected')
    const request = {
      key: selection,
      rangeEnd: new Uint8Array(0),
      startRevision: options.fromRevision ?? 0,
      previous: false,
      noPut: true,
      noDelete: false,
    }
    let wake = (): void => undefined
    const watcher = machine.watches.open(request, () => wake())
    options.signal?.addEventListener('abort', () => wake())
    while (options.signal?.aborted !== true) {
      const delivery = watcher.pull(1000)
      if (delivery === null) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else {
        if (delivery.type === 'compacted') break
        for (const { record, key, revision } of delivery.events)
          yield record === null ? { type: 'delete' } : { type: 'put', entry: new KeyValue(key, record.value, record, revision) }
      }
    }
    watcher.close()
  }
  return Object.assign(store, { watch })
}
