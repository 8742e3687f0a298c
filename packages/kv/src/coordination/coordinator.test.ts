import { BalsaError } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { OneLog, Process } from './contenders.test-support.js'
import { Coordinator } from './coordinator.js'
import type { Held, Lead, Leadership } from './types.js'

class Contender extends Process {
  readonly coordinator = new Coordinator(this)
}

const codeOf = (reason: unknown): unknown => (reason instanceof BalsaError ? reason.code : reason)
const rejected = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'resolved', codeOf)

function setup(count: number) {
  const log = new OneLog()
  return { log, contenders: Array.from({ length: count }, () => new Contender(log)) }
}

/** The first n contenders. */
function pair(contenders: readonly Contender[]): readonly [Contender, Contender] {
  const [first, second] = contenders
  if (first === undefined || second === undefined) throw new Error('two are needed')
  return [first, second]
}

describe('a lock', () => {
  it('is held by one at a time, in the order of arrival, and wakes one waiter alone', async () => {
    const { log, contenders } = setup(8)
    const order: number[] = []
    const tokens: number[] = []
    const held: Held[] = []
    for (const [at, { coordinator }] of contenders.entries()) {
      void coordinator.lock('jobs').then((each) => {
        order.push(at)
        tokens.push(each.fencingToken)
        held.push(each)
      })
      await log.pass(100)
    }
    const ranges = (): number => contenders.reduce((sum, each) => sum + each.ranges, 0)
    for (let turn = 0; turn < contenders.length; turn++) {
      await log.until(() => held.length === turn + 1)
      expect(log.keys('jobs/').length).toBe(contenders.length - turn)
      const before = ranges()
      await log.run(held[turn]?.release() ?? Promise.resolve())
      await log.pass(1000)
      // The next one looks once whether it is first; nobody else does anything.
      expect(ranges() - before).toBeLessThanOrEqual(1)
    }
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
    expect(log.keys('jobs/')).toEqual([])
  })

  it('has the keys of etcd: the name, a slash, the lease in hexadecimal digits', async () => {
    const { log, contenders } = setup(1)
    const held = await log.run(contenders[0]?.coordinator.lock('a/b', { value: 'me' }) ?? Promise.reject(new Error('none')))
    const [lease] = log.machine.query({ type: 'leases', from: 0n }).leases
    expect(log.keys('a/b/')).toEqual([`a/b/${lease?.toString(16)}=me`])
    expect(held.fence).toEqual({ key: held.key, createRevision: held.fencingToken })
  })

  it('is lost by a holder that was paused too long: it knows when it wakes up, and its fenced writes are refused', async () => {
    const { log, contenders } = setup(2)
    const [first, second] = pair(contenders)
    const held = await log.run(first.coordinator.lock('jobs', { ttlMs: 2000 }))
    await log.run(first.store.put('result', 'first', { fence: held.fence }))
    const waiting = second.coordinator.lock('jobs', { ttlMs: 2000 })
    await log.pass(10_000)
    expect(held.isHeld).toBe(true)
    first.pause()
    const next = await log.run(waiting, 5000)
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken)
    await log.run(second.store.put('result', 'second', { fence: next.fence }))
    // What it does first after the pause, before any timer.
    expect(held.isHeld).toBe(false)
    expect(codeOf(held.signal.reason)).toBe('LEASE_LOST')
    first.resume()
    expect(await log.run(rejected(first.store.put('result', 'first', { fence: held.fence })))).toBe('FENCED')
    expect(await log.run(rejected(first.store.append('result', 'first', { fence: held.fence })))).toBe('FENCED')
    expect((await log.run(second.store.get('result')))?.text()).toBe('second')
  })

  it('stops waiting when it is told to, or when the time is over, and leaves the queue', async () => {
    const { log, contenders } = setup(2)
    const [first, second] = pair(contenders)
    const held = await log.run(first.coordinator.lock('jobs'))
    const controller = new AbortController()
    const aborted = rejected(second.coordinator.lock('jobs', { signal: controller.signal }))
    await log.pass(500)
    expect(log.keys('jobs/').length).toBe(2)
    controller.abort()
    expect(await log.run(aborted)).toBe('ABORTED')
    expect(await log.run(rejected(second.coordinator.lock('jobs', { deadlineMs: 700 })))).toBe('DEADLINE')
    expect(await log.run(rejected(second.coordinator.lock('jobs', { waitMs: 700 })))).toBe('DEADLINE')
    expect(await log.run(rejected(second.coordinator.lock('jobs', { waitMs: 0 })))).toBe('DEADLINE')
    await log.pass(100)
    expect(log.keys('jobs/').length).toBe(1)
    await log.run((await log.run(second.coordinator.lock('other', { waitMs: 0 }))).release())
    expect(await rejected(second.coordinator.lock('jobs', { signal: controller.signal }))).toBe('ABORTED')
    await log.run(held.release())
    expect(log.keys('jobs/')).toEqual([])
  })

  it('is waited for through faults of the cluster, and by a waiter that lost its place', async () => {
    const { log, contenders } = setup(2)
    const [first, second] = pair(contenders)
    const held = await log.run(first.coordinator.lock('jobs', { ttlMs: 60_000 }))
    const waiting = second.coordinator.lock('jobs', { ttlMs: 1000 })
    await log.pass(500)
    second.pause()
    await log.pass(5000)
    expect(log.keys('jobs/').length).toBe(1)
    second.resume()
    log.fault = 'refuses'
    await log.pass(3000)
    log.fault = null
    await log.pass(3000)
    expect(log.keys('jobs/').length).toBe(2)
    await log.run(held.release())
    const next = await log.run(waiting)
    expect(next.isHeld).toBe(true)
  })

  it('is broken by whoever deletes its key, and its holder hears of it', async () => {
    const { log, contenders } = setup(2)
    const [first, second] = pair(contenders)
    const held = await log.run(first.coordinator.lock('jobs'))
    await log.run(second.store.delete(held.key))
    await log.until(() => held.signal.aborted, 200)
  })

  it('is not mixed up with other keys below its name, nor with locks of longer names', async () => {
    const { log, contenders } = setup(3)
    const [first, second] = pair(contenders)
    for (let at = 0; at < 20; at++) await log.run(first.store.put(`jobs/${at}`, 'a key of a user'))
    const longer = await log.run(first.coordinator.lock('jobs/ff'))
    const held = await log.run(first.coordinator.lock('jobs', { deadlineMs: 1000 }))
    for (let at = 20; at < 40; at++) await log.run(first.store.put(`jobs/${at}`, 'a key of a user'))
    expect(await log.run(rejected(second.coordinator.lock('jobs', { deadlineMs: 1000 })))).toBe('DEADLINE')
    expect((await log.run(second.coordinator.election('jobs').leader()))?.createRevision).toBe(held.fencingToken)
    await log.run(held.release())
    expect(await log.run(second.coordinator.election('jobs').leader())).toBeNull()
    await log.run(longer.release())
  })

  it('refuses names that are none', async () => {
    const { contenders } = setup(1)
    expect(await rejected(contenders[0]?.coordinator.lock('\ud800') ?? Promise.resolve())).toBe('INVALID')
  })
})

