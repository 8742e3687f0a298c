import { asIndex, asTerm } from '../types.js'
import type { AppliedCommand, StateMachine } from '../ports/state-machine.js'
import { type ConformanceCase, demand } from './case.js'
import { sameValue } from './same-value.js'

/** What the suite needs to know of a state machine. */
export interface StateMachineFixture<Result, Query, Answer> {
  /** A fresh machine in its empty state. */
  create(): StateMachine<Result, Query, Answer> | Promise<StateMachine<Result, Query, Answer>>
  /** At least 20, in the order in which they are applied. Together they must use everything that the machine can do. */
  readonly commands: readonly Uint8Array[]
  /** Together they must see the whole state: what no query shows, the suite can not compare. */
  readonly queries: readonly Query[]
  /** Equality of results and of answers. Default: structural. */
  equal?(a: Result | Answer, b: Result | Answer): boolean
  dispose?(machine: StateMachine<Result, Query, Answer>): Promise<void>
}

const SMALLEST_COMMANDS = 20
const COMMANDS_PER_TERM = 7
const MS_PER_COMMAND = 250

/** Applies, snapshots and compares machines of one fixture; remembers them, so that all are disposed of. */
class Bench<Result, Query, Answer> {
  readonly fixture: StateMachineFixture<Result, Query, Answer>
  readonly commands: readonly AppliedCommand[]
  readonly #machines: StateMachine<Result, Query, Answer>[] = []

  constructor(fixture: StateMachineFixture<Result, Query, Answer>) {
    this.fixture = fixture
    this.commands = fixture.commands.map((command, position) => ({
      // Indexes with gaps: entries that are no commands never reach the machine.
      index: asIndex(2 + position + Math.floor(position / COMMANDS_PER_TERM)),
      term: asTerm(1 + Math.floor(position / COMMANDS_PER_TERM)),
      timeMs: 1000 + position * MS_PER_COMMAND,
      command: command.slice(),
    }))
    demand(this.commands.length >= SMALLEST_COMMANDS, `the fixture needs at least ${SMALLEST_COMMANDS} commands`)
  }

  get half(): number {
    return this.commands.length >> 1
  }

  async machine(): Promise<StateMachine<Result, Query, Answer>> {
    const machine = await this.fixture.create()
    this.#machines.push(machine)
    return machine
  }

  /** Applies commands from..to-1 in batches of at most `batch`. */
  async apply(machine: StateMachine<Result, Query, Answer>, from: number, to: number, batch = 8): Promise<readonly Result[]> {
    const results: Result[] = []
    for (let at = from; at < to; at += batch) {
      const commands = this.commands.slice(at, Math.min(to, at + batch))
      const answered = await machine.apply(commands)
      demand(answered.length === commands.length, `${commands.length} commands gave ${answered.length} results`)
      results.push(...answered)
    }
    return results
  }

  /** A machine that holds the first `count` commands. */
  async at(count: number): Promise<StateMachine<Result, Query, Answer>> {
    const machine = await this.machine()
    await this.apply(machine, 0, count)
    return machine
  }

  async restored(chunks: readonly Uint8Array[]): Promise<StateMachine<Result, Query, Answer>> {
    const machine = await this.machine()
    await machine.restore(stream(chunks))
    return machine
  }

  same(a: Result | Answer, b: Result | Answer): boolean {
    return this.fixture.equal === undefined ? sameValue(a, b) : this.fixture.equal(a, b)
  }

  demandSameResults(actual: readonly Result[], expected: readonly Result[], what: string): void {
    demand(actual.length === expected.length, `${what}: ${actual.length} results instead of ${expected.length}`)
    for (const [position, result] of actual.entries()) {
      demand(this.same(result, expected[position] as Result), `${what}: the result of command ${position} differs`)
    }
  }

  demandSameState(actual: StateMachine<Result, Query, Answer>, expected: StateMachine<Result, Query, Answer>, what: string): void {
    for (const [position, query] of this.fixture.queries.entries()) {
      demand(this.same(actual.query(query), expected.query(query)), `${what}: query ${position} gives another answer`)
    }
  }

