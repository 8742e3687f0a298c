import { deliveredBytes, type StoreEvent, type WatchAttempt, type WatchHandlers, type WatchRequest } from '@balsa/kv'
import {
  decodeWatchResponse,
  encodeWatchRequest,
  WatchCreateRequest_FilterType,
  type WatchCreateRequestInit,
  type WatchResponse,
  WatchService,
} from '@balsa/proto/etcdserverpb'
import { type Event, Event_EventType } from '@balsa/proto/mvccpb'
import { BalsaError, type Clock, type Timer } from '@balsa/raft'
import type { ChannelCall, GrpcChannel } from '../grpc/grpc-channel.js'
import { GrpcCode } from '@balsa/proto/grpc-code'
import { recordOf } from './decode.js'
import { errorOfAnswer, errorOfStatus } from './errors.js'
import { retryAfter } from './unary.js'

/** So often the server is asked for a sign of life of the watch itself. */
const PROGRESS_MS = 10_000
/** Of all watches of a stream. */
const WHOLE_STREAM = -1

/** A member that has lost its leader ends the watch, which goes on elsewhere then. */
const REQUIRE_LEADER = { hasleader: 'true' }
const PROGRESS_REQUEST = encodeWatchRequest({ requestUnion: { case: 'progressRequest', value: {} } })

/**
 * One attempt of a watch, on a stream of its own: who reads slowly stops reading that stream, and its server keeps the rest. How far it is, is told by events, by the
 * answer that creates it, and by the notices that the server sends by itself. What it answers when it is asked for progress counts as a sign of life alone: etcd before
 * 3.4.25 and 3.5.8 lets that overtake events.
 */
export class EtcdWatch implements WatchAttempt {
  readonly #channel: GrpcChannel
  readonly #clock: Clock
  readonly #handlers: WatchHandlers
  readonly #sent: ChannelCall
  readonly #startRevision: number
  #timer: Timer | null = null
  #credit: number
  /** Every event up to it has come. */
  #position: number
  /** The last event of a response that goes on: whether the next one is of the same revision is not known yet. */
  #held: StoreEvent | null = null
  #ended = false

  constructor(channel: GrpcChannel, clock: Clock, request: WatchRequest, credit: number, handlers: WatchHandlers) {
    this.#channel = channel
    this.#clock = clock
    this.#handlers = handlers
    this.#credit = credit
    this.#startRevision = request.startRevision
    this.#position = Math.max(0, request.startRevision - 1)
    this.#sent = channel.call(
      WatchService.methods.Watch.path,
      { metadata: REQUIRE_LEADER },
      {
        onMessage: (message) => this.#received(message),
        onEnd: (status) => {
          const ended = { code: GrpcCode.UNAVAILABLE, message: 'the server ended the watch', unprocessed: false }
          this.#fail(errorOfStatus(status.code === GrpcCode.OK ? ended : status, this.#sent.endpoint, false))
        },
      },
    )
    this.#sent.call.send(encodeWatchRequest({ requestUnion: { case: 'createRequest', value: createRequest(request) } }), false)
    this.#askForProgress()
  }

  credit(bytes: number): void {
    const wasOut = this.#credit <= 0
    this.#credit += bytes
    if (wasOut && this.#credit > 0) this.#sent.call.resume()
  }

  cancel(): void {
    this.#end()
    this.#sent.call.cancel()
  }

  #askForProgress(): void {
    this.#timer = this.#clock.setTimer(PROGRESS_MS, () => {
      this.#sent.call.send(PROGRESS_REQUEST, false)
      this.#askForProgress()
    })
  }

  #received(message: Uint8Array): void {
    if (this.#ended) return
    let response: WatchResponse
    let events: readonly StoreEvent[]
    try {
      response = decodeWatchResponse(message)
      events = response.events.map(eventOf)
    } catch (error) {
      this.#sent.call.cancel()
      return this.#fail(errorOfAnswer(error, this.#sent.endpoint, false))
    }
    if (response.canceled) {
      this.#sent.call.cancel()
      return this.#fail(whyCanceled(response, this.#sent.endpoint))
    }
    const revision = response.header?.revision ?? 0
    if (response.created) return this.#created(revision)
    if (events.length > 0) return this.#happened(events, response.fragment, revision)
    if (response.watchId !== WHOLE_STREAM && this.#held === null) this.#position = Math.max(this.#position, revision)
    this.#deliver(revision, [], false)
  }

  /** A watch from now on begins behind this revision; and goes on there, if it breaks before anything happens. */
  #created(revision: number): void {
    this.#channel.succeeded(this.#sent.endpoint)
    if (this.#startRevision !== 0) return
    this.#position = revision
    this.#deliver(revision, [], false)
  }

  #happened(received: readonly StoreEvent[], fragment: boolean, revision: number): void {
    const events = this.#held === null ? [...received] : [this.#held, ...received]
    this.#held = fragment ? (events.pop() ?? null) : null
    const last = events.at(-1)
    if (last === undefined) return
    const more = this.#held?.revision === last.revision
    this.#position = Math.max(this.#position, more ? last.revision - 1 : last.revision)
    for (const event of events) this.#credit -= deliveredBytes(event)
    if (this.#credit <= 0) this.#sent.call.pause()
    this.#deliver(revision, events, more)
  }

  #deliver(revision: number, events: readonly StoreEvent[], more: boolean): void {
    this.#handlers.onEvents({ revision: Math.max(revision, this.#position), position: this.#position, more, events })
  }

  #fail(error: BalsaError): void {
    if (this.#ended) return
    this.#end()
    this.#handlers.onError(error, retryAfter(this.#channel, this.#sent.endpoint, error))
  }

  #end(): void {
    this.#ended = true
    this.#timer?.cancel()
  }
}

function createRequest({ key, rangeEnd, startRevision, previous, noPut, noDelete }: WatchRequest): WatchCreateRequestInit {
  const { NOPUT, NODELETE } = WatchCreateRequest_FilterType
  return {
    key,
    rangeEnd,
    startRevision,
    prevKv: previous,
    progressNotify: true,
    fragment: true,
    filters: [...(noPut ? [NOPUT] : []), ...(noDelete ? [NODELETE] : [])],
  }
}

function eventOf({ type, kv, prevKv }: Event): StoreEvent {
  if (kv === null) throw new BalsaError('MALFORMED', 'an event without a key')
  const isPut = type === Event_EventType.PUT
  return {
    type: isPut ? 'put' : 'delete',
    key: kv.key,
    record: isPut ? recordOf(kv) : null,
    previous: prevKv === null ? null : recordOf(prevKv),
    revision: kv.modRevision,
  }
}

function whyCanceled({ compactRevision, cancelReason }: WatchResponse, endpoint: string): BalsaError {
  if (compactRevision > 0 || cancelReason.includes('has been compacted')) {
    return new BalsaError('COMPACTED', `${endpoint}: the history before revision ${compactRevision} is gone`, {
      hint: 'Read the keys anew, and watch from the revision behind that of the answer.',
    })
  }
  if (cancelReason === '' || cancelReason.includes('no leader')) return new BalsaError('UNAVAILABLE', `${endpoint} ended the watch`)
  return new BalsaError('INVALID', `${endpoint} refused the watch: ${cancelReason}`)
}
