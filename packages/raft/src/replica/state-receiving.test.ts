import { expect, it } from 'vitest'
import type { DurableState } from '../ports/state-machine.js'
import { asIndex, type SnapshotMeta } from '../types.js'
import { configurationOf } from './configuration.test-support.js'
import { metaOf } from './scripted-core.test-support.js'
import { StateReceiving } from './state-receiving.js'
import { TestDisk, TestStorage } from './storage.test-support.js'
import { bytesOf } from './word-list.test-support.js'

const stateOf = (index: number, checksum = index): SnapshotMeta => ({ ...metaOf(index), sizeBytes: 10, checksum, form: 'state' })

function setUp() {
  const events: string[] = []
  const durable: DurableState & { appliedIndex: number } = {
    appliedIndex: 0,
    logDurable: () => undefined,
    flush: async () => undefined,
    async *reference(index) {
      yield bytesOf(`@${index}`)
    },
    transfer: {
      share: () => Promise.reject(new Error('nobody asks')),
      receive: async (index) => {
        events.push(`begin ${index}`)
        return {
          write: async (data) => void events.push(`${data.length} bytes`),
          finish: async () => events.push('whole') > 0,
          abort: async () => void events.push('abort'),
        }
      },
    },
  }
  const storage = new TestStorage(new TestDisk(configurationOf(3)))
  return { events, durable, storage, receiving: new StateReceiving(durable, storage.snapshots) }
}

it('takes pieces in order, and says where it wants to go on', async () => {
  const { events, receiving, storage } = setUp()
  expect(await receiving.receive(stateOf(5), 4, new Uint8Array(4))).toBe(0)
  expect(await receiving.receive(stateOf(5), 0, new Uint8Array(4))).toBe(4)
  expect(await receiving.receive(stateOf(5), 8, new Uint8Array(2))).toBe(4)
  expect(await receiving.receive(stateOf(5), 4, new Uint8Array(6))).toBe('complete')
  expect(await receiving.receive(stateOf(5), 0, new Uint8Array(4))).toBe('complete')
  expect(events).toEqual(['begin 5', '4 bytes', '6 bytes', 'whole'])
  expect(storage.disk.partial?.meta).toEqual(stateOf(5))
})

it('another one takes its place with its first piece, and one that is too long begins anew', async () => {
  const { events, receiving } = setUp()
  await receiving.receive(stateOf(5), 0, new Uint8Array(4))
  expect(await receiving.receive(stateOf(7), 4, new Uint8Array(4))).toBe(0)
  expect(await receiving.receive(stateOf(7), 0, new Uint8Array(9))).toBe(9)
  expect(await receiving.receive(stateOf(7), 9, new Uint8Array(9))).toBe(0)
  expect(events).toEqual(['begin 5', '4 bytes', 'abort', 'begin 7', '9 bytes', 'abort'])
})

it('what is whole stays until the state has come so far: the log may refer to it', async () => {
  const { durable, events, receiving } = setUp()
  await receiving.receive(stateOf(5), 0, new Uint8Array(10))
  expect(await receiving.receive(stateOf(9), 0, new Uint8Array(4))).toBeNull()
  durable.appliedIndex = asIndex(5)
  expect(await receiving.receive(stateOf(9), 0, new Uint8Array(4))).toBe(4)
  expect(events).toEqual(['begin 5', '10 bytes', 'whole', 'begin 9', '4 bytes'])
})

it('a state machine that keeps nothing cannot take one', async () => {
  const { storage } = setUp()
  await expect(new StateReceiving(null, storage.snapshots).receive(stateOf(5), 0, new Uint8Array(4))).rejects.toMatchObject({
    code: 'STATE_MACHINE_FAILED',
  })
})
