import type { AppliedCommand, Replica, StateMachine } from '@balsa/raft'
import { Group, type GroupServer } from './group.js'
import { KV_PROFILE } from './profile.js'
import { check, type Lab, type Scenario } from './scenario.js'
import { LabFailure } from './virtual-time.js'

/** The layer between consensus and the service (4A): a counter, and a call that returns when its operation was executed. */

const Operation = { increment: 1, nothing: 2, decrement: 3 } as const

class Counter implements StateMachine<number, never, never> {
  value = 0

  apply(batch: readonly AppliedCommand[]): readonly number[] {
    return batch.map(({ command }) => {
      if (command[0] === Operation.increment) this.value++
      // Only ever submitted where it must not be executed.
      if (command[0] === Operation.decrement) throw new Error('a decrement was executed')
      return this.value
    })
  }

  query(): never {
    throw new Error('the counter is not read')
  }

  snapshot(): AsyncIterable<Uint8Array> {
    const bytes = new TextEncoder().encode(String(this.value))
    return (async function* () {
      yield bytes
    })()
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = ''
    for await (const chunk of chunks) text += new TextDecoder().decode(chunk)
    this.value = Number(text)
  }
}

type Server = GroupServer<number, never, never>

class RsmTest {
  readonly lab: Lab
  readonly group: Group<number, never, never>
  readonly #counters: Counter[] = []
  #leader = 0

  private constructor(lab: Lab, maxLogBytes: number) {
    this.lab = lab
    this.group = new Group(lab.clock, lab.random, lab.network, {
      size: 3,
      core: KV_PROFILE,
      snapshots: { maxLogBytes, trailingEntries: 0 },
      limits: {},
      service: (server) => {
        const machine = new Counter()
        this.#counters[server.index] = machine
        return { machine }
      },
    })
  }

  static async open(lab: Lab, maxLogBytes = -1): Promise<RsmTest> {
    const test = new RsmTest(lab, maxLogBytes)
    lab.atEnd(() => test.group.close())
    await test.group.startAll()
    lab.begin()
    return test
  }

