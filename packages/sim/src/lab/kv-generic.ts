import { versionedModel } from '../checker/index.js'
import type { ClassicClerk, VersionedClerk } from './clerk.js'
import { digestModel } from './digest-register.js'
import { KvTest } from './kv-test.js'
import { E } from './raft-test.js'
import { check, type Lab, type Scenario } from './scenario.js'

/** The generic scenario of the key/value suites, in both forms, and its table of parameters. */

interface Parameters {
  readonly clients: number
  readonly servers: number
  readonly reliable: boolean
  readonly crash: boolean
  readonly partitions: boolean
  readonly maxLogBytes: number
  readonly randomKeys: boolean
}

const ITERATIONS = 3

// ---- the form of 2025 ----

interface Tally {
  ok: number
  maybe: number
}

/** One put that ends with OK or ErrMaybe, and the get that checks it. Returns the version that was seen last. */
async function onePut(
  lab: Lab,
  clerk: VersionedClerk,
  client: number,
  keys: number | null,
  known: Map<string, number>,
  tally: Tally,
): Promise<void> {
  const key = keys === null ? 'k' : `k${lab.int(keys)}`
  for (;;) {
    const version = known.get(key) ?? 0
    const value = JSON.stringify({ client, version })
    const answer = await clerk.put(key, value, version)
    check(answer !== 'noKey' || version > 0, 'ErrNoKey for version 0')
    const read = await clerk.get(key)
    if (answer === 'ok' && read.version === version + 1)
      check(read.value === value, () => `wrote ${value}, read ${read.value} at the same version`)
    known.set(key, read.version)
    if (answer === 'ok') tally.ok++
    if (answer === 'maybe') tally.maybe++
    if (answer === 'ok' || answer === 'maybe') return
  }
}

async function versionedClient(lab: Lab, test: KvTest, client: number, keys: number | null, tally: Tally): Promise<void> {
  const clerk = test.versionedClerk()
  const known = new Map<string, number>()
  const endMs = lab.clock.now() + 1000
  while (lab.clock.now() < endMs) await onePut(lab, clerk, client, keys, known, tally)
}

async function generic2025(
  lab: Lab,
  { clients, servers, reliable, crash, partitions, maxLogBytes, randomKeys }: Parameters,
): Promise<void> {
  const test = await KvTest.open(lab, { servers, reliable, maxLogBytes })
  const checker = test.versionedClerk()
  const tally = { ok: 0, maybe: 0 }
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const running = Promise.all(
      Array.from({ length: clients }, (_, client) => versionedClient(lab, test, client, randomKeys ? 100 : null, tally)),
    )
    running.catch(() => undefined)
    let stop = false
    const partitioner = partitions ? lab.sleep(1000).then(() => test.partitionUntil(() => stop)) : null
    await running
    if (!randomKeys) {
      const { version } = await checker.get('k')
      const exact = reliable && !crash && !partitions
      const wrong = exact ? version !== tally.ok : version < tally.ok || version > tally.ok + tally.maybe
      check(!wrong, `version ${version} after ${tally.ok} puts that succeeded and ${tally.maybe} that may have`)
    }
    test.versionedHistory.verify(versionedModel)
    stop = true
    if (partitioner !== null) {
      await partitioner
      test.group.connectAll()
      await lab.sleep(E)
    }
    if (crash) await test.restartAll(E)
    test.checkSizes()
  }
}

// ---- the classic form ----

const SECONDS_OF_CLIENTS = 5

/** Returns how many appends to its own key it made. */
async function classicClient(
  lab: Lab,
  clerk: ClassicClerk,
  client: number,
  keys: number | null,
  isStopped: () => boolean,
): Promise<number> {
  let appended = 0
  let expected = ''
  if (keys === null) await clerk.put(String(client), '')
  while (!isStopped()) {
    const key = String(keys === null ? client : lab.int(keys))
    const piece = `x ${client} ${appended} y`
    if (lab.int(1000) < 500) {
      await clerk.append(key, piece)
      expected += piece
      appended++
    } else if (keys !== null && lab.int(1000) < 100) {
      await clerk.put(key, piece)
      appended++
    } else {
      const value = await clerk.get(key)
      check(keys !== null || value === expected, () => `client ${client} read ${value.length} characters, expected ${expected.length}`)
    }
  }
  return appended
}

