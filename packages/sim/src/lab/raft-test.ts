import type { CoreOptions } from '@balsa/raft'
import { Group, type GroupServer } from './group.js'
import { RAFT_PROFILE } from './profile.js'
import { type AppliedValue, encodeValue, RaftService, type Value } from './raft-service.js'
import { check, type Lab } from './scenario.js'
import { LabFailure } from './virtual-time.js'

/** The course's election time-out, as used in its sleeps. */
export const E = 1000

export type RaftServer = GroupServer<null, never, never>

export interface RaftTestOptions {
  readonly servers: number
  readonly reliable?: boolean
  /** The service takes a snapshot every ten entries. */
  readonly snapshots?: boolean
  readonly core?: Partial<CoreOptions>
}

export interface Accepted {
  readonly index: number
  readonly term: number
}

/** The tester of the Raft suites: every primitive as the course has it. */
export class RaftTest {
  readonly lab: Lab
  readonly group: Group<null, never, never>
  readonly #services: RaftService[] = []
  /** What any server has ever applied, by index. */
  readonly #agreed: AppliedValue[] = []
  #applyError: string | null = null
  /** Where AGREE goes on looking for a leader. */
  #next = 0

  private constructor(lab: Lab, options: RaftTestOptions) {
    this.lab = lab
    lab.network.settings.reliable = options.reliable ?? true
    lab.network.settings.longDelays = true
    this.group = new Group(lab.clock, lab.random, lab.network, {
      size: options.servers,
      core: { ...RAFT_PROFILE, ...options.core },
      snapshots: { maxLogBytes: -1, trailingEntries: 0 },
      // One by one, so that the service is asked at every index whether it wants a snapshot.
      limits: options.snapshots === true ? { maxApplyEntries: 1 } : {},
      service: (server) => {
        const service = new RaftService(options.snapshots ?? false, (index, applied) => this.#applied(server.index, index, applied))
        this.#services[server.index] = service
        return { machine: service }
      },
    })
  }

  static async open(lab: Lab, options: RaftTestOptions): Promise<RaftTest> {
    const test = new RaftTest(lab, options)
    lab.atEnd(() => test.group.close())
    await test.group.startAll()
    lab.begin()
    return test
  }

  #applied(server: number, index: number, applied: AppliedValue): void {
    const agreed = this.#agreed[index - 1]
    if (agreed !== undefined && (agreed.value !== applied.value || agreed.term !== applied.term)) {
      this.#applyError ??= `apply error: server ${server} has ${JSON.stringify(applied)} at index ${index}, another one ${JSON.stringify(agreed)}`
    }
    this.#agreed[index - 1] = agreed ?? applied
    this.lab.operations = Math.max(this.lab.operations, index)
  }

  /** Faults that a server or its service has found on its own. */
  verify(): void {
    check(this.#applyError === null, () => this.#applyError ?? '')
    const { failure } = this.group
    if (failure !== null) throw new LabFailure(`a server stopped: ${failure.code} ${failure.message}`)
  }

  // ---- servers ----

  at(index: number): RaftServer {
    return this.group.at(index)
  }

  disconnect(...indexes: readonly number[]): void {
    for (const index of indexes) this.group.disconnect(this.at(index))
  }

  connect(...indexes: readonly number[]): void {
    for (const index of indexes) this.group.connect(this.at(index))
  }

  crash(...indexes: readonly number[]): void {
    for (const index of indexes) this.group.crash(this.at(index))
  }

  async restart(...indexes: readonly number[]): Promise<void> {
    for (const index of indexes) await this.group.restart(this.at(index))
  }

  get all(): readonly number[] {
    return this.group.servers.map(({ index }) => index)
  }

  /** Start: what the server says about the command at once; null when it does not lead or is down. */
  async start(server: number, value: Value): Promise<Accepted | null> {
    const [accepted] = await this.startMany(server, [value])
    return accepted ?? null
  }

  /** Several commands one right behind the other, as the course's tester gives them: without a pause in between. */
  async startMany(server: number, values: readonly Value[]): Promise<readonly (Accepted | null)[]> {
    const { replica } = this.at(server)
    if (replica === null) return values.map(() => null)
    return Promise.all(
      values.map(async (value) => {
        const started = await replica.start(encodeValue(value)).catch(() => null)
        return started?.isLeader === true ? { index: started.index, term: started.term } : null
      }),
    )
  }

  /** (term, isLeader) of every connected server. */
  #states(): readonly { readonly index: number; readonly term: number; readonly leads: boolean }[] {
    return this.group.servers
      .filter(({ connected, replica }) => connected && replica !== null)
      .map(({ index, replica }) => {
        const status = replica?.status()
        return { index, term: status?.term ?? 0, leads: status?.role === 'leader' }
      })
  }

