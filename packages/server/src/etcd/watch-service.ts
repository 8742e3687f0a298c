import {
  type WatchCreateRequest,
  WatchCreateRequest_FilterType as Filter,
  type WatchRequest,
  type WatchResponseInit,
  WatchService as WatchMethods,
} from '@balsa/proto/etcdserverpb'
import { bidi, type Endpoint, type Sink } from './endpoint.js'
import { ETCD_ERRORS } from './errors.js'
import type { EtcdMember } from './member.js'
import { untilEnd } from './stream-end.js'
import { Watch, WatchStream } from './watch-stream.js'

/** etcdserverpb.Watch */
export class WatchService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    return [bidi(WatchMethods.methods.Watch, (requests, sink) => this.watch(requests, sink))]
  }

  /** A client that says no more goes on watching; the stream ends when it goes away, or the member does. */
  async watch(requests: AsyncIterable<WatchRequest>, sink: Sink<WatchResponseInit>): Promise<void> {
    const stream = new WatchStream(this.#member, sink)
    try {
      await untilEnd(this.#member, sink, this.#listen(requests, stream).then(forEver))
    } finally {
      stream.close()
    }
  }

  async #listen(requests: AsyncIterable<WatchRequest>, stream: WatchStream): Promise<void> {
    for await (const { requestUnion } of requests) {
      if (requestUnion?.case === 'createRequest') this.#create(requestUnion.value, stream)
      else if (requestUnion?.case === 'cancelRequest') stream.cancel(requestUnion.value.watchId)
      else if (requestUnion?.case === 'progressRequest') stream.requestProgress()
    }
  }

  #create(request: WatchCreateRequest, stream: WatchStream): void {
    const { startRevision, filters, watchId } = request
    // No key at all: from the first one on.
    const key = request.key.length === 0 ? ZERO : request.key
    const { rangeEnd } = request
    if (startRevision < 0) return stream.refuse(ETCD_ERRORS.compacted[1])
    if (rangeEnd.length > 0 && !isZero(rangeEnd) && Buffer.compare(key, rangeEnd) >= 0) return stream.refuse('mvcc: watcher range is empty')
    const id = watchId === 0 ? stream.freeId() : watchId
    if (stream.has(id)) return stream.refuse('mvcc: duplicate watch ID provided on the WatchStream')
    stream.add(
      new Watch(id, request.fragment, request.progressNotify, startRevision),
      // Views of what was received, which is reused: a watch keeps its own.
      {
        key: key.slice(),
        rangeEnd: rangeEnd.slice(),
        startRevision,
        previous: request.prevKv,
        noPut: filters.includes(Filter.NOPUT),
        noDelete: filters.includes(Filter.NODELETE),
      },
    )
  }
}

/** Only its client ends a watch. */
const forEver = (): Promise<never> => new Promise(() => {})
const ZERO = Uint8Array.of(0)
const isZero = (bytes: Uint8Array): boolean => bytes.length === 1 && bytes[0] === 0
