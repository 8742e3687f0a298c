import { beforeEach, describe, expect, it } from 'vitest'
import { asMemberId, SeededRandom } from '@balsa/raft'
import type { Divergence, Suspect } from '../divergence-watch.js'
import { AlarmRequest_AlarmAction, AlarmType, DowngradeRequest_DowngradeAction, newPutRequest } from '@balsa/proto/etcdserverpb'
import { ETCD_ERRORS } from './errors.js'
import { KvService } from './kv-service.js'
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

describe('alarms by hand', () => {
  const { GET, ACTIVATE, DEACTIVATE } = AlarmRequest_AlarmAction
  const { NONE, NOSPACE, CORRUPT } = AlarmType
  const ask = async (action: AlarmRequest_AlarmAction, memberID: bigint, alarm: AlarmType) =>
    ((await new MaintenanceService(etcdMember(store)).alarm({ action, memberID, alarm })).alarms ?? []).map((each) => [
      each.memberID,
      each.alarm,
    ])
  const put = (): Promise<unknown> =>
    new KvService(etcdMember(store)).put({ ...newPutRequest(), key: new Uint8Array([107]), value: new Uint8Array([118]) })

  it('are raised, listed by kind, cleared; each is answered with what it changed', async () => {
    const large = 2n ** 64n - 1n
    expect(await ask(ACTIVATE, 7n, NOSPACE)).toEqual([[7n, NOSPACE]])
    expect(await ask(ACTIVATE, 7n, NOSPACE)).toEqual([[7n, NOSPACE]])
    expect(await ask(ACTIVATE, large, CORRUPT)).toEqual([[large, CORRUPT]])
    expect(await ask(ACTIVATE, 7n, NONE)).toEqual([])
    expect(await ask(GET, 0n, NONE)).toEqual([
      [7n, NOSPACE],
      [large, CORRUPT],
    ])
    expect(await ask(GET, 0n, CORRUPT)).toEqual([[large, CORRUPT]])
    const { errors } = await new MaintenanceService(etcdMember(store)).status()
    expect(errors).toEqual(['memberID:7 alarm:NOSPACE ', `memberID:${large} alarm:CORRUPT `])
    expect(await ask(DEACTIVATE, large, CORRUPT)).toEqual([[large, CORRUPT]])
    expect(await ask(DEACTIVATE, large, CORRUPT)).toEqual([])
    expect(await ask(DEACTIVATE, 8n, NOSPACE)).toEqual([])
    expect(await ask(DEACTIVATE, 7n, NOSPACE)).toEqual([[7n, NOSPACE]])
    expect(await ask(GET, 0n, NONE)).toEqual([])
  })

  it("refuse writes in etcd's words", async () => {
    await put()
    await ask(ACTIVATE, 1n, NOSPACE)
    await expect(put()).rejects.toThrow(ETCD_ERRORS.noSpace[1])
    await ask(DEACTIVATE, 1n, NOSPACE)
    await ask(ACTIVATE, 1n, CORRUPT)
    await expect(put()).rejects.toThrow(ETCD_ERRORS.corrupt[1])
    await ask(DEACTIVATE, 1n, CORRUPT)
    await put()
  })

  it('do not clear what a member itself has found', async () => {
    const divergence = (): Divergence => ({ suspect: 'other', members: [asMemberId(5)], text: 'differs' })
    const service = new MaintenanceService(etcdMember(store, { divergence }))
    const { alarms } = await service.alarm({ action: DEACTIVATE, memberID: 5n, alarm: CORRUPT })
    expect(alarms).toEqual([])
    expect((await service.alarm({ action: GET, memberID: 0n, alarm: NONE })).alarms).toEqual([{ memberID: 5n, alarm: CORRUPT }])
  })
})

describe('downgrades', () => {
  const { VALIDATE, ENABLE, CANCEL } = DowngradeRequest_DowngradeAction
  const service = (): MaintenanceService => new MaintenanceService(etcdMember(new LocalStore()))

  it("are not possible, in etcd's words", () => {
    for (const action of [VALIDATE, ENABLE]) {
      for (const version of ['3.5.0', '3.5', '2.3.1-rc.0'])
        expect(() => service().downgrade({ action, version })).toThrow(ETCD_ERRORS.badDowngradeTarget[1])
      for (const version of ['', 'old', '3', '3.5.0.0'])
        expect(() => service().downgrade({ action, version })).toThrow(ETCD_ERRORS.wrongDowngradeFormat[1])
    }
    expect(() => service().downgrade({ action: CANCEL, version: '' })).toThrow(ETCD_ERRORS.noDowngrade[1])
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

  it('tell all of their keys, or that they are too many for one answer', async () => {
    await service().grant({ TTL: 10, ID: 1n })
    const attach = (from: number, to: number, bytes: number): Promise<unknown> => {
      const keyOf = (at: number): Uint8Array => Buffer.from(String(from + at).padStart(bytes, '0'))
      const success = Array.from({ length: to - from }, (_, at) => ({
        type: 'put' as const,
        key: keyOf(at),
        value: new Uint8Array(0),
        lease: 1n,
        previous: false,
      }))
      return store.execute({ type: 'txn', stamp: null, txn: { compares: [], success, failure: [] } })
    }
    // Of more than one page.
    for (let at = 0; at < 300; at += 100) await attach(at, at + 100, 8000)
    expect((await service().timeToLive({ ID: 1n, keys: true })).keys?.length).toBe(300)
    for (let at = 300; at < 700; at += 100) await attach(at, at + 100, 8000)
    await expect(service().timeToLive({ ID: 1n, keys: true })).rejects.toThrow(ETCD_ERRORS.tooManyLeaseKeys[1])
    expect(await service().timeToLive({ ID: 1n, keys: false })).toMatchObject({ TTL: 10, keys: [] })
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
