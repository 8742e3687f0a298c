import { beforeEach, describe, expect, it } from 'vitest'
import type { Input } from '../core/effects.js'
import { BalsaError } from '../errors.js'
import { ManualClock } from '../memory/manual-clock.js'
import { asMemberId } from '../types.js'
import { SnapshotReceiver, SnapshotSender } from './snapshot-transfer.js'
import { configurationOf } from './configuration.test-support.js'
import { metaOf } from './scripted-core.test-support.js'
import { bytesOf } from './word-list.test-support.js'
import { TestDisk, TestStorage } from './storage.test-support.js'

let clock: ManualClock
let storage: TestStorage
let inputs: Input[]
let failures: unknown[]
const hooks = {
  input: (input: Input): void => void inputs.push(input),
  failed: (error: unknown): void => void failures.push(error),
  track: (): void => undefined,
  wholeInsteadOf: (): Promise<unknown> | null => whole,
}
let whole: Promise<unknown> | null
const peer = asMemberId(2)

beforeEach(() => {
  clock = new ManualClock()
  storage = new TestStorage(new TestDisk(configurationOf(3)))
  inputs = []
  failures = []
  whole = null
})

describe('sender', () => {
  it('reads pieces and marks the last one', async () => {
    const sender = new SnapshotSender(storage, clock, Infinity, hooks)
    storage.disk.snapshot = { meta: metaOf(4), chunks: [bytesOf('0123456789')] }
    sender.read({ peer, meta: metaOf(4), offset: 0, maxBytes: 6 })
    await clock.advanceAsync(0)
    sender.read({ peer, meta: metaOf(4), offset: 6, maxBytes: 6 })
    await clock.advanceAsync(0)
    expect(inputs).toEqual([
      { type: 'snapshotRead', peer, meta: metaOf(4), offset: 0, data: bytesOf('012345'), done: false },
      { type: 'snapshotRead', peer, meta: metaOf(4), offset: 6, data: bytesOf('6789'), done: true },
    ])
  })

  it('asks for the state as a whole, once, when a snapshot only refers to it', async () => {
    const sender = new SnapshotSender(storage, clock, Infinity, hooks)
    storage.disk.snapshot = { meta: metaOf(4), chunks: [bytesOf('reference')] }
    whole = Promise.reject(new Error('not now'))
    for (let time = 0; time < 3; time++) sender.read({ peer, meta: metaOf(4), offset: 0, maxBytes: 6 })
    await clock.advanceAsync(0)
    expect(inputs).toEqual([{ type: 'snapshotReadFailed', peer }])
    expect(failures).toEqual([])
  })

  it('keeps to its rate', async () => {
    const sender = new SnapshotSender(storage, clock, 100, hooks)
    storage.disk.snapshot = { meta: metaOf(4), chunks: [bytesOf('0123456789')] }
    for (const id of [2, 3, 4]) sender.read({ peer: asMemberId(id), meta: metaOf(4), offset: 0, maxBytes: 10 })
    await clock.advanceAsync(150)
    expect(inputs).toHaveLength(2)
    await clock.advanceAsync(100)
    expect(inputs).toHaveLength(3)
  })

  it('has one place for each piece, however often it is asked for', async () => {
    const sender = new SnapshotSender(storage, clock, 100, hooks)
    storage.disk.snapshot = { meta: metaOf(4), chunks: [bytesOf('0123456789')] }
    sender.read({ peer: asMemberId(3), meta: metaOf(4), offset: 0, maxBytes: 10 })
    for (const offset of [5, 0, 0, 5, 0]) sender.read({ peer, meta: metaOf(4), offset, maxBytes: 5 })
    await clock.advanceAsync(1000)
    expect(inputs.slice(1)).toEqual([
      { type: 'snapshotRead', peer, meta: metaOf(4), offset: 0, data: bytesOf('01234'), done: false },
      { type: 'snapshotRead', peer, meta: metaOf(4), offset: 5, data: bytesOf('56789'), done: true },
    ])
  })

  it('pieces of another snapshot take the place of those that wait, and none of them waits longer for it', async () => {
    const sender = new SnapshotSender(storage, clock, 100, hooks)
    storage.disk.snapshot = { meta: metaOf(4), chunks: [bytesOf('0123456789')] }
    sender.read({ peer: asMemberId(3), meta: metaOf(4), offset: 0, maxBytes: 10 })
    sender.read({ peer, meta: metaOf(4), offset: 0, maxBytes: 10 })
    await clock.advanceAsync(50)
    storage.disk.snapshot = { meta: metaOf(6), chunks: [bytesOf('abcdefghij')] }
    sender.read({ peer, meta: metaOf(6), offset: 0, maxBytes: 10 })
    await clock.advanceAsync(51)
    expect(inputs.slice(1)).toMatchObject([{ type: 'snapshotRead', meta: { index: 6 } }])
  })

  it('gives others their turn between large pieces', async () => {
    const sender = new SnapshotSender(storage, clock, Infinity, hooks)
    const size = 512 * 1024
    const meta = { ...metaOf(4), sizeBytes: 5 * size }
    storage.readFile = async (_meta, _offset, length) => new Uint8Array(length)
    for (let at = 0; at < 5; at++) sender.read({ peer, meta, offset: at * size, maxBytes: size })
    const deferred: (() => void)[] = []
    clock.defer = (callback) => void deferred.push(callback)
    for (let turn = 1; turn <= 3; turn++) {
      for (let at = 0; at < 50; at++) await Promise.resolve()
      expect(inputs).toHaveLength(Math.min(5, 2 * turn))
      for (const callback of deferred.splice(0)) callback()
    }
  })

  it('says so when the file is gone, once', async () => {
    const sender = new SnapshotSender(storage, clock, Infinity, hooks)
    sender.read({ peer, meta: metaOf(4), offset: 0, maxBytes: 10 })
    sender.read({ peer, meta: metaOf(4), offset: 10, maxBytes: 10 })
    await clock.advanceAsync(0)
    expect(inputs).toEqual([{ type: 'snapshotReadFailed', peer }])
  })

  it('does not hide that the disk fails, or that the file is shorter than it should be', async () => {
    const sender = new SnapshotSender(storage, clock, Infinity, hooks)
    storage.disk.snapshot = { meta: metaOf(4), chunks: [bytesOf('01234')] }
    sender.read({ peer, meta: metaOf(4), offset: 5, maxBytes: 10 })
    await clock.advanceAsync(0)
    storage.readFile = () => Promise.reject(new BalsaError('IO_ERROR', 'bad sector'))
    sender.read({ peer, meta: metaOf(4), offset: 0, maxBytes: 10 })
    await clock.advanceAsync(0)
    expect(failures.map((error) => (error as BalsaError).code)).toEqual(['CORRUPT', 'IO_ERROR'])
    expect(inputs).toEqual([])
  })

  it('lets go of what waits when it stops', async () => {
    const sender = new SnapshotSender(storage, clock, 1, hooks)
    storage.disk.snapshot = { meta: metaOf(4), chunks: [bytesOf('0123456789')] }
    for (let i = 0; i < 3; i++) sender.read({ peer, meta: metaOf(4), offset: 0, maxBytes: 10 })
    sender.stop()
    await clock.advanceAsync(0)
    expect(inputs).toEqual([])
    expect(clock.pending).toBe(0)
  })
})

