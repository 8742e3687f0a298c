import type { AdminAnswer, HashMark } from '@balsa/kv'
import { asMemberId, BalsaError, ManualClock, SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { DivergenceWatch } from './divergence-watch.js'

const mark = (index: number, hash: string): HashMark => ({ index, hash })

/** Member 1 of `size`; the others answer what stands in `answers`. */
function watch(size: number, marks: readonly HashMark[]) {
  const clock = new ManualClock()
  const answers = new Map<string, readonly HashMark[] | 'silent' | 'another'>()
  const lines: { readonly level: string; readonly fields: object; readonly text: string }[] = []
  const write = (level: string) => (fields: object, text: string) => void lines.push({ level, fields, text })
  const ids = Array.from({ length: size - 1 }, (_, at) => at + 2)
  const members = new Set(ids)
  const own = { marks }
  const watched = new DivergenceWatch({
    clock,
    random: new SeededRandom(1),
    logger: { error: write('error'), info: write('info') },
    everyMs: 5000,
    others: () => [...members].map((id) => ({ id: asMemberId(id), name: `n${id}`, clientAddress: `c:${id}` })),
    marks: () => own.marks,
    link: {
      close: () => void lines.push({ level: 'closed', fields: {}, text: '' }),
      ask: (address): Promise<AdminAnswer> => {
        const answer = answers.get(address) ?? marks
        if (answer === 'silent') return Promise.reject(new BalsaError('UNAVAILABLE', 'nobody is there'))
        const memberId = answer === 'another' ? 99 : Number(address.slice(2))
        return Promise.resolve({ type: 'stateHashes', memberId, marks: answer === 'another' ? [mark(5, 'x')] : answer })
      },
    },
  })
  return { watched, clock, answers, lines, members, own }
}

const GOOD = [mark(1, 'a'), mark(5, 'b')]

describe('the watch over equal states', () => {
  it('is silent while all agree, are silent, have no place in common, or are somebody else', async () => {
    const { watched, answers, lines } = watch(5, GOOD)
    answers.set('c:3', 'silent')
    answers.set('c:4', [mark(7, 'z')])
    answers.set('c:5', 'another')
    await watched.check()
    expect([watched.current, lines]).toEqual([null, []])
  })

  it('finds who is alone: the others keep their good conscience', async () => {
    const good = watch(3, GOOD)
    good.answers.set('c:3', [mark(1, 'a'), mark(5, 'bad')])
    await good.watched.check()
    expect(good.watched.current).toMatchObject({
      suspect: 'other',
      members: [3],
      text: expect.stringMatching(/n3 at index 5: most members agree/),
    })
    const bad = watch(3, [mark(1, 'a'), mark(5, 'bad')])
    for (const address of ['c:2', 'c:3']) bad.answers.set(address, GOOD)
    await bad.watched.check()
    expect(bad.watched.current).toMatchObject({ suspect: 'this', members: [2, 3] })
    const two = watch(2, GOOD)
    two.answers.set('c:2', [mark(5, 'bad')])
    await two.watched.check()
    expect(two.watched.current).toMatchObject({ suspect: 'unknown' })
  })

  it('believes the newest common place, and forgets what was mended or is gone', async () => {
    const { watched, answers, lines, members, own } = watch(3, GOOD)
    answers.set('c:2', [mark(1, 'bad'), mark(5, 'b')])
    answers.set('c:3', [mark(5, 'bad')])
    await watched.check()
    expect(watched.current?.members).toEqual([3])
    answers.set('c:3', 'silent')
    await watched.check()
    expect(watched.current?.members).toEqual([3])
    own.marks = [mark(9, 'c')]
    answers.set('c:3', [mark(9, 'c')])
    await watched.check()
    expect(watched.current).toBeNull()
    expect(lines.at(-1)).toMatchObject({ level: 'info', text: 'the states of the members agree again' })
    answers.set('c:2', [mark(9, 'bad')])
    await watched.check()
    expect(watched.current?.members).toEqual([2])
    members.delete(2)
    await watched.check()
    expect(watched.current).toBeNull()
  })

  it('asks by itself, says it loudly once, again while it lasts, and nothing when it is stopped', async () => {
    const { watched, clock, answers, lines } = watch(3, GOOD)
    answers.set('c:3', [mark(5, 'bad')])
    await clock.advanceAsync(20_000)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: 'error',
      fields: { member: 'n3', index: 5, ours: 'b', theirs: 'bad', suspect: 'other' },
      text: expect.stringMatching(/^DIVERGED: /),
    })
    await clock.advanceAsync(11 * 60_000)
    expect(lines).toHaveLength(2)
    watched.stop()
    expect([clock.pending, lines.at(-1)?.level]).toEqual([0, 'closed'])
  })
})
