import { BalsaError } from '@balsa/raft'
import { pino } from 'pino'

/** What Balsa asks of a logger: pino has this shape, and so has any object with these four methods. Fields first, then the message. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const ignore = (): void => undefined

/** Says nothing: the default of the library. */
export const SILENT_LOGGER: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export const LOG_FORMATS = ['pretty', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  /** Fields of every line, for example the member's name. */
  readonly base?: Readonly<Record<string, string>>
  readonly write: (line: string) => void
}

/** Longest text in a log line. Names and reasons come from outside and could be megabytes long. */
const MAX_TEXT = 1000

/** A pino logger that writes whole lines to `write`. */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.format === 'json' ? options.write : (line: string): void => options.write(prettyLine(line))
  const logger = pino(
    {
      level: options.level,
      base: options.base ?? {},
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    { write },
  )
  return {
    debug: (fields, message) => logger.debug(bounded(fields), bound(message)),
    info: (fields, message) => logger.info(bounded(fields), bound(message)),
    warn: (fields, message) => logger.warn(bounded(fields), bound(message)),
    error: (fields, message) => logger.error(bounded(fields), bound(message)),
  }
}

/** The loggable side of an error: never its properties, which may hold configuration or payloads. */
export function errorFields(error: unknown): {
  readonly code: string
  readonly error: string
  readonly hint?: string
  readonly stack?: string
} {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', error: String(error) }
  if (!(error instanceof BalsaError))
    return { code: 'UNKNOWN', error: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) }
  const stack = error.code === 'INVARIANT' && error.stack !== undefined ? { stack: error.stack } : {}
  return { code: error.code, error: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }), ...stack }
}

const bound = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text)

function bounded(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [name, typeof value === 'string' ? bound(value) : value]),
  )
}

/** Control characters (C0, DEL, C1) and the marks that reorder text: a value must not move the cursor, colour the line or begin a new one. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

export const escapeControl = (text: string): string =>
  text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** One JSON line as one line for people: time, level, message, then the fields. */
export function prettyLine(line: string): string {
  const { level, time, message, ...fields } = JSON.parse(line) as Record<string, unknown>
  const rest = Object.entries(fields).map(([name, value]) => `${escapeControl(name)}=${prettyValue(value)}`)
  const clock = String(time).slice(11, 23)
  return `${[clock, String(level).toUpperCase().padEnd(5), escapeControl(String(message)), ...rest].join(' ')}\n`
}

function prettyValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = escapeControl(text)
  return typeof value === 'string' && (text === '' || /[\s"=]/.test(text)) ? JSON.stringify(safe) : safe
}