function checkAppends(value: string, client: number, count: number): void {
  let from = 0
  for (let at = 0; at < count; at++) {
    const piece = `x ${client} ${at} y`
    const found = value.indexOf(piece, from)
    check(found >= 0, () => `missing or out of order: append ${at} of client ${client}`)
    check(value.lastIndexOf(piece) === found, () => `twice: append ${at} of client ${client}`)
    from = found + piece.length
  }
}

async function genericClassic(
  lab: Lab,
  { clients, servers, reliable, crash, partitions, maxLogBytes, randomKeys }: Parameters,
): Promise<void> {
  const test = await KvTest.open(lab, { servers, reliable, maxLogBytes })
  const checker = test.classicClerk()
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    let stop = false
    const running = Promise.all(
      Array.from({ length: clients }, (_, client) =>
        classicClient(lab, test.classicClerk(), client, randomKeys ? clients : null, () => stop),
      ),
    )
    running.catch(() => undefined)
    if (partitions) await lab.sleep(1000)
    const partitioner = partitions ? test.partitionUntil(() => stop) : null
    await lab.sleep(SECONDS_OF_CLIENTS * 1000)
    stop = true
    if (partitioner !== null) {
      await partitioner
      test.group.connectAll()
      await lab.sleep(E)
    }
    if (crash) await test.restartAll(E)
    const appended = await running
    for (let client = 0; client < clients; client++) {
      const value = await checker.get(String(client))
      if (!randomKeys) checkAppends(value, client, appended[client] ?? 0)
    }
    test.checkSizes()
  }
  test.classicHistory.verify(digestModel)
}

// ---- the table ----

const flags = (text: string): Omit<Parameters, 'clients' | 'servers' | 'maxLogBytes'> => ({
  reliable: !text.includes('U'),
  crash: text.includes('C'),
  partitions: text.includes('P'),
  randomKeys: text.includes('R'),
})

/** Name, clients, servers, flags (U unreliable, C crash, P partitions, R random keys), maxraftstate. */
const TABLE: readonly (readonly [name: string, clients: number, servers: number, flags: string, maxLogBytes: number])[] = [
  ['Basic', 1, 5, '', -1],
  ['Concurrent', 5, 5, '', -1],
  ['Unreliable', 5, 5, 'U', -1],
  ['ManyPartitionsOneClient', 1, 5, 'P', -1],
  ['ManyPartitionsManyClients', 5, 5, 'P', -1],
  ['PersistOneClient', 1, 5, 'C', -1],
  ['PersistConcurrent', 5, 5, 'C', -1],
  ['PersistConcurrentUnreliable', 5, 5, 'UC', -1],
  ['PersistPartition', 5, 5, 'CP', -1],
  ['PersistPartitionUnreliable', 5, 5, 'UCP', -1],
  ['PersistPartitionUnreliableLinearizable', 15, 7, 'UCPR', -1],
  ['SnapshotRecover', 1, 5, 'C', 1000],
  ['SnapshotRecoverManyClients', 20, 5, 'C', 1000],
  ['SnapshotUnreliable', 5, 5, 'U', 1000],
  ['SnapshotUnreliableRecover', 5, 5, 'UC', 1000],
  ['SnapshotUnreliableRecoverConcurrentPartition', 5, 5, 'UCP', 1000],
  ['SnapshotUnreliableRecoverConcurrentPartitionLinearizable', 15, 7, 'UCPR', 1000],
]

function genericScenario(form: '2025' | 'classic', row: (typeof TABLE)[number]): Scenario {
  const [name, clients, servers, text, maxLogBytes] = row
  const parameters = { clients, servers, maxLogBytes, ...flags(text) }
  const suffix = form === '2025' ? (maxLogBytes < 0 ? '4B' : '4C') : maxLogBytes < 0 ? '3A' : '3B'
  return {
    name: `${name}${suffix}`,
    suite: form === '2025' ? 'kv-2025' : 'kv-classic',
    servers,
    run: (lab) => (form === '2025' ? generic2025(lab, parameters) : genericClassic(lab, parameters)),
  }
}

export const GENERIC_2025: readonly Scenario[] = TABLE.map((row) => genericScenario('2025', row))
export const GENERIC_CLASSIC: readonly Scenario[] = TABLE.map((row) => genericScenario('classic', row))
