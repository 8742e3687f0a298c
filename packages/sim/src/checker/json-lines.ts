import { BalsaError } from '@balsa/raft'
import { checkHistory, type CheckOptions, type CheckResult } from './check.js'
import type { Operation } from './model.js'
import { type RegisterInput, registerModel, type RegisterOutput } from './register.js'

/**
 * Histories as JSON lines, one event per line, in the order in which the events happened:
 *
 *     {"process":0,"type":"invoke","f":"put","key":"k","value":"v","time":123}
 *     {"process":0,"type":"ok","f":"put","key":"k","value":"v","time":130}
 *
 * `type`: `ok` = it happened and this is the answer; `fail` = it surely did not happen; `info`, or no second line at all = not known. The value
 * of an `ok` get is what was read, null for an absent key. The value of a cas is `[expected, new]` (null = absent); a cas that found
 * another value is an `ok` with `"swapped":false`, or a `fail`. `time` is for people; the order of the lines is what counts.
 */
interface Event {
  readonly process: number
  readonly type: 'invoke' | 'ok' | 'fail' | 'info'
  readonly f: RegisterInput['f']
  readonly key: string
  readonly value: unknown
  readonly swapped: boolean
  readonly time: number
}

interface Started {
  readonly line: number
  readonly event: Event
  readonly input: RegisterInput
}

/** The operations of a history. Throws MALFORMED (refused) naming the line. */
export function parseHistory(text: string): Operation<RegisterInput, RegisterOutput>[] {
  const underWay = new Map<number, Started>()
  const operations: Operation<RegisterInput, RegisterOutput>[] = []
  const close = (started: Started, end: { readonly line: number; readonly time: number } | null, output: RegisterOutput | null): void => {
    const { event, input, line } = started
    operations.push({
      process: event.process,
      key: event.key,
      input,
      output,
      calledAt: line,
      returnedAt: end?.line ?? Infinity,
      calledMs: event.time,
      returnedMs: end?.time ?? Infinity,
    })
  }
  for (const [position, content] of text.split('\n').entries()) {
    if (content.trim() === '') continue
    const line = position + 1
    const event = parseEvent(content, line)
    const started = underWay.get(event.process)
    if (event.type === 'invoke') {
      if (started !== undefined) fail(line, `process ${event.process} invokes again before its operation of line ${started.line} ended`)
      underWay.set(event.process, { line, event, input: inputOf(event, line) })
      continue
    }
    if (started === undefined) fail(line, `process ${event.process} has nothing under way`)
    if (started.event.f !== event.f || started.event.key !== event.key)
      fail(line, `does not belong to the operation of line ${started.line}`)
    underWay.delete(event.process)
    if (event.type === 'ok') close(started, { line, time: event.time }, outputOf(event, line))
    if (event.type === 'info') close(started, null, null)
  }
  for (const started of underWay.values()) close(started, null, null)
  return operations
}

/** Parses and checks. */
export function checkJsonLines(text: string, options: CheckOptions = {}): CheckResult {
  return checkHistory(parseHistory(text), registerModel, options)
}

const FUNCTIONS: readonly string[] = ['get', 'put', 'append', 'cas', 'delete']
const TYPES: readonly string[] = ['invoke', 'ok', 'fail', 'info']

function parseEvent(content: string, line: number): Event {
  let parsed: unknown
  try {
    parsed = JSON.parse(content)
  } catch (error) {
    throw new BalsaError('MALFORMED', `line ${line}: not JSON`, { cause: error })
  }
  if (typeof parsed !== 'object' || parsed === null) fail(line, 'not an object')
  const { process, type, f, key, value = null, swapped = true, time = line } = parsed as Readonly<Record<string, unknown>>
  if (typeof process !== 'number') fail(line, 'process is not a number')
  if (typeof type !== 'string' || !TYPES.includes(type)) fail(line, `type is not one of ${TYPES.join(', ')}`)
  if (typeof f !== 'string' || !FUNCTIONS.includes(f)) fail(line, `f is not one of ${FUNCTIONS.join(', ')}`)
  if (typeof key !== 'string') fail(line, 'key is not a string')
  if (typeof time !== 'number') fail(line, 'time is not a number')
  if (typeof swapped !== 'boolean') fail(line, 'swapped is not true or false')
  return { process, type: type as Event['type'], f: f as Event['f'], key, value, swapped, time }
}

function inputOf(event: Event, line: number): RegisterInput {
  const { f, value } = event
  if (f === 'get' || f === 'delete') return { f }
  if (f === 'cas') {
    if (!Array.isArray(value) || value.length !== 2) fail(line, 'the value of a cas is not [expected, new]')
    const [expected, next] = value as readonly unknown[]
    if ((expected !== null && typeof expected !== 'string') || typeof next !== 'string')
      fail(line, 'the value of a cas is not [expected, new]')
    return { f, expected, value: next }
  }
  if (typeof value !== 'string') fail(line, `the value of a ${f} is not a string`)
  return { f, value }
}

function outputOf(event: Event, line: number): RegisterOutput {
  if (event.f === 'cas') return { swapped: event.swapped }
  if (event.f !== 'get') return 'done'
  if (event.value !== null && typeof event.value !== 'string') fail(line, 'the value of a get is neither a string nor null')
  return { value: event.value }
}

function fail(line: number, message: string): never {
  throw new BalsaError('MALFORMED', `line ${line}: ${message}`)
}
