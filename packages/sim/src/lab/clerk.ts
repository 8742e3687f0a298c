import { BalsaError } from '@balsa/raft'
import type { KeyMetadata, SessionStore } from '@balsa/kv'
import type { VersionedInput, VersionedOutput } from '../checker/index.js'
import { type DigestInput, type DigestOutput, EMPTY_DIGEST, extendDigest } from './digest-register.js'
import type { History } from './history.js'
import type { Lab } from './scenario.js'

const options = { deadlineMs: Number.POSITIVE_INFINITY }

/** The classic clerk: Put, Append and Get, each retried for ever and executed exactly once. */
export class ClassicClerk {
  readonly #lab: Lab
  readonly #store: SessionStore
  readonly #process: number
  readonly #history: History<DigestInput, DigestOutput>

  constructor(lab: Lab, store: SessionStore, process: number, history: History<DigestInput, DigestOutput>) {
    this.#lab = lab
    this.#store = store
    this.#process = process
    this.#history = history
  }

  /** An absent key reads as the empty string. */
  async get(key: string): Promise<string> {
    this.#lab.operations++
    const done = this.#history.invoke(this.#process, key, { f: 'get' })
    const value = (await this.#store.get(key, options))?.text() ?? ''
    done(extendDigest(EMPTY_DIGEST, value))
    return value
  }

  async put(key: string, value: string): Promise<void> {
    this.#lab.operations++
    const done = this.#history.invoke(this.#process, key, { f: 'put', value })
    await this.#store.put(key, value, options)
    done('done')
  }

  async append(key: string, value: string): Promise<void> {
    this.#lab.operations++
    const done = this.#history.invoke(this.#process, key, { f: 'append', value })
    // Values are ASCII: bytes are characters.
    const { valueBytes } = await this.#store.append(key, value, options)
    done({ becameLength: valueBytes })
  }
}

export interface Versioned {
  readonly value: string
  /** 0: absent. */
  readonly version: number
}

export type PutAnswer = 'ok' | 'version' | 'noKey' | 'maybe'

/**
 * The clerk of 2025: a put names the version that it replaces. Balsa compares store revisions, so the clerk remembers which revision a key
 * had at the version that it saw last, and asks first when it does not know. A put is repeated in a session and executed exactly once,
 * so what the course's clerk must answer with ErrMaybe is known here.
 */
export class VersionedClerk {
  readonly #lab: Lab
  readonly #store: SessionStore
  readonly #process: number
  readonly #history: History<VersionedInput, VersionedOutput>
  /** What this clerk saw last of a key; null = absent. */
  readonly #seen = new Map<string, KeyMetadata | null>()

  constructor(lab: Lab, store: SessionStore, process: number, history: History<VersionedInput, VersionedOutput>) {
    this.#lab = lab
    this.#store = store
    this.#process = process
    this.#history = history
  }

  async get(key: string): Promise<Versioned> {
    this.#lab.operations++
    const done = this.#history.invoke(this.#process, key, { f: 'get' })
    const found = await this.#read(key)
    done({ value: found === null ? null : found.value, version: found?.version ?? 0 })
    return { value: found?.value ?? '', version: found?.version ?? 0 }
  }

  async #read(key: string): Promise<Versioned | null> {
    const found = await this.#store.get(key, options)
    this.#seen.set(key, found)
    return found === null ? null : { value: found.text(), version: found.version }
  }

  async put(key: string, value: string, version: number): Promise<PutAnswer> {
    this.#lab.operations++
    const done = this.#history.invoke(this.#process, key, { f: 'put', value, version })
    const answer = await this.#put(key, value, version)
    done(answer === 'maybe' ? null : answer)
    return answer
  }

  async #put(key: string, value: string, version: number): Promise<PutAnswer> {
    if (version > 0 && this.#seen.get(key)?.version !== version) await this.#read(key)
    const seen = version === 0 ? null : (this.#seen.get(key) ?? null)
    if (version > 0 && seen === null) return 'noKey'
    if (seen !== null && seen.version !== version) return 'version'
    try {
      const result = await this.#store.compareAndPut(key, { modRevision: seen?.modRevision ?? 0 }, value, options)
      this.#seen.set(key, result.succeeded ? result : result.actual)
      if (result.succeeded) return 'ok'
      return result.actual === null && version > 0 ? 'noKey' : 'version'
    } catch (error) {
      if (error instanceof BalsaError && error.code === 'OUTCOME_UNKNOWN') return 'maybe'
      throw error
    }
  }

  /** PUT1: goes on to the next version until the put is through; answers the new version. */
  async putAtLeastOnce(key: string, value: string, version: number): Promise<number> {
    for (let next = version; ; next++) {
      const answer = await this.put(key, value, next)
      if (answer === 'ok') return next + 1
      if (answer === 'noKey' && next > version) throw new BalsaError('INVALID', `${key} does not exist`)
    }
  }
}