describe('receiver', () => {
  const chunk = (offset: number, text: string, done = false) => ({ meta: metaOf(4), offset, data: bytesOf(text), done })

  it('stores one piece at a time, in order', async () => {
    let underWay = 0
    let most = 0
    const offsets: number[] = []
    storage.receive = async (_meta, offset) => {
      most = Math.max(most, ++underWay)
      offsets.push(offset)
      await Promise.resolve()
      underWay--
      return offset === 10 ? 'complete' : offset + 5
    }
    const receiver = new SnapshotReceiver(storage, hooks)
    for (const offset of [0, 5, 10]) receiver.store(chunk(offset, 'xxxxx', offset === 10))
    await clock.advanceAsync(0)
    expect(most).toBe(1)
    expect(offsets).toEqual([0, 5, 10])
    expect(inputs).toEqual([
      { type: 'chunkStored', meta: metaOf(4), nextOffset: 5 },
      { type: 'chunkStored', meta: metaOf(4), nextOffset: 10 },
      { type: 'snapshotReceived', meta: metaOf(4) },
    ])
  })

  it('bounds what waits, and works again afterwards', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    let stored = 0
    storage.receive = async () => {
      await gate
      stored++
      return 0
    }
    const receiver = new SnapshotReceiver(storage, hooks)
    for (let i = 0; i < 100; i++) receiver.store(chunk(0, 'x'))
    open()
    await clock.advanceAsync(0)
    expect(stored).toBeLessThan(20)
    const before = stored
    receiver.store(chunk(0, 'x'))
    await clock.advanceAsync(0)
    expect(stored).toBe(before + 1)
  })

  it('fails with the disk, and is silent once it is stopped', async () => {
    storage.receive = () => Promise.reject(new BalsaError('DISK_FULL', 'no space'))
    new SnapshotReceiver(storage, hooks).store(chunk(0, 'x'))
    await clock.advanceAsync(0)
    expect(failures).toHaveLength(1)
    storage.receive = async () => 1
    const receiver = new SnapshotReceiver(storage, hooks)
    receiver.store(chunk(0, 'x'))
    receiver.stop()
    await clock.advanceAsync(0)
    expect(inputs).toEqual([])
  })
})
