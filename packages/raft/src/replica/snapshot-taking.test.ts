import { describe, expect, it } from 'vitest'
import type { Input } from '../core/effects.js'
import { BalsaError } from '../errors.js'
import { ManualClock } from '../memory/manual-clock.js'
import type { SnapshotMeta } from '../types.js'
import { asIndex, asMemberId } from '../types.js'
import { ApplyLoop, START } from './apply-loop.js'
import { CallGuards } from './calls.js'
import { ProposalTable } from './proposals.js'
import { SnapshotTaker } from './snapshot-taking.js'
import { configurationOf } from './configuration.test-support.js'
import { entryOf, metaOf, ScriptedCore } from './scripted-core.test-support.js'
import { textOf, WordList } from './word-list.test-support.js'
import { TestDisk, TestStorage } from './storage.test-support.js'

type Taken = Extract<Input, { type: 'snapshotTaken' }>

let clock: ManualClock
let core: ScriptedCore
let storage: TestStorage
let machine: WordList
let loop: ApplyLoop<number>
let taker: SnapshotTaker<number>
let inputs: Taken[]
let failures: unknown[]

function setUp(policy: { maxLogBytes: number; trailingEntries: number }): void {
  clock = new ManualClock()
  core = new ScriptedCore()
  storage = new TestStorage(new TestDisk(configurationOf(3)))
  machine = new WordList()
  inputs = []
  failures = []
  const hooks = {
    input: (input: Input): void => void (input.type === 'snapshotTaken' && inputs.push(input)),
    taken: (): void => undefined,
    failed: (error: unknown): void => void failures.push(error),
    track: (): void => undefined,
  }
  loop = new ApplyLoop<number>({
    core,
    storage,
    machine,
    clock,
    proposals: new ProposalTable({ maxCommandBytes: 100, maxPendingProposals: 100 }, new CallGuards(clock)),
    limits: { maxApplyEntries: 1, maxApplyBytes: 1000, maxApplyMs: Infinity },
    hooks: { ...hooks, applied: (_index, bytes) => taker.applied(bytes), restored: (meta) => taker.restored(meta) },
    start: START,
  })
  taker = new SnapshotTaker<number>({ core, storage, machine, applyLoop: loop, policy, hooks })
}

/** Appends to memory and disk and commits. Every entry counts 32 bytes and its word. */
function write(...words: string[]): void {
  const entries = words.map((word, position) => entryOf(core.lastIndex + 1 + position, word))
  core.memory.push(...entries)
  storage.disk.entries.push(...entries)
  loop.commit(core.lastIndex)
  loop.pump()
}

const settle = (): Promise<void> => clock.advanceAsync(0)
/** What the snapshot of this index holds. */
const contents = (): string => (storage.disk.snapshot?.chunks ?? []).map(textOf).join('').trim()

describe('by the size of the log', () => {
  it('takes one when the limit is passed, and tells the core what to keep', async () => {
    setUp({ maxLogBytes: 100, trailingEntries: 1 })
    write('a', 'b', 'c')
    await settle()
    expect(inputs).toEqual([])
    write('d')
    await settle()
    expect(inputs.map(({ meta, firstIndexToKeep }) => [meta.index, firstIndexToKeep])).toEqual([[4, 4]])
    expect(contents()).toBe('a b c d')
    expect(storage.latest).toMatchObject({ index: 4, term: 1, timeMs: 40, configuration: core.configuration })
  })

  it('never with -1', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    write(...Array.from({ length: 100 }, () => 'word'))
    await settle()
    expect(inputs).toEqual([])
  })

  it('does not loop when the log stays long whatever is done', async () => {
    setUp({ maxLogBytes: 100, trailingEntries: 1000 })
    Object.defineProperty(storage, 'logBytes', { value: 1_000_000 })
    write(...Array.from({ length: 40 }, () => 'abcdefgh'))
    await settle()
    // 40 bytes each: one snapshot per half a limit of progress at most.
    expect(inputs.length).toBeGreaterThan(5)
    expect(inputs.length).toBeLessThanOrEqual(20)
  })

  it('waits for a running transfer, but not for ever', async () => {
    setUp({ maxLogBytes: 100, trailingEntries: 0 })
    core.progress = [
      {
        id: asMemberId(2),
        role: 'voter',
        state: 'snapshot',
        matchIndex: asIndex(0),
        nextIndex: asIndex(1),
        lastContactMs: 0,
        health: 'unknown',
        rounds: null,
      },
    ]
    write('a', 'b', 'c', 'd', 'e')
    await settle()
    expect(inputs).toEqual([])
    write(...Array.from({ length: 5 }, () => 'word'))
    await settle()
    expect(inputs).toHaveLength(1)
  })
})

