import { BalsaError, SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { checkHistory } from './check.js'
import { checkJsonLines, parseHistory } from './json-lines.js'
import type { Model, Operation } from './model.js'
import { type RegisterInput, registerModel, type RegisterOutput } from './register.js'
import { search } from './search.js'
import { versionedModel } from './versioned.js'

type RegisterOperation = Operation<RegisterInput, RegisterOutput>

function operation(
  process: number,
  calledAt: number,
  returnedAt: number,
  input: RegisterInput,
  output: RegisterOutput | null,
): RegisterOperation {
  return { process, key: 'k', input, output, calledAt, returnedAt, calledMs: calledAt, returnedMs: returnedAt }
}

/** Every order, tried by hand: the definition itself, for histories of a few operations. */
function bruteForce<State, Input, Output>(operations: readonly Operation<Input, Output>[], model: Model<State, Input, Output>): boolean {
  const tryNext = (left: readonly Operation<Input, Output>[], state: State): boolean => {
    if (left.every(({ returnedAt }) => returnedAt === Infinity)) return true
    return left.some((candidate) => {
      if (left.some((other) => other.returnedAt < candidate.calledAt)) return false
      const next = model.step(state, candidate.input, candidate.output)
      return (
        next !== undefined &&
        tryNext(
          left.filter((other) => other !== candidate),
          next,
        )
      )
    })
  }
  return tryNext(operations, model.initial)
}

function randomHistory(random: SeededRandom): RegisterOperation[] {
  const value = (): string => String(random.int(2))
  return Array.from({ length: 2 + random.int(5) }, (_, process) => {
    const calledAt = random.int(12)
    const open = random.bool(0.2)
    const input: RegisterInput = random.pick<RegisterInput>([
      { f: 'get' },
      { f: 'get' },
      { f: 'put', value: value() },
      { f: 'append', value: value() },
      { f: 'delete' },
      { f: 'cas', expected: random.bool() ? null : value(), value: value() },
    ])
    const seen: RegisterOutput =
      input.f === 'get' ? { value: random.pick([null, '0', '1', '01']) } : input.f === 'cas' ? { swapped: random.bool() } : 'done'
    return operation(process, calledAt * 2, open ? Infinity : (calledAt + 1 + random.int(6)) * 2 + 1, input, open ? null : seen)
  })
}

describe('the search', () => {
  it('agrees with trying every order, on random small histories', () => {
    const verdicts = { linearizable: 0, 'not linearizable': 0, undecided: 0 }
    for (let seed = 1; seed <= 3000; seed++) {
      const history = randomHistory(new SeededRandom(seed))
      const { verdict } = checkHistory(history, registerModel)
      verdicts[verdict]++
      const expected = bruteForce(history, registerModel) ? 'linearizable' : 'not linearizable'
      expect(verdict, `seed ${seed} of randomHistory: ${JSON.stringify(history)}`).toBe(expected)
    }
    // Both kinds were there.
    expect(verdicts.linearizable).toBeGreaterThan(300)
    expect(verdicts['not linearizable']).toBeGreaterThan(300)
  })

  it('finds a stale read, and says what is impossible', () => {
    const history = [operation(1, 1, 2, { f: 'put', value: 'a' }, 'done'), operation(2, 3, 4, { f: 'get' }, { value: null })]
    const result = checkHistory(history, registerModel)
    expect(result.verdict).toBe('not linearizable')
    expect(result.failures[0]?.explanation).toContain('then the state is "a"')
    expect(result.failures[0]?.explanation).toContain('get -> absent')
  })

  it('lets an operation of unknown outcome take effect long after, or never', () => {
    const lost = operation(1, 1, Infinity, { f: 'put', value: 'a' }, null)
    const read = (at: number, value: string | null): RegisterOperation => operation(2, at, at + 1, { f: 'get' }, { value })
    expect(checkHistory([lost, read(3, null), read(5, 'a')], registerModel).verdict).toBe('linearizable')
    expect(checkHistory([lost, read(3, null), read(5, null)], registerModel).verdict).toBe('linearizable')
    expect(checkHistory([lost, read(3, 'a'), read(5, null)], registerModel).verdict).toBe('not linearizable')
  })

  it('names the longest order that works and what was under way', () => {
    const history = [
      operation(1, 1, 2, { f: 'put', value: 'a' }, 'done'),
      operation(2, 3, 6, { f: 'get' }, { value: 'b' }),
      operation(3, 4, 5, { f: 'put', value: 'c' }, 'done'),
    ]
    const result = search(history, registerModel, 1000)
    expect(result.verdict === 'not linearizable' && result.stuck.order.map(({ process }) => process)).toEqual([1, 3])
    expect(result.verdict === 'not linearizable' && result.stuck.impossible.map(({ process }) => process)).toEqual([2])
  })

  it('reports an exhausted budget as undecided', () => {
    const history = [operation(1, 1, 2, { f: 'put', value: 'a' }, 'done'), operation(2, 3, 4, { f: 'get' }, { value: 'a' })]
    const result = checkHistory(history, registerModel, { maxSteps: 1 })
    expect(result.verdict).toBe('undecided')
    expect(result.failures[0]?.explanation).toContain('not decided within 1 steps')
  })

  it('decides a long history of a few clients', () => {
    const history: RegisterOperation[] = []
    for (let i = 0; i < 20_000; i++) {
      const input: RegisterInput = i % 2 === 0 ? { f: 'put', value: String(i) } : { f: 'get' }
      history.push(operation(i % 3, i * 2, i * 2 + 1, input, i % 2 === 0 ? 'done' : { value: String(i - 1) }))
    }
    expect(checkHistory(history, registerModel).verdict).toBe('linearizable')
  })

  it('checks each key alone', () => {
    const first = operation(1, 1, 2, { f: 'put', value: 'a' }, 'done')
    const other = { ...operation(2, 3, 4, { f: 'get' }, { value: null }), key: 'other' }
    expect(checkHistory([first, other], registerModel).verdict).toBe('linearizable')
  })
})

describe('the versioned register', () => {
  const put = (calledAt: number, version: number, output: 'ok' | 'version' | 'noKey' | 'maybe') => ({
    ...operation(1, calledAt, calledAt + 1, { f: 'get' }, null),
    input: { f: 'put', value: `v${calledAt}`, version } as const,
    output,
  })
  const get = (calledAt: number, value: string | null, version: number) => ({
    ...operation(1, calledAt, calledAt + 1, { f: 'get' }, null),
    input: { f: 'get' } as const,
    output: { value, version },
  })

  it('knows versions, missing keys and puts that may have happened', () => {
    expect(checkHistory([put(1, 1, 'noKey'), put(3, 0, 'ok'), put(5, 0, 'version'), get(7, 'v3', 1)], versionedModel).verdict).toBe(
      'linearizable',
    )
    expect(checkHistory([put(1, 0, 'maybe'), get(3, 'v1', 1), put(5, 9, 'maybe'), get(7, 'v1', 1)], versionedModel).verdict).toBe(
      'linearizable',
    )
  })

  it('catches a wrong version even when the value is right', () => {
    expect(checkHistory([put(1, 0, 'ok'), get(3, 'v1', 2)], versionedModel).verdict).toBe('not linearizable')
    expect(checkHistory([put(1, 0, 'ok'), put(3, 0, 'ok')], versionedModel).verdict).toBe('not linearizable')
  })
})

describe('JSON lines', () => {
  const lines = (...events: readonly object[]): string => events.map((event) => JSON.stringify(event)).join('\n')

  it('reads every function and drops what surely did not happen', () => {
    const text = lines(
      { process: 0, type: 'invoke', f: 'put', key: 'k', value: 'a', time: 1 },
      { process: 1, type: 'invoke', f: 'append', key: 'k', value: 'b', time: 2 },
      { process: 0, type: 'ok', f: 'put', key: 'k', value: 'a', time: 3 },
      { process: 1, type: 'fail', f: 'append', key: 'k', value: 'b', time: 4 },
      { process: 0, type: 'invoke', f: 'cas', key: 'k', value: ['a', 'c'], time: 5 },
      { process: 0, type: 'ok', f: 'cas', key: 'k', value: ['a', 'c'], time: 6 },
      { process: 0, type: 'invoke', f: 'get', key: 'k', time: 7 },
      { process: 0, type: 'ok', f: 'get', key: 'k', value: 'c', time: 8 },
      { process: 0, type: 'invoke', f: 'delete', key: 'k', time: 9 },
      { process: 0, type: 'info', f: 'delete', key: 'k', time: 10 },
    )
    expect(parseHistory(text)).toHaveLength(4)
    expect(checkJsonLines(text).verdict).toBe('linearizable')
    expect(checkJsonLines(text.replace('"value":"c","time":8', '"value":"ab","time":8')).verdict).toBe('not linearizable')
  })

  it('counts the order of the lines, not the time', () => {
    const text = lines(
      { process: 0, type: 'invoke', f: 'put', key: 'k', value: 'a', time: 5 },
      { process: 0, type: 'ok', f: 'put', key: 'k', value: 'a', time: 5 },
      { process: 1, type: 'invoke', f: 'get', key: 'k', time: 5 },
      { process: 1, type: 'ok', f: 'get', key: 'k', value: null, time: 5 },
    )
    expect(checkJsonLines(text).verdict).toBe('not linearizable')
  })

  it.each([
    ['not json', 'line 1: not JSON'],
    ['{"process":0,"type":"ok","f":"get","key":"k"}', 'line 1: process 0 has nothing under way'],
    ['{"process":0,"type":"invoke","f":"steal","key":"k"}', 'line 1: f is not one of'],
    ['{"process":0,"type":"invoke","f":"cas","key":"k","value":"x"}', 'line 1: the value of a cas'],
  ])('refuses %s', (text, message) => {
    expect(() => parseHistory(text)).toThrow(BalsaError)
    expect(() => parseHistory(text)).toThrow(message)
  })
})
