import { expect, it } from 'vitest'
import { ManualClock } from '../memory/manual-clock.js'
import { MemoryNetwork } from '../memory/memory-transport.js'
import { SeededRandom } from '../memory/seeded-random.js'
import { asMemberId } from '../types.js'
import { resolveReplicaOptions } from './options.js'
import { Replica } from './replica.js'
import { configurationOf } from './configuration.test-support.js'
import { WordList } from './word-list.test-support.js'
import { TestDisk, TestStorage } from './storage.test-support.js'

const clock = new ManualClock()
const base = () => ({
  id: asMemberId(1),
  clock,
  random: new SeededRandom(1),
  transport: new MemoryNetwork(clock, new SeededRandom(2)).transport(asMemberId(1)),
  storage: new TestStorage(new TestDisk(configurationOf(1))),
  stateMachine: new WordList(),
})

it('fills in defaults and keeps what is given', () => {
  const resolved = resolveReplicaOptions({
    ...base(),
    snapshots: { maxLogBytes: -1 },
    limits: { maxPendingReads: 7 },
    core: { heartbeatIntervalMs: 20 },
  })
  expect(resolved.snapshots.maxLogBytes).toBe(-1)
  expect(resolved.snapshots.trailingEntries).toBeGreaterThan(0)
  expect(resolved.limits.maxPendingReads).toBe(7)
  expect(resolved.core).toMatchObject({ id: 1, heartbeatIntervalMs: 20 })
})

it.each([
  [{ limits: { maxApplyEntries: 0 } }, /maxApplyEntries/],
  [{ limits: { maxApplyMs: 0 } }, /maxApplyMs/],
  [{ limits: { snapshotBytesPerSecond: -1 } }, /snapshotBytesPerSecond/],
  [{ limits: { maxCommandBytes: Number.NaN } }, /maxCommandBytes/],
  [{ snapshots: { maxLogBytes: -2 } }, /maxLogBytes/],
  [{ snapshots: { trailingEntries: -1 } }, /trailingEntries/],
  [{ gatherMs: -1 }, /gatherMs/],
  [{ core: { electionTimeoutMs: 10, heartbeatIntervalMs: 10 } }, /electionTimeoutMs/],
])('refuses %j', (options, text) => {
  expect(() => resolveReplicaOptions({ ...base(), ...options })).toThrow(text)
})

it('refuses the storage of another member, and closes what it was given', async () => {
  const options = { ...base(), identity: { clusterId: 9, memberId: asMemberId(2) } }
  await expect(Replica.open(options)).rejects.toMatchObject({ code: 'IDENTITY_MISMATCH', family: 'fatal' })
  expect(options.storage.closed).toBe(true)
  expect(clock.pending).toBe(0)
})
