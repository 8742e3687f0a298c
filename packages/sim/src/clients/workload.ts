import { Client } from '@balsa/client'
import { BalsaError, type Clock, crc32, type SeededRandom } from '@balsa/raft'
import type { KeyValue } from '@balsa/kv'
import type { RegisterInput, RegisterOutput } from '../checker/register.js'
import type { SimStreams } from '../network/sim-streams.js'
import { MemberClock } from '../world/member-clock.js'
import type { EventOwner, ScheduledEvent } from '../world/scheduler.js'
import { Violation } from '../world/violation.js'
import type { World } from '../world/world.js'
import { History } from './history.js'

export interface WorkloadPlan {
  readonly clients: number
  /** Calls of one client under way at the same time. */
  readonly parallel: number
  readonly keys: number
  readonly thinkMs: number
  readonly deadlineMinMs: number
  readonly deadlineMaxMs: number
  readonly attemptTimeoutMs: number
  readonly sessionTtlMs: number
  readonly valueBytes: number
  /** Share of calls that are aborted by their caller after a while. */
  readonly abortRate: number
  /** Calls on one key before another takes its place: keeps the search for an order small. */
  readonly callsPerKey: number
  readonly staleReadRate: number
  readonly readRate: number
}

/** Calls under way and of unknown outcome on one key before another takes its place: the search for an order grows exponentially with them. */
const MAX_UNDECIDED_PER_KEY = 5

interface Key {
  name: string
  readonly list: boolean
  generation: number
  calls: number
  /** Under way, or of unknown outcome. */
  undecided: number
  /** What a client last saw there, to compare with. */
  seen: string | null
}

/** A process that never dies and never pauses: clients. */
class ClientProcess implements EventOwner {
  readonly alive = true
  readonly paused = false
  hold(_event: ScheduledEvent): void {}
}

/** The part of AbortSignal that stores listen to; aborted by virtual time. */
class SimAbort {
  aborted = false
  reason: unknown = undefined
  #listener: (() => void) | null = null

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listener = listener
  }

  removeEventListener(): void {
    this.#listener = null
  }

  abort(): void {
    this.aborted = true
    this.reason = 'the caller gave up'
    this.#listener?.()
  }
}

/** Clients that work as the plan says: production client code, simulated connections. */
export class Workload {
  readonly history = new History()
  /** Tokens that were appended: what came of each. */
  readonly tokens = new Map<string, { readonly key: string; outcome: 'open' | 'ok' | 'fail' | 'unknown' }>()
  readonly everyKey: string[] = []
  readonly #world: World
  readonly #plan: WorkloadPlan
  readonly #random: SeededRandom
  readonly #streams: SimStreams
  readonly #clients: Client[] = []
  readonly #keys: Key[] = []
  #running = true
  #nextToken = 1
  /** Revisions that writes took: never twice. */
  readonly #revisions = new Map<number, string>()

  constructor(world: World, streams: SimStreams, plan: WorkloadPlan) {
    this.#world = world
    this.#streams = streams
    this.#plan = plan
    this.#random = world.random.fork()
    for (let at = 0; at < plan.keys; at++) {
      const key = { name: '', list: at % 3 === 2, generation: 0, calls: 0, undecided: 0, seen: null }
      this.#keys.push(key)
      this.#renew(key, at)
    }
  }

  /** Like a user who configured some of the members; the audit asks all, or it could know only members that were removed. */
  openClient(number: number, endpoints = 3): Client {
    const { scheduler, members } = this.#world
    const random = this.#random.fork()
    const owner = new ClientProcess()
    const clock: Clock = new MemberClock(scheduler, owner, { offsetMs: random.int(1_000_000), rate: 1, turnMs: 0 })
    const { attemptTimeoutMs, sessionTtlMs, deadlineMaxMs } = this.#plan
    return Client.open({
      endpoints: random.shuffle(members.map(({ id }) => `m${id}:client`)).slice(0, endpoints),
      dialer: this.#streams.dialer(number, owner),
      clock,
      random,
      crc32,
      attemptTimeoutMs,
      sessionTtlMs,
      deadlineMs: deadlineMaxMs,
      connectTimeoutMs: 2 * attemptTimeoutMs,
    })
  }

  start(): void {
    for (let number = 1; number <= this.#plan.clients; number++) {
      const client = this.openClient(number)
      this.#clients.push(client)
      for (let lane = 0; lane < this.#plan.parallel; lane++) this.#think(client, number * 10 + lane)
    }
  }

  /** No more calls; those under way go on to their end. */
  stop(): void {
    this.#running = false
  }

  close(): void {
    for (const client of this.#clients) void client.close()
  }

  #think(client: Client, process: number): void {
    const delayMs = this.#random.next() * 2 * this.#plan.thinkMs
    this.#world.scheduler.after(delayMs, null, () => {
      if (this.#running) this.#call(client, process)
    })
  }