  /** The server that executed the last operation. */
  get leader(): Server {
    return this.group.at(this.#leader)
  }

  /** Submit on one server: the result, or null when it was not, or not surely, executed. */
  async submit(replica: Replica<number, never, never>, operation: number): Promise<number | null> {
    return replica.propose(Uint8Array.of(operation)).then(
      ({ result }) => result,
      () => null,
    )
  }

  /** SUBMIT: for up to ten seconds, on whoever leads among `servers`. */
  async submitAnywhere(operation: number, servers: readonly Server[] = this.group.servers): Promise<number | null> {
    const limitMs = this.lab.clock.now() + 10_000
    while (this.lab.clock.now() < limitMs) {
      for (let tries = 0; tries < this.group.size; tries++) {
        const server = this.group.at(this.#leader + tries)
        if (!servers.includes(server) || !server.connected || server.replica === null) continue
        const result = await this.submit(server.replica, operation)
        if (result === null) continue
        this.#leader = server.index
        this.lab.operations++
        return result
      }
      await this.lab.sleep(50)
    }
    return null
  }

  async increment(servers?: readonly Server[]): Promise<number> {
    const result = await this.submitAnywhere(Operation.increment, servers)
    check(result !== null, 'no server executed the operation within 10 s')
    return result
  }

  /** COUNTER: until this many servers hold exactly this value. */
  async counter(value: number, servers: number): Promise<void> {
    let pauseMs = 10
    for (let poll = 0; poll < 30; poll++) {
      this.verify()
      const holding = this.#counters.filter((counter) => counter.value === value).length
      if (holding >= servers) return
      await this.lab.sleep(pauseMs)
      pauseMs = Math.min(1280, pauseMs * 2)
    }
    throw new LabFailure(
      `fewer than ${servers} servers have counted to ${value}: ${this.#counters.map((counter) => counter.value).join(', ')}`,
    )
  }

  verify(): void {
    const { failure } = this.group
    if (failure !== null) throw new LabFailure(`a server stopped: ${failure.code} ${failure.message}`)
  }

  shutDown(): void {
    for (const server of this.group.servers) this.group.crash(server)
  }
}

async function basic(lab: Lab): Promise<void> {
  const t = await RsmTest.open(lab)
  for (let i = 1; i <= 10; i++) {
    check((await t.increment()) === i, `the result is not ${i}`)
    await t.counter(i, 3)
  }
}

async function concurrent(lab: Lab): Promise<void> {
  const t = await RsmTest.open(lab)
  await Promise.all(Array.from({ length: 50 }, () => t.increment()))
  await t.counter(50, 3)
}

async function leaderFailure(lab: Lab): Promise<void> {
  const t = await RsmTest.open(lab)
  await t.counter(await t.increment(), 3)
  const { leader } = t
  t.group.disconnect(leader)
  const result = await t.increment()
  await t.counter(result, 2)
  t.group.connect(leader)
  await t.counter(result, 3)
}

async function leaderPartition(lab: Lab): Promise<void> {
  const t = await RsmTest.open(lab)
  await t.counter(await t.increment(), 3)
  const { leader } = t
  const majority = t.group.servers.filter((server) => server !== leader)
  t.group.partition([majority, [leader]])
  leader.connected = false
  let returned = 0
  const submits = Array.from({ length: 100 }, async () => {
    const result = leader.replica === null ? null : await t.submit(leader.replica, Operation.decrement)
    // Whether some still wait is not asserted: a leader that steps down and says so is right to do so.
    check(result === null, 'a leader without a majority executed an operation')
    returned++
  })
  const all = Promise.all(submits)
  all.catch(() => undefined)
  await lab.sleep(10)
  const result = await t.increment(majority)
  await lab.sleep(1000)
  lab.notes.push(`${100 - returned} of 100 submits on the isolated leader wait for the heal`)
  t.group.connect(leader)
  const healedMs = lab.clock.now()
  while (returned < 100) {
    check(lab.clock.now() - healedMs <= 1000, `${100 - returned} submits did not return within one second after the heal`)
    await lab.sleep(10)
  }
  await all
  await t.counter(result, 3)
}

async function hundredIncrements(t: RsmTest): Promise<void> {
  for (let i = 1; i <= 100; i++) {
    check((await t.increment()) === i, `the result is not ${i}`)
    await t.counter(i, 3)
  }
}

async function restartReplay(lab: Lab): Promise<void> {
  const t = await RsmTest.open(lab)
  await hundredIncrements(t)
  t.shutDown()
  await lab.sleep(1000)
  await t.group.startAll()
  check((await t.increment()) === 101, 'the log was not replayed')
  await lab.sleep(1000)
  await t.counter(101, 3)
}

/** A hundred parallel submits into a cluster that is shut down: all come back. */
async function submitIntoShutdown(t: RsmTest, lab: Lab): Promise<void> {
  let returned = 0
  for (let i = 0; i < 100; i++) {
    void t.submitAnywhere(Operation.nothing).then(() => {
      returned++
    })
  }
  await lab.sleep(20)
  t.shutDown()
  const limitMs = lab.clock.now() + 11_000
  while (returned < 100) {
    check(lab.clock.now() <= limitMs, `${100 - returned} submits did not return within 11 s after the shutdown`)
    await lab.sleep(50)
  }
}

async function shutdown(lab: Lab): Promise<void> {
  const t = await RsmTest.open(lab)
  await submitIntoShutdown(t, lab)
}

async function restartSubmit(lab: Lab): Promise<void> {
  const t = await RsmTest.open(lab)
  await hundredIncrements(t)
  t.shutDown()
  await lab.sleep(1000)
  await t.group.startAll()
  check((await t.increment()) === 101, 'the log was not replayed')
  await lab.sleep(1000)
  await submitIntoShutdown(t, lab)
  await t.group.startAll()
  await t.counter(await t.increment(), 3)
}

async function snapshot(lab: Lab): Promise<void> {
  const t = await RsmTest.open(lab, 1000)
  for (let i = 1; i <= 100; i++) await t.increment()
  await t.counter(100, 3)
  check(t.group.logBytes <= 2000, `the log was not trimmed: ${t.group.logBytes} bytes, allowed are 2000`)
  t.shutDown()
  await t.group.startAll()
  check((await t.increment()) === 101, 'the state was not restored')
  await t.counter(101, 3)
}

const scenario = (name: string, run: (lab: Lab) => Promise<void>): Scenario => ({ name, suite: 'rsm', servers: 3, run })

export const RSM_SCENARIOS: readonly Scenario[] = [
  scenario('Basic4A', basic),
  scenario('Concurrent4A', concurrent),
  scenario('LeaderFailure4A', leaderFailure),
  scenario('LeaderPartition4A', leaderPartition),
  scenario('RestartReplay4A', restartReplay),
  scenario('Shutdown4A', shutdown),
  scenario('RestartSubmit4A', restartSubmit),
  scenario('Snapshot4C', snapshot),
]
