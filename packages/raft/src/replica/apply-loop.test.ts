import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../memory/manual-clock.js'
import type { LogIndex } from '../types.js'
import { asIndex, asTerm, EntryType } from '../types.js'
import type { ApplyHooks, Cut } from './apply-loop.js'
import { ApplyLoop, START } from './apply-loop.js'
import { CallGuards } from './calls.js'
import { ProposalTable } from './proposals.js'
import { configurationOf } from './configuration.test-support.js'
import { entryOf, metaOf, ScriptedCore } from './scripted-core.test-support.js'
import { bytesOf, WordList } from './word-list.test-support.js'
import { TestDisk, TestStorage } from './storage.test-support.js'

describe('apply loop', () => {
  let clock: ManualClock
  let core: ScriptedCore
  let disk: TestDisk
  let storage: TestStorage
  let machine: WordList
  let proposals: ProposalTable<number>
  let loop: ApplyLoop<number>
  let applied: LogIndex[]
  let restored: number[]
  let failures: unknown[]
  let hooks: ApplyHooks

  const settle = (): Promise<void> => clock.advanceAsync(0)

  beforeEach(() => {
    clock = new ManualClock()
    core = new ScriptedCore()
    disk = new TestDisk(configurationOf(3))
    storage = new TestStorage(disk)
    machine = new WordList()
    proposals = new ProposalTable({ maxCommandBytes: 100, maxPendingProposals: 100 }, new CallGuards(clock))
    applied = []
    restored = []
    failures = []
    hooks = {
      applied: (index) => applied.push(index),
      restored: (meta) => restored.push(meta.index),
      failed: (error) => failures.push(error),
      track: () => undefined,
    }
    const limits = { maxApplyEntries: 2, maxApplyBytes: 1000, maxApplyMs: Infinity }
    loop = new ApplyLoop<number>({ core, storage, machine, clock, proposals, limits, hooks, start: START })
  })

  const inMemory = (...words: string[]): void => {
    core.memory = words.map((word, position) => entryOf(position + 1, word))
  }
  const commit = (index: number): void => {
    loop.commit(asIndex(index))
    loop.pump()
  }
  /** A received snapshot of these words, installed as soon as `installed` resolves. */
  const install = (index: number, words: string): void => {
    disk.snapshot = { meta: metaOf(index), chunks: words === '' ? [] : [bytesOf(words)] }
  }

  it('applies in order and in bounded batches, one per turn', async () => {
    inMemory('a', 'b', 'c', 'd', 'e')
    commit(5)
    expect(machine.words).toEqual(['a', 'b'])
    await settle()
    expect(machine.words).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(machine.batches).toEqual([2, 2, 1])
    expect(applied).toEqual([2, 4, 5])
    expect(clock.pending).toBe(0)
  })

  it('applies fewer at a time while that takes long, and loses nothing', async () => {
    const start = clock.now.bind(clock)
    let spentMs = 0
    clock.now = () => start() + spentMs
    const apply = machine.apply.bind(machine)
    machine.apply = (batch) => {
      spentMs += batch.length
      return apply(batch)
    }
    const limits = { maxApplyEntries: 40, maxApplyBytes: 1000, maxApplyMs: 20 }
    loop = new ApplyLoop<number>({ core, storage, machine, clock, proposals, limits, hooks, start: START })
    const words = Array.from({ length: 100 }, (_, at) => `w${at}`)
    inMemory(...words)
    commit(100)
    await settle()
    expect(machine.batches).toEqual([40, 20, 20, 20])
    expect(machine.words).toEqual(words)
  })

  it('applies only what is committed', async () => {
    inMemory('a', 'b', 'c')
    commit(1)
    await settle()
    expect(machine.words).toEqual(['a'])
  })

  it('reads what is no longer in memory from storage', async () => {
    disk.entries = ['a', 'b', 'c'].map((word, position) => entryOf(position + 1, word))
    core.memory = disk.entries.slice(2)
    commit(3)
    await settle()
    expect(machine.words).toEqual(['a', 'b', 'c'])
    expect(storage.readCalls).toBe(1)
  })

  it('counts entries that are not commands without showing them to the machine', async () => {
    core.memory = [{ ...entryOf(1, ''), type: EntryType.noop }, entryOf(2, 'a')]
    commit(2)
    await settle()
    expect(machine.words).toEqual(['a'])
    expect(loop.appliedIndex).toBe(2)
  })

  it('waits for a slow machine and loses nothing', async () => {
    let open = (): void => undefined
    machine.gate = new Promise((resolve) => {
      open = resolve
    })
    inMemory('a', 'b', 'c')
    commit(1)
    expect(loop.atRest).toBe(false)
    commit(2)
    commit(3)
    await settle()
    expect(machine.words).toEqual([])
    expect(machine.batches).toEqual([1])
    machine.gate = null
    open()
    await settle()
    expect(machine.words).toEqual(['a', 'b', 'c'])
    expect(loop.atRest).toBe(true)
  })

  it('gives each waiter the result of its own command', async () => {
    const calls = ['a', 'b'].map((word) => proposals.add(EntryType.command, bytesOf(word), {}))
    const outcomes = proposals.take().map(({ ref }, position) => ({ ref, index: asIndex(position + 2), term: asTerm(1) }))
    proposals.outcomes(outcomes, asTerm(1), () => '')
    core.memory = [{ ...entryOf(1, ''), type: EntryType.noop }, entryOf(2, 'a'), entryOf(3, 'b')]
    commit(3)
    await settle()
    expect((await Promise.all(calls)).map(({ result }) => result)).toEqual([1, 2])
  })

  it('makes a throw of the machine fatal', async () => {
    machine.failure = new Error('out of order')
    inMemory('a')
    expect(() => commit(1)).toThrow(expect.objectContaining({ code: 'STATE_MACHINE_FAILED', cause: machine.failure }))
  })

  it('makes a rejection of the machine fatal', async () => {
    machine.gate = Promise.reject(new Error('later'))
    inMemory('a')
    commit(1)
    await settle()
    expect(failures).toEqual([expect.objectContaining({ code: 'STATE_MACHINE_FAILED' })])
    expect(applied).toEqual([])
  })

  it('wants one result per command', () => {
    machine.apply = () => []
    inMemory('a')
    expect(() => commit(1)).toThrow(/answered 1 commands with 0 results/)
  })

  it('never applies with a gap', () => {
    core.entries = () => [entryOf(1, 'a'), entryOf(3, 'c')]
    expect(() => commit(3)).toThrow(/without a gap/)
    expect(machine.words).toEqual([])
  })

  it('never applies an entry twice', () => {
    core.entries = () => [entryOf(1, 'a')]
    commit(1)
    expect(() => commit(2)).toThrow(/in order/)
    expect(machine.words).toEqual(['a'])
  })

  it('stops when committed entries are neither in memory nor in storage', async () => {
    commit(1)
    await settle()
    expect(failures).toEqual([expect.objectContaining({ code: 'INVARIANT' })])
  })

  it('puts a snapshot into the stream: what it covers is skipped, what follows it is applied', async () => {
    inMemory('a', 'b', 'c', 'd', 'e')
    loop.commit(asIndex(5))
    install(4, 'w x y z')
    loop.restore(metaOf(4), Promise.resolve())
    loop.pump()
    await settle()
    expect(machine.words).toEqual(['w', 'x', 'y', 'z', 'e'])
    expect(restored).toEqual([4])
    expect(applied).toEqual([5])
  })

  it('restores only when the file is installed, and applies nothing meanwhile', async () => {
    let installed = (): void => undefined
    inMemory('a')
    loop.restore(metaOf(4), new Promise<void>((resolve) => (installed = resolve)))
    loop.pump()
    loop.pump()
    await settle()
    expect(machine.restores).toBe(0)
    install(4, 'w x y z')
    installed()
    await settle()
    expect(machine.words).toEqual(['w', 'x', 'y', 'z'])
  })

  it('an empty snapshot resets the machine', async () => {
    machine.words = ['old']
    install(4, '')
    loop.restore(metaOf(4), Promise.resolve())
    loop.pump()
    await settle()
    expect(machine.words).toEqual([])
    expect(loop.appliedIndex).toBe(4)
  })

  it('never goes backwards', async () => {
    inMemory('a', 'b', 'c')
    commit(3)
    await settle()
    install(2, 'old state')
    loop.restore(metaOf(2), Promise.resolve())
    loop.pump()
    await settle()
    expect(machine.words).toEqual(['a', 'b', 'c'])
    expect(restored).toEqual([])
  })

  it('a second snapshot that comes before the first is installed takes its place', async () => {
    let first = (): void => undefined
    loop.restore(metaOf(4), new Promise<void>((resolve) => (first = resolve)))
    loop.pump()
    install(8, 'newer')
    loop.restore(metaOf(8), Promise.resolve())
    first()
    await settle()
    expect(restored).toEqual([8])
    expect(machine.words).toEqual(['newer'])
  })

  it('a second snapshot that comes while the first goes in follows it', async () => {
    let open = (): void => undefined
    machine.restoreGate = new Promise((resolve) => (open = resolve))
    install(4, 'older')
    loop.restore(metaOf(4), Promise.resolve())
    loop.pump()
    await settle()
    expect(loop.readable).toBe(false)
    install(8, 'newer')
    loop.restore(metaOf(8), Promise.resolve())
    loop.pump()
    open()
    await settle()
    expect(restored).toEqual([4, 8])
    expect(machine.words).toEqual(['newer'])
    expect(loop.readable).toBe(true)
  })

  it('a snapshot that overtakes a read of the log wins over it', async () => {
    let open = (): void => undefined
    storage.readGate = new Promise((resolve) => (open = resolve))
    commit(2)
    install(4, 'w x')
    loop.restore(metaOf(4), Promise.resolve())
    loop.pump()
    open()
    await settle()
    expect(failures).toEqual([])
    expect(machine.words).toEqual(['w', 'x'])
  })

  it('offers cuts between batches only', async () => {
    let open = (): void => undefined
    const cuts: (Cut & { readonly words: number })[] = []
    const cut = (at: Cut): void => void cuts.push({ ...at, words: machine.words.length })
    inMemory('a', 'b', 'c', 'd', 'e')
    commit(1)
    loop.whenAtRest(cut)
    machine.gate = new Promise((resolve) => (open = resolve))
    commit(5)
    loop.whenAtRest(cut)
    expect(cuts).toHaveLength(1)
    open()
    await settle()
    expect(cuts).toEqual([
      { index: 1, term: 1, timeMs: 10, before: START, words: 1 },
      { index: 3, term: 1, timeMs: 30, before: { index: 2, term: 1, timeMs: 20 }, words: 3 },
    ])
  })

  it('does nothing more once it is stopped, also in the middle of a batch', async () => {
    let open = (): void => undefined
    machine.gate = new Promise((resolve) => (open = resolve))
    inMemory('a', 'b')
    commit(2)
    loop.stop()
    open()
    await settle()
    expect(applied).toEqual([])
    loop.pump()
    expect(machine.batches).toEqual([2])
  })
})
