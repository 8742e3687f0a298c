import { beforeEach, describe, expect, it } from 'vitest'
import { asMemberId, SeededRandom } from '@balsa/raft'
import type { Divergence, Suspect } from '../divergence-watch.js'
import { AlarmRequest_AlarmAction, AlarmType } from '@balsa/proto/etcdserverpb'
import { ETCD_ERRORS } from './errors.js'
import { drawLeaseId, LeaseService } from './lease-service.js'
import { MaintenanceService } from './maintenance-service.js'
import { etcdMember, LocalStore, MEMBER } from './local-store.test-support.js'
import { TestSink } from './sink.test-support.js'

let store: LocalStore

beforeEach(() => {
  store = new LocalStore()
})

describe('alarms', () => {
  it('name the members whose state differs, as far as it is known which of them is wrong', async () => {
    const list = async (divergence: Divergence | null) => {
      const service = new MaintenanceService(etcdMember(store, { divergence: () => divergence }))
      const { alarms } = await service.alarm({ action: AlarmRequest_AlarmAction.GET, memberID: 0n, alarm: AlarmType.NONE })
      return (alarms ?? []).map(({ memberID, alarm }) => [memberID, alarm])
    }
    const differs = (suspect: Suspect): Divergence => ({ suspect, members: [asMemberId(5)], text: 'differs' })
    const own = [BigInt(MEMBER), AlarmType.CORRUPT]
    const other = [5n, AlarmType.CORRUPT]
    expect(await Promise.all([list(null), list(differs('this')), list(differs('other')), list(differs('unknown'))])).toEqual([
      [],
      [own],
      [other],
      [own, other],
    ])
  })
})

describe('leases', () => {
  const service = (): LeaseService => new LeaseService(etcdMember(store))

  it('live at least one and a half election time-outs; the server picks an id of 63 bits', async () => {
    const { ID, TTL } = await service().grant({ TTL: 0, ID: 0n })
    expect(TTL).toBe(2)
    expect(ID).toBeGreaterThan(0n)
    const random = new SeededRandom(3)
    for (let at = 0; at < 100; at++) expect(drawLeaseId(random)).toBeLessThan(2n ** 63n)
  })

  it('are refused when the id is taken, or the time too long', async () => {
    await service().grant({ TTL: 10, ID: -5n })
    await expect(service().grant({ TTL: 10, ID: -5n })).rejects.toThrow(ETCD_ERRORS.leaseExists[1])
    await expect(service().grant({ TTL: 9_000_000_001, ID: 1n })).rejects.toThrow(ETCD_ERRORS.leaseTtlTooLarge[1])
  })

  it('tell what is left of them, and which keys they hold', async () => {
    await service().grant({ TTL: 10, ID: 1n })
    const key = new Uint8Array([107])
    await store.execute({
      type: 'txn',
      stamp: null,
      txn: { compares: [], success: [{ type: 'put', key, value: key, lease: 1n, previous: false }], failure: [] },
    })
    expect(await service().timeToLive({ ID: 1n, keys: true })).toMatchObject({ TTL: 10, grantedTTL: 10, keys: [key] })
    expect(await service().timeToLive({ ID: 1n, keys: false })).toMatchObject({ keys: [] })
    store.timeMs += 3500
    expect(await service().timeToLive({ ID: 1n, keys: false })).toMatchObject({ TTL: 6 })
    expect(await service().timeToLive({ ID: 2n, keys: false })).toMatchObject({ TTL: -1 })
    expect((await service().leases()).leases).toEqual([{ ID: 1n }])
    await service().revoke({ ID: 1n })
    await expect(service().revoke({ ID: 1n })).rejects.toThrow(ETCD_ERRORS.leaseNotFound[1])
    expect(store.revision()).toBe(3)
  })

  it('are kept alive by a stream that answers every request in order; an ended one has no time left', async () => {
    await service().grant({ TTL: 10, ID: 1n })
    const sink = new TestSink<{ readonly TTL?: number | undefined; readonly ID?: bigint | undefined }>()
    await service().keepAlive(
      (async function* () {
        yield { ID: 1n }
        yield { ID: 2n }
        yield { ID: 1n }
      })(),
      sink,
    )
    expect(sink.messages.map(({ ID, TTL }) => [ID, TTL])).toEqual([
      [1n, 10],
      [2n, 0],
      [1n, 10],
    ])
  })
})
