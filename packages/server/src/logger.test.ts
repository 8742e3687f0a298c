import { BalsaError } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { createLogger, errorFields, type LogFormat, type LogLevel, prettyLine, SILENT_LOGGER } from './logger.js'

function lines(format: LogFormat, level: LogLevel = 'debug') {
  const written: string[] = []
  return { written, logger: createLogger({ level, format, base: { member: 'n1' }, write: (line) => written.push(line) }) }
}

describe('createLogger', () => {
  it('writes one JSON object per line with level, time, member and message', () => {
    const { written, logger } = lines('json')
    logger.warn({ term: 3 }, 'something')
    expect(written).toHaveLength(1)
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      level: 'warn',
      member: 'n1',
      term: 3,
      message: 'something',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    })
  })

  it('keeps to its level', () => {
    const { written, logger } = lines('json', 'warn')
    logger.debug({}, 'a')
    logger.info({}, 'b')
    logger.warn({}, 'c')
    logger.error({}, 'd')
    expect(written.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['c', 'd'])
  })

  it.each(['json', 'pretty'] as const)('%s: nothing from outside can begin a line, colour it or fill the disk', (format) => {
    const { written, logger } = lines(format)
    const evil = `x\nERROR forged\r\u001b[31mred\u009b31m\u202egnirts\u2028${'y'.repeat(1_000_000)}`
    logger.info({ name: evil, ['k\ney']: 1 }, evil)
    expect(written).toHaveLength(1)
    const line = (written[0] ?? '').replace(/\n$/, '')
    expect(line).not.toMatch(/[\n\r\u001b]/)
    if (format === 'pretty') expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/)
    expect(line.length).toBeLessThan(6000)
  })
})

describe('prettyLine', () => {
  it('is time, level, message and fields, quoted where it must be', () => {
    const line = JSON.stringify({
      level: 'info',
      time: '2026-11-21T10:11:12.345Z',
      message: 'role',
      term: 2,
      reason: 'won the election',
      leader: '',
    })
    expect(prettyLine(line)).toBe('10:11:12.345 INFO  role term=2 reason="won the election" leader=""\n')
  })
})

describe('errorFields', () => {
  it('says code, text and hint, and nothing else that hangs on the error', () => {
    const error = Object.assign(new BalsaError('LOCKED', 'in use', { hint: 'stop it', cause: new Error('secret') }), {
      password: 'hunter2',
    })
    expect(errorFields(error)).toEqual({ code: 'LOCKED', error: 'in use', hint: 'stop it' })
    expect(errorFields('text')).toEqual({ code: 'UNKNOWN', error: 'text' })
    expect(errorFields(new TypeError('bug'))).toMatchObject({ code: 'UNKNOWN', error: 'bug', stack: expect.stringContaining('TypeError') })
  })
})

describe('SILENT_LOGGER', () => {
  it('takes everything', () => expect(() => SILENT_LOGGER.error({}, 'x')).not.toThrow())
})