describe('by the service', () => {
  it('takes one when asked, at exactly the applied index', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    write('a', 'b')
    await settle()
    const snapshot = taker.take()
    // The cut is made: what is applied from here on is not part of it, although nothing is written yet.
    write('c')
    await settle()
    expect((await snapshot).index).toBe(2)
    expect(contents()).toBe('a b')
  })

  it('takes one when the apply step wants it, once per progress', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    machine.wants = true
    write('a')
    await settle()
    await settle()
    expect(inputs.map(({ meta }) => meta.index)).toEqual([1])
  })

  it('gives the newest one when nothing was applied since, and refuses when nothing ever was', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    await expect(taker.take()).rejects.toMatchObject({ code: 'INVALID' })
    write('a')
    await settle()
    const first = taker.take()
    await settle()
    expect(await taker.take()).toEqual(await first)
    expect(inputs).toHaveLength(1)
  })

  it('one at a time: a call during a snapshot gets one that covers what was applied when it called', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    let open = (): void => undefined
    storage.writeGate = new Promise((resolve) => (open = resolve))
    write('a')
    const first = taker.take()
    await settle()
    write('b')
    await settle()
    const second = taker.take()
    const third = taker.take()
    open()
    await settle()
    expect((await Promise.all([first, second, third])).map((meta: SnapshotMeta) => meta.index)).toEqual([1, 2, 2])
    expect(inputs).toHaveLength(2)
  })

  it('in the middle of a batch waits for its end', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    write('a')
    await settle()
    let open = (): void => undefined
    machine.gate = new Promise((resolve) => (open = resolve))
    write('b')
    machine.gate = null
    const snapshot = taker.take()
    expect(machine.openSnapshots).toBe(0)
    open()
    await settle()
    expect((await snapshot).index).toBe(2)
    expect(contents()).toBe('a b')
  })

  it('is served by a snapshot of the leader that comes meanwhile', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    storage.writeGate = new Promise(() => undefined)
    write('a')
    const snapshot = taker.take()
    taker.restored(metaOf(5))
    expect((await snapshot).index).toBe(5)
  })
})

describe('trouble', () => {
  it('with the machine is fatal', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    write('a')
    machine.snapshotGate = Promise.reject(new Error('cannot read my state'))
    void taker.take().catch(() => undefined)
    await settle()
    expect(failures).toEqual([expect.objectContaining({ code: 'STATE_MACHINE_FAILED' })])
    expect(machine.openSnapshots).toBe(0)
  })

  it('with the machine at the cut is fatal', () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    write('a')
    machine.snapshot = () => {
      throw new Error('no')
    }
    void taker.take().catch(() => undefined)
    expect(failures).toEqual([expect.objectContaining({ code: 'STATE_MACHINE_FAILED' })])
  })

  it('with the disk is fatal', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    storage.write = () => Promise.reject(new BalsaError('DISK_FULL', 'no space'))
    write('a')
    void taker.take().catch(() => undefined)
    await settle()
    expect(failures).toEqual([expect.objectContaining({ code: 'DISK_FULL' })])
  })

  it('stopping lets go of the machine in the middle of a snapshot', async () => {
    setUp({ maxLogBytes: -1, trailingEntries: 0 })
    let open = (): void => undefined
    machine.snapshotGate = new Promise((resolve) => (open = resolve))
    machine.wordsPerChunk = 1
    write('a', 'b', 'c')
    await settle()
    const call = expect(taker.take()).rejects.toMatchObject({ code: 'STOPPED' })
    await settle()
    expect(machine.openSnapshots).toBe(1)
    taker.stop()
    open()
    await settle()
    await call
    expect(machine.openSnapshots).toBe(0)
    expect(inputs).toEqual([])
    expect(failures).toEqual([])
    expect(storage.latest).toBeNull()
  })
})
