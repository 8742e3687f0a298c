import { BalsaError, ERROR_FAMILIES, type ErrorCode } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { decodeBytes, displayBytes, encodingOf, jsonBytes } from './bytes.js'
import { commonOptions } from './options.js'
import { table, tabbed } from './output.js'
import { describeError, exitCodeOf, printable, UsageError } from './text.js'

describe('exitCodeOf', () => {
  it('is 6 exactly when the outcome is unknown or this side failed fatally', () => {
    for (const code of Object.keys(ERROR_FAMILIES) as ErrorCode[]) {
      expect(exitCodeOf(new BalsaError(code, 'x')) === 6, code).toBe(ERROR_FAMILIES[code] === 'unknown')
    }
  })

  it.each<[unknown, number]>([
    [new UsageError('x'), 2],
    [new BalsaError('COMPARE_FAILED', 'x'), 3],
    [new BalsaError('NO_LEADER', 'x'), 4],
    [new BalsaError('DEADLINE', 'x'), 4],
    [new BalsaError('TOO_LARGE', 'x'), 1],
    [new BalsaError('CLUSTER_MISMATCH', 'x'), 1],
    [new TypeError('x'), 1],
    ['x', 1],
  ])('%s is %i', (error, code) => expect(exitCodeOf(error)).toBe(code))
})

describe('describeError', () => {
  const context = { command: 'put', endpoints: ['h:1', 'h:2'] }
  it('names code, reason, endpoints and the next command', () => {
    expect(describeError(new BalsaError('OUTCOME_UNKNOWN', 'lost\u001b'), context)).toBe(
      'balsactl put: OUTCOME_UNKNOWN: lost\\u001b (asked h:1,h:2)\nNext: read the key before writing again: balsactl --endpoints h:1,h:2 get KEY\n',
    )
    expect(describeError(new BalsaError('INVALID', 'x', { hint: 'do y' }), context)).toMatch(/\nNext: do y\n$/)
    expect(describeError(new BalsaError('NO_LEADER', 'x'), { ...context, command: 'status' })).toMatch(/check that balsad runs/)
    expect(describeError(new UsageError('bad'), { command: '', endpoints: [] })).toBe('balsactl: bad\nSee: balsactl --help\n')
    expect(describeError(new TypeError('bug'), context)).toBe('balsactl put: bug\n')
  })
})

describe('output', () => {
  it('aligns columns, escapes what a terminal would obey, and marks what is empty', () => {
    const columns = [{ title: 'A' }, { title: 'NUMBER', right: true }]
    expect(
      table(columns, [
        ['long one', '1'],
        ['\u001b', ''],
      ]),
    ).toBe('A         NUMBER\nlong one       1\n\\u001b         -\n')
    expect(
      tabbed([
        ['a', ''],
        ['b\tc', 'd'],
      ]),
    ).toBe('a\t-\nb\\u0009c\td\n')
    expect(printable('a\u009b\u202eb')).toBe('a\\u009b\\u202eb')
  })
})

describe('bytes', () => {
  it('are decoded exactly or refused', () => {
    expect([...decodeBytes('00FF', 'hex', 'KEY')]).toEqual([0, 255])
    expect([...decodeBytes('AP8=', 'base64', 'KEY')]).toEqual([0, 255])
    for (const [text, encoding] of [
      ['0', 'hex'],
      ['0g', 'hex'],
      ['AP8', 'base64'],
      ['A P8=', 'base64'],
    ] as const) {
      expect(() => decodeBytes(text, encoding, 'KEY'), text).toThrow(UsageError)
    }
    expect(encodingOf({})).toBe('text')
  })

  it('are shown as what they are', () => {
    expect(displayBytes(Uint8Array.of(0x41, 0x1b, 0xff), 'text')).toBe('A\\u001bÿ')
    expect(jsonBytes(Uint8Array.of(0x41), 'text')).toEqual({ text: 'A', encoding: 'utf8' })
    expect(jsonBytes(Uint8Array.of(0xff), 'text')).toEqual({ text: '/w==', encoding: 'base64' })
    expect(jsonBytes(Uint8Array.of(0xff), 'hex')).toEqual({ text: 'ff', encoding: 'hex' })
  })
})

describe('commonOptions', () => {
  const io = (terminal: boolean, endpoints?: string) => ({
    environment: endpoints === undefined ? {} : { BALSA_ENDPOINTS: endpoints },
    stdin: process.stdin,
    stdoutIsTerminal: terminal,
    out: async () => undefined,
    err: () => undefined,
  })

  it('takes a flag over the environment over the default', () => {
    expect(commonOptions({}, io(false))).toEqual({
      endpoints: ['127.0.0.1:2379'],
      output: 'plain',
      timeoutMs: 5000,
      protocol: 'balsa',
      tls: {},
    })
    expect(commonOptions({}, io(true, 'http://a:1/, b:2,a:1'), 'table')).toMatchObject({ endpoints: ['a:1', 'b:2'], output: 'table' })
    expect(commonOptions({ endpoints: '[::1]:3', timeout: '250ms' }, io(false, 'a:1'), 'table')).toEqual({
      endpoints: ['[::1]:3'],
      output: 'plain',
      timeoutMs: 250,
      protocol: 'balsa',
      tls: {},
    })
    expect(commonOptions({ timeout: '1.5' }, io(false)).timeoutMs).toBe(1500)
    expect(() => commonOptions({}, io(false, 'nonsense'))).toThrow(/^BALSA_ENDPOINTS: /)
  })
})