describe('an election', () => {
  it('shows observers who leads, what is proclaimed, and when nobody does', async () => {
    const { log, contenders } = setup(3)
    const [first, second] = pair(contenders)
    const seen: string[] = []
    const controller = new AbortController()
    const observing = (async () => {
      const observed = contenders[2]?.coordinator.election('boss').observe({ signal: controller.signal }) ?? []
      for await (const leader of observed) seen.push(leader?.text() ?? 'nobody')
    })()
    await log.pass(100)
    const leadership = await log.run(first.coordinator.election('boss').campaign('first'))
    await log.pass(100)
    await log.run(leadership.proclaim('first, again'))
    let next: Leadership | null = null
    void second.coordinator
      .election('boss')
      .campaign('second')
      .then((won) => (next = won))
    await log.pass(500)
    expect((await log.run(second.coordinator.election('boss').leader()))?.createRevision).toBe(leadership.fencingToken)
    await log.run(leadership.resign())
    await log.until(() => next !== null)
    expect(await log.run(rejected(leadership.proclaim('too late')))).toBe('FENCED')
    await log.run((next as Leadership | null)?.resign() ?? Promise.resolve())
    await log.pass(100)
    controller.abort()
    await log.run(observing)
    expect(seen).toEqual(['nobody', 'first', 'first, again', 'second', 'nobody'])
    expect(await log.run(first.coordinator.election('boss').leader())).toBeNull()
  })
})

describe('lead', () => {
  it('answers what the body answers, and hands over at once', async () => {
    const { log, contenders } = setup(2)
    const [first, second] = pair(contenders)
    const started: number[] = []
    let finish = (_: string): void => undefined
    const one = first.coordinator.lead('boss', () => new Promise<string>((resolve) => (finish = resolve)))
    await log.pass(100)
    const two = second.coordinator.lead('boss', async ({ fencingToken }) => void started.push(fencingToken))
    await log.pass(30_000)
    expect(started).toEqual([])
    finish('done')
    expect(await log.run(one)).toBe('done')
    await log.run(two, 200)
    expect(started.length).toBe(1)
  })

  it('hands the error of a leading body to its caller, after the next one may lead', async () => {
    const { log, contenders } = setup(1)
    const work = contenders[0]?.coordinator.lead('boss', () => Promise.reject(new TypeError('a bug')))
    await expect(log.run(work ?? Promise.resolve())).rejects.toThrow('a bug')
    expect(log.keys('boss/')).toEqual([])
  })

  it('runs again when it was lost and won again', async () => {
    const { log, contenders } = setup(2)
    const [first, second] = pair(contenders)
    const tokens: number[] = []
    const controller = new AbortController()
    const body = async (lead: Lead): Promise<void> => {
      tokens.push(lead.fencingToken)
      await new Promise<void>((resolve) => lead.signal.addEventListener('abort', () => resolve()))
      if (tokens.length === 2) throw new Error('a body that is stopped may throw')
    }
    const leading = first.coordinator.lead('boss', body, { ttlMs: 1000, signal: controller.signal })
    await log.until(() => tokens.length === 1)
    for (let round = 2; round <= 3; round++) {
      first.pause()
      await log.pass(3000)
      first.resume()
      await log.until(() => tokens.length === round)
    }
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
    controller.abort()
    expect(await log.run(leading)).toBeUndefined()
    expect(log.keys('boss/')).toEqual([])
    expect(await log.run(second.coordinator.lead('boss', async () => 7, { signal: controller.signal }))).toBeUndefined()
  })

  it('keeps the leadership until a body that was asked to end has ended', async () => {
    const { log, contenders } = setup(2)
    const [first, second] = pair(contenders)
    const controller = new AbortController()
    let drained = (): void => undefined
    const one = first.coordinator.lead(
      'boss',
      async ({ signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        await new Promise<void>((resolve) => (drained = resolve))
        return 'drained'
      },
      { signal: controller.signal, ttlMs: 2000 },
    )
    await log.pass(100)
    let led = false
    void second.coordinator.lead('boss', async () => void (led = true))
    controller.abort()
    await log.pass(20_000)
    expect(led).toBe(false)
    drained()
    expect(await log.run(one)).toBe('drained')
    await log.until(() => led, 200)
  })
})
