import type { TransportEvent } from '@balsa/host'
import {
  asIndex,
  asMemberId,
  BalsaError,
  type Configuration,
  type EventOf,
  foundingConfiguration,
  type LogIndex,
  ManualClock,
  type ReplicaEventType,
} from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { SILENT_LOGGER } from './logger.js'
import { Fate, fateOf, watchRemoval, watchReplica, withNames } from './member-watch.js'
import { createMemberMetrics } from './metrics/member-metrics.js'

const id = asMemberId(0xabc)
const refused = (code: 'MEMBER_REMOVED' | 'DISK_REPLACED' | 'UNAVAILABLE', by: 'us' | 'peer' = 'peer'): TransportEvent => ({
  type: 'refused',
  by,
  direction: 'outgoing',
  peer: asMemberId(2),
  remote: 'h:1',
  error: new BalsaError(code, 'refused'),
})

describe('fateOf', () => {
  it('is sealed by the others only, and tells how to come back', () => {
    expect(fateOf(refused('MEMBER_REMOVED'), 'n3', id, '/d')).toMatchObject({
      code: 'REMOVED',
      family: 'fatal',
      hint: expect.stringMatching(/member add/),
    })
    const replaced = fateOf(refused('DISK_REPLACED'), 'n3', id, '/d')
    expect(replaced).toMatchObject({ code: 'DISK_REPLACED', family: 'fatal', hint: expect.stringMatching(/member replace n3/) })
    expect(replaced?.message).toContain('/d')
    expect(fateOf(refused('DISK_REPLACED', 'us'), 'n3', id, '/d')).toBeNull()
    expect(fateOf(refused('UNAVAILABLE'), 'n3', id, '/d')).toBeNull()
  })
})

describe('watchReplica', () => {
  it('says why a slow leader hands its leadership over, and counts how that ends', () => {
    const listeners = new Map<string, (event: never) => void>()
    const configuration = foundingConfiguration([{ id: asMemberId(77_777), name: 'n2', address: '', clientAddress: '' }])
    const replica = {
      id,
      status: () => ({ configuration }) as never,
      on: <T extends ReplicaEventType>(type: T, listener: (event: EventOf<T>) => void): Disposable => {
        listeners.set(type, listener)
        return { [Symbol.dispose]: () => undefined }
      },
    }
    const said: object[] = []
    const metrics = createMemberMetrics()
    watchReplica(replica, metrics, { ...SILENT_LOGGER, warn: (fields, message) => void said.push({ ...fields, message }) })
    for (const outcome of ['begun', 'done', 'begun', 'failed'] as const) {
      const reason = 'writes to the log take 150 ms'
      listeners.get('automaticTransfer')?.({ type: 'automaticTransfer', target: asMemberId(77_777), reason, outcome } as never)
    }
    expect(said[0]).toMatchObject({ target: 'n2', reason: 'writes to the log take 150 ms', message: expect.stringMatching(/is slow/) })
    expect(said).toHaveLength(4)
    expect(metrics.automaticTransfers.get({ outcome: 'done' })).toBe(1)
    expect(metrics.automaticTransfers.get({ outcome: 'failed' })).toBe(1)
  })
})

describe('watchRemoval', () => {
  it('seals the fate once the removal is committed, and not when it is taken back', async () => {
    const listeners = new Map<string, Set<(event: never) => void>>()
    let commitIndex = asIndex(0)
    const replica = {
      id,
      status: () => ({ commitIndex }) as never,
      on: <T extends ReplicaEventType>(type: T, listener: (event: EventOf<T>) => void): Disposable => {
        const set = listeners.get(type) ?? new Set()
        listeners.set(type, set)
        set.add(listener)
        return { [Symbol.dispose]: () => void set.delete(listener) }
      },
    }
    const tell = (event: { readonly type: string; readonly index: LogIndex; readonly configuration?: Configuration }) => {
      for (const listener of [...(listeners.get(event.type) ?? [])]) listener(event as never)
    }
    const clock = new ManualClock()
    const fate = new Fate()
    watchRemoval(replica, fate, 'n3', clock, 100)
    const membership = (index: number, configuration: Configuration) => tell({ type: 'membership', index: asIndex(index), configuration })
    const without: Configuration = { ...foundingConfiguration([]), removed: [id] }
    membership(5, without)
    membership(4, foundingConfiguration([]))
    commitIndex = asIndex(6)
    tell({ type: 'commit', index: commitIndex })
    expect(clock.pending).toBe(0)
    membership(7, without)
    expect(clock.pending).toBe(0)
    commitIndex = asIndex(7)
    tell({ type: 'commit', index: commitIndex })
    expect(clock.pending).toBe(1)
    clock.advance(100)
    expect(await fate.sealed).toMatchObject({ code: 'REMOVED' })
  })
})

describe('withNames', () => {
  it('puts names for numbers, where there are some', () => {
    const members = [
      { id: asMemberId(1234567), name: 'n1', address: '', clientAddress: '' },
      { id: asMemberId(7654321), name: '', address: '', clientAddress: '' },
    ]
    expect(withNames(foundingConfiguration(members), 'won by 1234567 and 7654321')).toBe('won by n1 and 7654321')
  })
})
