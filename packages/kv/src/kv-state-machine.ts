import { type AppliedCommand, BalsaError, type Clock, invariant, type StateMachine } from '@balsa/raft'
import { type Command, decodeCommand, refusalOf, type WriteCommand } from './command.js'
import { keyToString } from './backend/byte-string.js'
import { type CommandResult, hashResult, type KeyMetadata, type RefusalCode } from './result.js'
import { SessionTable } from './sessions.js'
import { decodeSnapshot, encodeSnapshot } from './snapshot-codec.js'
import { StateHash } from './state-hash.js'
import { Store } from './store.js'

export interface GetQuery {
  readonly type: 'get'
  readonly key: Uint8Array
}

export interface StatsQuery {
  readonly type: 'stats'
}

export interface GetAnswer {
  readonly type: 'get'
  /** Revision of the store when the key was read. */
  readonly revision: number
  /** Null when the key is absent. The value belongs to the store: copy it before it leaves the process or reaches a user. */
  readonly record: (KeyMetadata & { readonly value: Uint8Array }) | null
}

export interface KvStats {
  readonly type: 'stats'
  /** Log index of the newest applied command (not of no-ops and configurations). */
  readonly appliedIndex: number
  readonly revision: number
  readonly keys: number
  /** Bytes of all keys and values, without any overhead. */
  readonly dataBytes: number
  readonly sessions: number
  /** Answers kept for repeated requests, in all sessions. */
  readonly sessionResults: number
  /** Chain over all commands and results up to appliedIndex: equal on every member at an equal appliedIndex, or they have diverged. */
  readonly stateHash: string
}

export type KvQuery = GetQuery | StatsQuery
export type KvAnswer = GetAnswer | KvStats

export interface KvStateMachineOptions {
  /** Lets the event loop breathe while a snapshot is streamed or restored. Without it only the other side of the stream decides the pace. */
  readonly clock?: Clock
  /** Asks for a snapshot after this many bytes of commands; never when absent. */
  readonly snapshotAfterBytes?: number
}

/** Longest work on a snapshot before other work gets its turn. */
const SLICE_MS = 2

const refused = (code: RefusalCode): CommandResult => ({ type: 'refused', code })

/** The replicated key/value store: data, revisions and sessions, changed by commands from the log alone. */
export class KvStateMachine implements StateMachine<CommandResult, KvQuery, KvAnswer> {
  readonly #clock: Clock | null
  readonly #snapshotAfterBytes: number
  #store = new Store()
  #sessions = new SessionTable()
  #stateHash = new StateHash()
  #appliedIndex = 0
  #bytesSinceSnapshot = 0

  constructor(options: KvStateMachineOptions = {}) {
    this.#clock = options.clock ?? null
    this.#snapshotAfterBytes = options.snapshotAfterBytes ?? Number.POSITIVE_INFINITY
  }

  /** Log index of the newest applied command. */
  get appliedIndex(): number {
    return this.#appliedIndex
  }

  /** 16 hexadecimal digits; see {@link KvStats.stateHash}. */
  get stateHash(): string {
    return this.#stateHash.text
  }

  get revision(): number {
    return this.#store.revision
  }

  /** Throws STATE_MACHINE_FAILED (fatal) for a command of a newer format. */
  apply(batch: readonly AppliedCommand[]): readonly CommandResult[] {
    return batch.map((entry) => this.#applyOne(entry))
  }

  query(query: GetQuery): GetAnswer
  query(query: StatsQuery): KvStats
  query(query: KvQuery): KvAnswer
  query(query: KvQuery): KvAnswer {
    if (query.type === 'get') return { type: 'get', revision: this.#store.revision, record: this.#store.get(query.key) ?? null }
    return {
      type: 'stats',
      appliedIndex: this.#appliedIndex,
      revision: this.#store.revision,
      keys: this.#store.keys,
      dataBytes: this.#store.dataBytes,
      sessions: this.#sessions.size,
      sessionResults: this.#sessions.results,
      stateHash: this.#stateHash.text,
    }
  }

  snapshot(): AsyncIterable<Uint8Array> {
    this.#bytesSinceSnapshot = 0
    const chunks = encodeSnapshot({
      appliedIndex: this.#appliedIndex,
      stateHash: this.#stateHash.clone(),
      store: this.#store.cut(),
      sessions: this.#sessions.cut(),
    })
    return paced(chunks, this.#pacer())
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const restored = await decodeSnapshot(chunks, this.#pacer())
    this.#store = restored.store
    this.#sessions = restored.sessions
    this.#stateHash = restored.stateHash
    this.#appliedIndex = restored.appliedIndex
    this.#bytesSinceSnapshot = 0
  }

  wantsSnapshot(): boolean {
    return this.#bytesSinceSnapshot >= this.#snapshotAfterBytes
  }

  #applyOne(entry: AppliedCommand): CommandResult {
    invariant(entry.index > this.#appliedIndex, 'commands are applied in log order, each once', {
      index: entry.index,
      appliedIndex: this.#appliedIndex,
    })
    const command = decodeOrStop(entry)
    this.#sessions.advance(entry.timeMs)
    const result = command === null ? refused('INVALID') : this.#execute(command, entry.index)
    this.#appliedIndex = entry.index
    this.#bytesSinceSnapshot += entry.command.length
    this.#stateHash.number(entry.index)
    this.#stateHash.number(entry.timeMs)
    this.#stateHash.bytes(entry.command)
    hashResult(this.#stateHash, result)
    return result
  }

  #execute(command: Command, index: number): CommandResult {
    switch (command.type) {
      case 'openSession':
        return this.#sessions.open(index, command.ttlMs, keyToString(command.clientNonce))
      case 'closeSession':
        return this.#sessions.close(command.session)
      case 'keepAlive':
        return this.#sessions.keepAlive(command.session)
      default:
        return this.#write(command)
    }
  }

  #write(command: WriteCommand): CommandResult {
    const { stamp } = command
    if (stamp === null) return this.#executeChecked(command)
    const check = this.#sessions.check(stamp)
    if (check !== 'execute') return 'answer' in check ? check.answer : refused(check.refused)
    const result = this.#executeChecked(command)
    this.#sessions.record(stamp, result)
    return result
  }

  #executeChecked(command: WriteCommand): CommandResult {
    const refusal = refusalOf(command)
    return refusal === null ? this.#store.execute(command) : refused(refusal.code)
  }

  /** Answers a promise to wait for whenever a slice of work is over. */
  #pacer(): () => Promise<void> | null {
    const clock = this.#clock
    if (clock === null) return () => null
    let sliceStartMs = clock.now()
    return () => {
      if (clock.now() - sliceStartMs < SLICE_MS) return null
      return new Promise((resolve) => {
        clock.defer(() => {
          sliceStartMs = clock.now()
          resolve()
        })
      })
    }
  }
}

/** Null when the bytes are no command: every member of this version sees that in the same way, so it may be answered. */
function decodeOrStop(entry: AppliedCommand): Command | null {
  try {
    return decodeCommand(entry.command)
  } catch (error) {
    if (error instanceof BalsaError && error.code === 'MALFORMED') return null
    throw new BalsaError('STATE_MACHINE_FAILED', `command at index ${entry.index} cannot be applied by this version`, {
      cause: error,
      hint: 'The cluster has written commands of a newer version. Upgrade this member; its data is intact.',
    })
  }
}

async function* paced(chunks: Iterable<Uint8Array>, pause: () => Promise<void> | null): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    yield chunk
    const pausing = pause()
    if (pausing !== null) await pausing
  }
}