  differ(a: StateMachine<Result, Query, Answer>, b: StateMachine<Result, Query, Answer>): boolean {
    return this.fixture.queries.some((query) => !this.same(a.query(query), b.query(query)))
  }

  async dispose(): Promise<void> {
    for (const machine of this.#machines) await this.fixture.dispose?.(machine)
  }
}

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function chunksOf(source: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = []
  // Copied at once: a machine may use its buffer again for the next chunk.
  for await (const chunk of source) chunks.push(chunk.slice())
  return chunks
}

function cutInto(chunks: readonly Uint8Array[], size: number): readonly Uint8Array[] {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let length = 0
  for (const chunk of chunks) {
    bytes.set(chunk, length)
    length += chunk.length
  }
  const pieces: Uint8Array[] = []
  for (let at = 0; at < length; at += size) pieces.push(bytes.slice(at, at + size))
  return pieces
}

async function fixtureSees<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const { half, commands } = bench
  const [empty, middle, full] = [await bench.machine(), await bench.at(half), await bench.at(commands.length)]
  demand(bench.differ(empty, middle), 'the first half of the commands changes nothing that the queries see')
  demand(bench.differ(middle, full), 'the second half of the commands changes nothing that the queries see')
}

async function appliesDeterministically<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const [first, second] = [await bench.machine(), await bench.machine()]
  const expected = await bench.apply(first, 0, bench.commands.length)
  bench.demandSameResults(await bench.apply(second, 0, bench.commands.length), expected, 'a second machine')
  bench.demandSameState(second, first, 'a second machine')
}

async function ignoresBatches<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const reference = await bench.machine()
  const expected = await bench.apply(reference, 0, bench.commands.length, 1)
  for (const batch of [2, 3, bench.commands.length]) {
    const machine = await bench.machine()
    bench.demandSameResults(await bench.apply(machine, 0, bench.commands.length, batch), expected, `batches of ${batch}`)
    bench.demandSameState(machine, reference, `batches of ${batch}`)
  }
}

async function leavesCommandsAlone<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  await bench.at(bench.commands.length)
  for (const [position, { command }] of bench.commands.entries()) {
    demand(
      sameValue(command, bench.fixture.commands[position]?.slice()),
      `the bytes of command ${position} were changed: they belong to the log`,
    )
  }
}

async function snapshotEqualsReplay<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const { half, commands } = bench
  for (const count of [1, half, commands.length]) {
    const original = await bench.at(count)
    const copy = await bench.restored(await chunksOf(original.snapshot()))
    bench.demandSameState(copy, original, `a copy after ${count} commands`)
    const expected = await bench.apply(original, count, commands.length)
    bench.demandSameResults(await bench.apply(copy, count, commands.length), expected, `after a copy at ${count}`)
    bench.demandSameState(copy, original, `a copy at ${count}, after the rest`)
  }
}

async function snapshotIsACut<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const { half, commands } = bench
  const machine = await bench.at(half)
  const chunks = machine.snapshot()[Symbol.asyncIterator]()
  // As the replica does: asked for at once, read later.
  const taken: Uint8Array[] = []
  let next = chunks.next()
  await bench.apply(machine, half, commands.length, 1)
  for (let result = await next; result.done !== true; result = await next) {
    taken.push(result.value.slice())
    next = chunks.next()
  }
  bench.demandSameState(await bench.restored(taken), await bench.at(half), 'a snapshot that was read while more was applied')
  bench.demandSameState(machine, await bench.at(commands.length), 'the machine itself, after a snapshot')
}

async function snapshotsOverlap<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const { half, commands } = bench
  const machine = await bench.at(half)
  const early = machine.snapshot()[Symbol.asyncIterator]()
  const first = early.next()
  await bench.apply(machine, half, commands.length)
  const late = await chunksOf(machine.snapshot())
  const taken: Uint8Array[] = []
  for (let result = await first; result.done !== true; result = await early.next()) taken.push(result.value.slice())
  bench.demandSameState(await bench.restored(taken), await bench.at(half), 'the earlier of two snapshots')
  bench.demandSameState(await bench.restored(late), machine, 'the later of two snapshots')
}

