import { describe, expect, it } from 'vitest'
import { ManualClock } from '../memory/manual-clock.js'
import { asIndex } from '../types.js'
import type { ReplicaEvent } from './events.js'
import { EventHub } from './events.js'

const commit = (index: number): ReplicaEvent => ({ type: 'commit', index: asIndex(index) })

async function collect(events: AsyncIterable<ReplicaEvent>): Promise<ReplicaEvent[]> {
  const all: ReplicaEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

describe('listeners', () => {
  it('hear their type until they are disposed', () => {
    const hub = new EventHub(new ManualClock())
    const heard: number[] = []
    const listener = hub.on('commit', (event) => heard.push(event.index))
    expect(hub.wants('commit')).toBe(true)
    expect(hub.wants('role')).toBe(false)
    hub.emit(commit(1))
    hub.emit({ type: 'peer', id: 1 as never, up: true })
    listener[Symbol.dispose]()
    hub.emit(commit(2))
    expect(heard).toEqual([1])
    expect(hub.wants('commit')).toBe(false)
  })

  it('that throw stop neither the others nor the node, and are not silenced', () => {
    const clock = new ManualClock()
    const hub = new EventHub(clock)
    const heard: number[] = []
    hub.on('commit', () => {
      throw new Error('my mistake')
    })
    hub.on('commit', (event) => heard.push(event.index))
    hub.emit(commit(1))
    expect(heard).toEqual([1])
    expect(() => clock.runDue()).toThrow('my mistake')
  })
})

describe('streams', () => {
  it('give events in order and end when the hub closes', async () => {
    const hub = new EventHub(new ManualClock())
    const collected = collect(hub.stream({}))
    for (const index of [1, 2, 3]) hub.emit(commit(index))
    hub.close()
    expect(await collected).toEqual([commit(1), commit(2), commit(3)])
    expect(await collect(hub.stream({}))).toEqual([])
  })

  it('say how many events a slow reader missed, where it missed them', async () => {
    const hub = new EventHub(new ManualClock())
    const reader = hub.stream({ capacity: 2 })[Symbol.asyncIterator]()
    for (const index of [1, 2, 3, 4]) hub.emit(commit(index))
    expect((await reader.next()).value).toEqual(commit(1))
    // Room again, but what comes now must not overtake the notice of the gap.
    hub.emit(commit(5))
    expect((await reader.next()).value).toEqual(commit(2))
    expect((await reader.next()).value).toEqual({ type: 'overflow', lost: 3 })
    hub.emit(commit(6))
    expect((await reader.next()).value).toEqual(commit(6))
    hub.close()
    expect((await reader.next()).done).toBe(true)
  })

  it('end by their signal and by leaving the loop', async () => {
    const hub = new EventHub(new ManualClock())
    const controller = new AbortController()
    const collected = collect(hub.stream({ signal: controller.signal }))
    const left = (async () => {
      for await (const event of hub.stream({})) return event
      return null
    })()
    hub.emit(commit(1))
    expect(await left).toEqual(commit(1))
    controller.abort()
    expect(await collected).toEqual([commit(1)])
    expect(hub.wants('commit')).toBe(false)
    expect(await collect(hub.stream({ signal: controller.signal }))).toEqual([])
  })
})
