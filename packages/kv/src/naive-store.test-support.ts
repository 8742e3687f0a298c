import { type Command, isWrite, type WriteCommand } from './command.js'
import { MAX_KEY_BYTES, MAX_REQUEST_BYTES, MAX_VALUE_BYTES } from './limits.js'
import type { CommandResult, KeyMetadata } from './result.js'

interface NaiveRecord extends KeyMetadata {
  readonly value: readonly number[]
}

interface NaiveSession {
  readonly id: number
  readonly nonce: string
  readonly ttlMs: number
  lastActiveMs: number
  firstUnanswered: number
  answers: Record<string, CommandResult>
}

/** The same rules written down as plainly as possible, without any sharing, index or sweep. */
export class NaiveStore {
  records: Record<string, NaiveRecord> = {}
  sessions: NaiveSession[] = []
  revision = 1
  timeMs = 0

  clone(): NaiveStore {
    return Object.assign(new NaiveStore(), structuredClone({ ...this }))
  }

  apply(index: number, timeMs: number, command: Command): CommandResult {
    this.timeMs = Math.max(this.timeMs, timeMs)
    this.sessions = this.sessions.filter((session) => this.timeMs - session.lastActiveMs <= session.ttlMs)
    if (command.type === 'openSession') return this.#open(index, command.ttlMs, command.clientNonce.join())
    if (!isWrite(command)) {
      const session = this.#touch(command.session)
      if (session === null) return { type: 'refused', code: 'SESSION_EXPIRED' }
      if (command.type === 'keepAlive') return { type: 'sessionAlive' }
      this.sessions = this.sessions.filter((each) => each !== session)
      return { type: 'sessionClosed' }
    }
    if (command.stamp === null) return this.#write(command)
    const session = this.#touch(command.stamp.session)
    if (session === null) return { type: 'refused', code: 'SESSION_EXPIRED' }
    const { sequence, firstUnanswered } = command.stamp
    session.firstUnanswered = Math.max(session.firstUnanswered, firstUnanswered)
    session.answers = Object.fromEntries(Object.entries(session.answers).filter(([each]) => Number(each) >= session.firstUnanswered))
    if (sequence < session.firstUnanswered) return { type: 'refused', code: 'STALE_REQUEST' }
    session.answers[sequence] ??= this.#write(command)
    return session.answers[sequence]
  }

  #open(index: number, ttlMs: number, nonce: string): CommandResult {
    const existing = this.sessions.find((session) => session.nonce === nonce)
    if (existing !== undefined) this.#touch(existing.id)
    if (existing !== undefined) return { type: 'sessionOpened', session: existing.id, ttlMs: existing.ttlMs }
    const granted = Math.max(1000, Math.min(86_400_000, ttlMs))
    this.sessions.push({ id: index, nonce, ttlMs: granted, lastActiveMs: this.timeMs, firstUnanswered: 1, answers: {} })
    return { type: 'sessionOpened', session: index, ttlMs: granted }
  }

  #touch(id: number): NaiveSession | null {
    const session = this.sessions.find((each) => each.id === id)
    if (session !== undefined) session.lastActiveMs = this.timeMs
    return session ?? null
  }

  #write(command: WriteCommand): CommandResult {
    const name = command.key.join()
    const before = this.records[name]
    const previous = before === undefined ? null : meta(before)
    const given = command.type === 'delete' ? [] : [...command.value]
    const size = command.key.length + given.length + (command.type === 'compareAndPut' ? (command.expected.value?.length ?? 0) : 0)
    if (command.key.length === 0) return { type: 'refused', code: 'INVALID' }
    if (command.key.length > MAX_KEY_BYTES || size > MAX_REQUEST_BYTES) return { type: 'refused', code: 'TOO_LARGE' }
    if (command.type === 'delete') {
      if (before === undefined) return { type: 'deleted', revision: this.revision, previous: null }
      delete this.records[name]
      this.revision += 1
      return { type: 'deleted', revision: this.revision, previous }
    }
    if (command.type === 'compareAndPut') {
      const { modRevision, value } = command.expected
      const revisionHolds = modRevision === null || modRevision === (before?.modRevision ?? 0)
      const valueHolds = value === null || (before !== undefined && before.value.join() === value.join())
      if (!revisionHolds || !valueHolds) return { type: 'compareFailed', revision: this.revision, actual: previous }
    }
    const value = command.type === 'append' ? [...(before?.value ?? []), ...given] : given
    if (value.length > MAX_VALUE_BYTES) return { type: 'refused', code: 'TOO_LARGE' }
    this.revision += 1
    const metadata = {
      createRevision: before?.createRevision ?? this.revision,
      modRevision: this.revision,
      version: (before?.version ?? 0) + 1,
    }
    this.records[name] = { ...metadata, value }
    return { type: 'written', metadata, previous, valueBytes: value.length }
  }
}

const meta = ({ createRevision, modRevision, version }: NaiveRecord): KeyMetadata => ({ createRevision, modRevision, version })