async function snapshotMayBeLeft<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const { half, commands } = bench
  const machine = await bench.at(half)
  const chunks = machine.snapshot()[Symbol.asyncIterator]()
  await chunks.next()
  await chunks.return?.()
  await bench.apply(machine, half, commands.length)
  const copy = await bench.restored(await chunksOf(machine.snapshot()))
  bench.demandSameState(copy, await bench.at(commands.length), 'after a snapshot that was left in the middle')
}

async function restoreReplaces<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const { half, commands } = bench
  const older = await bench.at(half)
  const machine = await bench.at(commands.length)
  await machine.restore(older.snapshot())
  bench.demandSameState(machine, older, 'a machine that held more before')
  const expected = await bench.apply(older, half, commands.length)
  bench.demandSameResults(await bench.apply(machine, half, commands.length), expected, 'a machine that held more before')
}

async function emptyResets<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const machine = await bench.at(bench.half)
  await machine.restore(stream([]))
  const fresh = await bench.machine()
  bench.demandSameState(machine, fresh, 'after an empty snapshot')
  const expected = await bench.apply(fresh, 0, bench.commands.length)
  bench.demandSameResults(await bench.apply(machine, 0, bench.commands.length), expected, 'after an empty snapshot')
}

async function emptyStateTravels<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const fresh = await bench.machine()
  const machine = await bench.at(bench.half)
  await machine.restore(fresh.snapshot())
  bench.demandSameState(machine, fresh, 'the snapshot of a fresh machine')
}

async function ignoresChunkBorders<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const original = await bench.at(bench.commands.length)
  const chunks = await chunksOf(original.snapshot())
  for (const size of [1, 7, Number.MAX_SAFE_INTEGER]) {
    bench.demandSameState(await bench.restored(cutInto(chunks, size)), original, `chunks of ${size} bytes`)
  }
}

async function failsWithItsInput<R, Q, A>(bench: Bench<R, Q, A>): Promise<void> {
  const chunks = await chunksOf((await bench.at(bench.half)).snapshot())
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield* chunks.slice(0, -1)
    throw new Error('the snapshot is damaged')
  }
  const machine = await bench.machine()
  const outcome = await machine.restore(broken()).then(
    () => 'resolved',
    () => 'rejected',
  )
  demand(outcome === 'rejected', 'a restore whose input failed said that it succeeded')
}

/** The requirements of the StateMachine port. `fixture` is asked anew for every case. */
export function stateMachineConformance<Result, Query, Answer>(
  fixture: () => StateMachineFixture<Result, Query, Answer>,
): readonly ConformanceCase[] {
  const cases: readonly (readonly [string, (bench: Bench<Result, Query, Answer>) => Promise<void>])[] = [
    ['the queries of the fixture see what its commands do', fixtureSees],
    ['equal commands give equal results and equal state', appliesDeterministically],
    ['how commands are cut into batches makes no difference', ignoresBatches],
    ['commands are not changed', leavesCommandsAlone],
    ['a snapshot and the log behind it equal the whole log', snapshotEqualsReplay],
    ['a snapshot is the state at one moment, also when it is read while more is applied', snapshotIsACut],
    ['two snapshots may be under way', snapshotsOverlap],
    ['a snapshot may be left in the middle', snapshotMayBeLeft],
    ['restore replaces the whole state', restoreReplaces],
    ['an empty snapshot resets', emptyResets],
    ['the empty state survives a snapshot', emptyStateTravels],
    ['how a snapshot is cut into chunks makes no difference', ignoresChunkBorders],
    ['restore fails when its input fails', failsWithItsInput],
  ]
  return cases.map(([name, check]) => ({
    name,
    run: async () => {
      const bench = new Bench(fixture())
      try {
        await check(bench)
      } finally {
        await bench.dispose()
      }
    },
  }))
}