  #renew(key: Key, position: number): void {
    key.generation++
    key.name = `${key.list ? 'list' : 'key'}${position}.${key.generation}`
    key.calls = 0
    key.undecided = 0
    key.seen = null
    this.everyKey.push(key.name)
  }

  #call(client: Client, process: number): void {
    const random = this.#random
    const position = random.int(this.#keys.length)
    const key = this.#keys[position]
    if (key === undefined) return
    if (++key.calls > this.#plan.callsPerKey || key.undecided >= MAX_UNDECIDED_PER_KEY) this.#renew(key, position)
    const stale = random.bool(this.#plan.staleReadRate)
    const input = stale ? ({ f: 'get' } as const) : this.#draw(key)
    this.#world.scheduler.unsettled = true
    const name = key.name
    const options = this.#options()
    if (stale) {
      client.get(name, { ...options, consistency: 'stale' }).then(
        (found) => this.#staleRead(found),
        () => undefined,
      )
      this.#think(client, process)
      return
    }
    const { nowMs, trace } = this.#world
    trace.add(nowMs, 0, `client ${input.f}`, 0, process, 0, name)
    const open = this.history.invoke(process, name, input, nowMs)
    const { generation } = key
    key.undecided++
    const ended = (outcome: 'ok' | 'fail' | 'unknown', output: RegisterOutput | null, text: string): void => {
      this.#world.scheduler.activity++
      this.#world.trace.add(this.#world.nowMs, 0, `client ${input.f} ${outcome}`, 0, process, 0, text)
      this.history.complete(open, outcome, output, this.#world.nowMs)
      if (outcome !== 'unknown' && key.generation === generation) key.undecided--
      if (input.f === 'append') this.#tokenEnded(input.value, outcome)
      this.#think(client, process)
    }
    this.#perform(client, name, input, options).then(
      (output) => {
        if (output !== 'done' && 'value' in output && key.generation === generation) key.seen = output.value
        ended('ok', output, '')
      },
      (error: unknown) => this.#failed(error, ended),
    )
  }

  #failed(error: unknown, ended: (outcome: 'fail' | 'unknown', output: null, text: string) => void): void {
    if (!(error instanceof BalsaError) || error.family === 'fatal') {
      this.#world.fail(error instanceof Error ? error : new Violation('client-errors', String(error)))
      return
    }
    this.#world.coverage.hit(`client ${error.code}`)
    ended(error.family === 'refused' ? 'fail' : 'unknown', null, error.code)
  }

  #options(): { deadlineMs: number; signal?: never } {
    const { deadlineMinMs, deadlineMaxMs, abortRate } = this.#plan
    const random = this.#random
    const deadlineMs = deadlineMinMs + random.next() * random.next() * (deadlineMaxMs - deadlineMinMs)
    if (abortRate === 0 || !random.bool(abortRate)) return { deadlineMs }
    const signal = new SimAbort()
    this.#world.scheduler.after(random.next() * deadlineMs, null, () => {
      this.#world.scheduler.unsettled = true
      signal.abort()
    })
    return { deadlineMs, signal: signal as never }
  }

  #draw(key: Key): RegisterInput {
    const random = this.#random
    if (random.bool(this.#plan.readRate)) return { f: 'get' }
    const token = this.#token(key.name)
    if (key.list) return { f: 'append', value: token }
    const draw = random.next()
    if (draw < 0.5) return { f: 'put', value: token }
    if (draw < 0.65) return { f: 'append', value: token }
    if (draw < 0.9) return { f: 'cas', expected: key.seen, value: token }
    return { f: 'delete' }
  }

  #token(key: string): string {
    const token = `${this.#nextToken++};`
    const padding = this.#random.int(this.#plan.valueBytes + 1)
    const value = padding === 0 ? token : `${'.'.repeat(padding)}${token}`
    this.tokens.set(value, { key, outcome: 'open' })
    return value
  }

  #tokenEnded(token: string, outcome: 'ok' | 'fail' | 'unknown'): void {
    const entry = this.tokens.get(token)
    if (entry !== undefined) entry.outcome = outcome
  }

  async #perform(client: Client, key: string, input: RegisterInput, options: { deadlineMs: number }): Promise<RegisterOutput> {
    switch (input.f) {
      case 'get': {
        const found = await client.get(key, options)
        return { value: found === null ? null : found.text() }
      }
      case 'put':
        this.#tookRevision((await client.put(key, input.value, options)).revision, input.value)
        return 'done'
      case 'append':
        this.#tookRevision((await client.append(key, input.value, options)).revision, input.value)
        return 'done'
      case 'delete':
        await client.delete(key, options)
        return 'done'
      case 'cas': {
        const expected = input.expected === null ? { modRevision: 0 } : { value: input.expected }
        const answer = await client.compareAndPut(key, expected, input.value, options)
        if (answer.succeeded) this.#tookRevision(answer.revision, input.value)
        return { swapped: answer.succeeded }
      }
    }
  }

  #tookRevision(revision: number, value: string): void {
    const other = this.#revisions.get(revision)
    if (other !== undefined && other !== value) {
      this.#world.fail(new Violation('revisions-unique', `revision ${revision} was given to ${other} and to ${value}`))
    }
    this.#revisions.set(revision, value)
  }

  /** A stale read may be old, but it is something that was once written. */
  #staleRead(found: KeyValue | null): void {
    this.#world.coverage.hit('stale read')
    if (found === null) return
    const tokens = found.text().match(/\.*\d+;/g) ?? []
    const made = tokens.every((token) => this.tokens.has(token))
    if (!made) this.#world.fail(new Violation('stale-reads', `a stale read saw ${found.text()}, which nobody wrote`))
  }

  /** One linearizable read per key, by a new client, into the history. Resolves to the values. */
  async audit(client: Client, deadlineMs: number): Promise<Map<string, string | null>> {
    const values = new Map<string, string | null>()
    await Promise.all(
      this.everyKey.map(async (key) => {
        const open = this.history.invoke(9, key, { f: 'get' }, this.#world.nowMs)
        const found = await client.get(key, { deadlineMs })
        const value = found === null ? null : found.text()
        this.history.complete(open, 'ok', { value }, this.#world.nowMs)
        values.set(key, value)
      }),
    )
    return values
  }
}
