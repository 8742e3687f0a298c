import { type AppliedCommand, asIndex, asTerm, ByteReader, ByteWriter } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { MemoryBackend } from '../backend/memory-backend.js'
import { type Command, encodeCommand } from '../command.js'
import { KvStateMachine } from '../kv-state-machine.js'
import { alarmsWith, type RaisedAlarm, readAlarm, writeAlarm } from './alarms.js'
import { readCounters } from './counters.js'

const full: RaisedAlarm = { kind: 'noSpace', member: 1n }
const corrupt: RaisedAlarm = { kind: 'corrupt', member: -1n }
const key = new Uint8Array([107])

class Machine {
  readonly backend = new MemoryBackend()
  readonly machine = new KvStateMachine({ backend: this.backend })
  #index = 0

  run(command: Command, timeMs = 1): string {
    this.#index += 1
    const entry: AppliedCommand = { index: asIndex(this.#index), term: asTerm(1), timeMs, command: encodeCommand(command) }
    const [result] = this.machine.applyAtOnce([entry])
    return result?.type === 'refused' ? result.code : (result?.type ?? '')
  }

  get alarms(): readonly RaisedAlarm[] {
    return this.machine.query({ type: 'stats' }).alarms
  }
}

const put: Command = { type: 'put', stamp: null, key, value: key }
const remove: Command = { type: 'delete', stamp: null, key }
const txn = (type: 'put' | 'delete'): Command => ({
  type: 'txn',
  stamp: null,
  txn: {
    compares: [],
    success: [
      type === 'put' ? { type, key, value: key, lease: 0n, previous: false } : { type, key, rangeEnd: new Uint8Array(0), previous: false },
    ],
    failure: [],
  },
})
const grant: Command = { type: 'leaseGrant', stamp: null, lease: 5n, ttlMs: 1000 }

describe('alarms raised by hand', () => {
  it('are a set, with an end', () => {
    expect(alarmsWith(alarmsWith([], full, true), full, true)).toEqual([full])
    expect(alarmsWith([full, corrupt], full, false)).toEqual([corrupt])
    let many: readonly RaisedAlarm[] = []
    for (let member = 0n; member < 500n; member += 1n) many = alarmsWith(many, { kind: 'corrupt', member }, true)
    expect(many).toHaveLength(100)
  })

  it('are bytes; an unknown one is none', () => {
    const writer = new ByteWriter(16)
    writeAlarm(writer, corrupt)
    expect(readAlarm(new ByteReader(writer.take(), 'alarm'))).toEqual(corrupt)
    expect(() => readAlarm(new ByteReader(new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 0]), 'alarm'))).toThrow(/unknown/)
  })

  it('NOSPACE: what would add is refused, the rest goes on', () => {
    const store = new Machine()
    store.run(put)
    expect(store.run({ type: 'alarm', raise: true, alarm: full })).toBe('advanced')
    expect([put, txn('put'), grant, { ...put, type: 'append' } as const].map((command) => store.run(command))).toEqual([
      'NO_SPACE',
      'NO_SPACE',
      'NO_SPACE',
      'NO_SPACE',
    ])
    expect([txn('delete'), remove].map((command) => store.run(command))).toEqual(['txn', 'deleted'])
    store.run({ type: 'alarm', raise: false, alarm: full })
    expect([store.run(put), store.alarms]).toEqual(['written', []])
  })

  it('CORRUPT: nothing is written, but leases are kept alive and end', () => {
    const store = new Machine()
    for (const command of [put, grant]) store.run(command)
    store.run({ type: 'alarm', raise: true, alarm: corrupt })
    const commands: readonly Command[] = [
      put,
      remove,
      txn('delete'),
      grant,
      { type: 'leaseRevoke', stamp: null, lease: 5n },
      { type: 'compact', stamp: null, revision: 1 },
    ]
    expect(new Set(commands.map((command) => store.run(command)))).toEqual(new Set(['CORRUPT_ALARM']))
    expect(store.run({ type: 'leaseKeepAlive', stamp: null, lease: 5n })).toBe('leaseKept')
    store.run({ type: 'advance' }, 5000)
    expect(store.machine.query({ type: 'leases', from: 0n }).leases).toEqual([])
    store.run({ type: 'alarm', raise: false, alarm: corrupt })
    expect(store.run(put)).toBe('written')
  })

  it('are in the tables and in snapshots; a store without any has the bytes that it always had', async () => {
    const store = new Machine()
    store.run(put)
    const before = store.backend.get('meta', 'counters')
    store.run({ type: 'alarm', raise: true, alarm: full })
    store.run({ type: 'alarm', raise: true, alarm: corrupt })
    expect(readCounters(store.backend).alarms).toEqual([full, corrupt])
    const copy = new KvStateMachine()
    await copy.restore(store.machine.snapshot())
    expect(copy.query({ type: 'stats' }).alarms).toEqual([full, corrupt])
    for (const alarm of [full, corrupt]) store.run({ type: 'alarm', raise: false, alarm })
    expect(store.backend.get('meta', 'counters')).toEqual(before)
  })
})
