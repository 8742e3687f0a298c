/** Ports of consensus that count what passes through them, so that nothing inside has to know of metrics. */
import type {
  AppliedCommand,
  Clock,
  FileHandle,
  FileSystem,
  Lane,
  Member,
  MemberId,
  StateMachine,
  Transport,
  TransportHandlers,
} from '@balsa/raft'
import { type MemberMetrics, MESSAGE_TYPES, type MessageTypeName } from './member-metrics.js'

export type PortMetrics = Pick<
  MemberMetrics,
  'messagesSent' | 'bytesSent' | 'messagesReceived' | 'bytesReceived' | 'syncDuration' | 'writtenBytes' | 'applyLatency' | 'appliedCommands'
>

/** The first byte of a message is its type. */
const typeOf = (message: Uint8Array): MessageTypeName => MESSAGE_TYPES[message[0] ?? 0] ?? 'unknown'

export class MeteredTransport implements Transport {
  readonly #inner: Transport
  readonly #metrics: PortMetrics

  constructor(inner: Transport, metrics: PortMetrics) {
    this.#inner = inner
    this.#metrics = metrics
  }

  start(handlers: TransportHandlers): Promise<void> {
    const { messagesReceived, bytesReceived } = this.#metrics
    return this.#inner.start({
      ...handlers,
      onMessage: (from, message) => {
        const labels = { type: typeOf(message) }
        messagesReceived.increment(labels)
        bytesReceived.increment(labels, message.length)
        handlers.onMessage(from, message)
      },
    })
  }

  setPeers(members: readonly Member[], removed: readonly MemberId[] = []): void {
    this.#inner.setPeers(members, removed)
  }

  send(to: MemberId, lane: Lane, message: Uint8Array): void {
    const labels = { type: typeOf(message), lane }
    this.#metrics.messagesSent.increment(labels)
    this.#metrics.bytesSent.increment(labels, message.length)
    this.#inner.send(to, lane, message)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

class MeteredFile implements FileHandle {
  readonly #inner: FileHandle
  readonly #clock: Clock
  readonly #metrics: PortMetrics

  constructor(inner: FileHandle, clock: Clock, metrics: PortMetrics) {
    this.#inner = inner
    this.#clock = clock
    this.#metrics = metrics
  }

  get path(): string {
    return this.#inner.path
  }

  size(): Promise<number> {
    return this.#inner.size()
  }

  read(position: number, length: number): Promise<Uint8Array> {
    return this.#inner.read(position, length)
  }

  write(position: number, data: Uint8Array): void {
    this.#inner.write(position, data)
    this.#metrics.writtenBytes.increment({}, data.length)
  }

  async datasync(): Promise<void> {
    const startMs = this.#clock.now()
    await this.#inner.datasync()
    this.#metrics.syncDuration.observe((this.#clock.now() - startMs) / 1000)
  }

  truncate(size: number): Promise<void> {
    return this.#inner.truncate(size)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

export class MeteredFileSystem implements FileSystem {
  readonly #inner: FileSystem
  readonly #clock: Clock
  readonly #metrics: PortMetrics

  constructor(inner: FileSystem, clock: Clock, metrics: PortMetrics) {
    this.#inner = inner
    this.#clock = clock
    this.#metrics = metrics
  }

  async open(path: string, mode: 'read' | 'readwrite' | 'create'): Promise<FileHandle> {
    return new MeteredFile(await this.#inner.open(path, mode), this.#clock, this.#metrics)
  }

  list(directory: string): Promise<readonly string[]> {
    return this.#inner.list(directory)
  }

  exists(path: string): Promise<boolean> {
    return this.#inner.exists(path)
  }

  makeDirectory(directory: string): Promise<void> {
    return this.#inner.makeDirectory(directory)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inner.rename(from, to)
  }

  remove(path: string): Promise<void> {
    return this.#inner.remove(path)
  }

  syncDirectory(directory: string): Promise<void> {
    return this.#inner.syncDirectory(directory)
  }
}

/** The same state machine, whose batches are timed. */
export function meteredStateMachine<Result, Query, Answer>(
  inner: StateMachine<Result, Query, Answer>,
  clock: Clock,
  metrics: PortMetrics,
): StateMachine<Result, Query, Answer> {
  const observe = (commands: number, startMs: number): void => {
    metrics.applyLatency.observe((clock.now() - startMs) / 1000)
    metrics.appliedCommands.increment({}, commands)
  }
  return {
    apply: (batch: readonly AppliedCommand[]) => {
      const startMs = clock.now()
      const results = inner.apply(batch)
      if ('then' in results) {
        return results.then((answers) => {
          observe(batch.length, startMs)
          return answers
        })
      }
      observe(batch.length, startMs)
      return results
    },
    query: (query) => inner.query(query),
    snapshot: () => inner.snapshot(),
    restore: (chunks) => inner.restore(chunks),
    wantsSnapshot: () => inner.wantsSnapshot?.() ?? false,
    durable: inner.durable ?? null,
  }
}