  // ---- primitives ----

  async leader(): Promise<number> {
    for (let round = 0; round < 10; round++) {
      await this.lab.sleep(450 + this.lab.int(100))
      this.verify()
      const leaders = this.#states().filter(({ leads }) => leads)
      const terms = new Set(leaders.map(({ term }) => term))
      check(terms.size === leaders.length, () => `a term has more than one leader: ${JSON.stringify(leaders)}`)
      const newest = leaders.sort((a, b) => b.term - a.term)[0]
      if (newest !== undefined) return newest.index
    }
    throw new LabFailure('expected one leader, got none')
  }

  term(): number {
    const terms = new Set(this.#states().map(({ term }) => term))
    check(terms.size === 1, () => `servers disagree on the term: ${[...terms].join(', ')}`)
    return [...terms][0] ?? 0
  }

  noLeader(): void {
    const leader = this.#states().find(({ leads }) => leads)
    check(leader === undefined, () => `expected no leader among the connected servers, but ${leader?.index} claims to be`)
  }

  termOf(server: number): number {
    return this.at(server).replica?.status().term ?? 0
  }

  /** How many servers have entry `index`, and what it is. */
  committed(index: number): { readonly count: number; readonly value: Value | undefined } {
    this.verify()
    const holding = this.#services.filter((service) => service.lastApplied >= index)
    return { count: holding.length, value: this.#agreed[index - 1]?.value }
  }

  /** AGREE: returns the index. */
  async agree(value: Value, expected: number, retry: boolean): Promise<number> {
    const { lab } = this
    const limitMs = lab.clock.now() + 10_000
    while (lab.clock.now() < limitMs) {
      const accepted = await this.#startAnywhere(value)
      if (accepted === null) {
        await lab.sleep(50)
        continue
      }
      const waitMs = lab.clock.now() + 2000
      while (lab.clock.now() < waitMs) {
        const { count, value: found } = this.committed(accepted.index)
        if (count >= expected && found === value) return accepted.index
        await lab.sleep(20)
      }
      check(retry, () => `one(${String(value).slice(0, 20)}) failed to reach agreement at index ${accepted.index}`)
    }
    throw new LabFailure(`one(${String(value).slice(0, 20)}) failed to reach agreement within 10 s`)
  }

  async #startAnywhere(value: Value): Promise<Accepted | null> {
    for (let tries = 0; tries < this.group.size; tries++) {
      this.#next = (this.#next + 1) % this.group.size
      const server = this.at(this.#next)
      if (!server.connected || server.replica === null) continue
      const accepted = await this.start(this.#next, value)
      if (accepted !== null) return accepted
    }
    return null
  }

  /** WAIT: false when some server has moved on to a later term than `term`. */
  async wait(index: number, expected: number, term: number | null): Promise<boolean> {
    let pauseMs = 10
    for (let poll = 0; poll < 30; poll++) {
      if (this.committed(index).count >= expected) return true
      await this.lab.sleep(pauseMs)
      pauseMs = Math.min(1280, pauseMs * 2)
      if (term !== null && this.group.servers.some(({ replica }) => (replica?.status().term ?? 0) > term)) return false
    }
    const { count } = this.committed(index)
    check(count >= expected, () => `only ${count} servers have index ${index}, wanted ${expected}`)
    return true
  }

  value(index: number): Value | undefined {
    return this.#agreed[index - 1]?.value
  }

  /** Requests that servers got from each other. */
  handled(): number {
    return this.group.servers.reduce((sum, { id }) => sum + this.lab.network.handled(id), 0)
  }
}
