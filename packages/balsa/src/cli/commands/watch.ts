import { spawn } from 'node:child_process'
import type { WatchEvent, WatchOptions } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'
import { displayBytes, type Encoding, type EncodingFlags, encodingOf, jsonBytes } from '../bytes.js'
import { entryJson } from '../entries.js'
import { notStarted } from '../guarded-process.js'
import { untilInterrupted } from '../interrupt.js'
import { EXIT, type Io } from '../io.js'
import { type CommonFlags, type CommonOptions, commonOptions } from '../options.js'
import { tabbed } from '../output.js'
import { type SelectionFlags, selectionOf, wholeNumber } from '../selection.js'
import { withStore } from '../store.js'
import { printable, UsageError } from '../text.js'

export interface WatchFlags extends CommonFlags, EncodingFlags, SelectionFlags {
  readonly rev?: string
  readonly prev?: boolean
  readonly only?: string
  readonly limit?: string
}

const WHATEVER = 'balsactl'

type Change = Exclude<WatchEvent, { readonly type: 'progress' }>

/** Prints every change, or runs the command for it, one after the other; ends with SIGINT, or after `--limit` events. */
export async function watch(keyText: string, command: readonly string[], flags: WatchFlags, io: Io): Promise<number> {
  const options = commonOptions(flags, io)
  const encoding = encodingOf(flags)
  const selection = selectionOf(keyText, flags, encoding)
  const how = watchOptions(flags)
  const limit = wholeNumber(flags.limit, '--limit') ?? Number.POSITIVE_INFINITY
  return withStore(options, (store) =>
    untilInterrupted(async (signal) => {
      let seen = 0
      try {
        // Whoever follows a cluster goes on through its faults; but one that never answers is said to. Any member will do, and any key.
        await store.get(WHATEVER, { consistency: 'stale', signal })
        for await (const event of store.watch(selection, { ...how, signal })) {
          if (event.type === 'progress') continue
          if (command.length === 0) await io.out(shown(event, encoding, options))
          else {
            const code = await run(command, event, encoding, io)
            if (code !== null) return code
          }
          seen += 1
          if (seen >= limit) break
        }
      } catch (error) {
        if (!(signal.aborted && error instanceof BalsaError && error.code === 'ABORTED')) throw error
      }
      return EXIT.ok
    }),
  )
}

function watchOptions({ rev, prev, only }: WatchFlags): WatchOptions {
  if (only !== undefined && only !== 'puts' && only !== 'deletes')
    throw new UsageError(`--only must be puts or deletes, not ${JSON.stringify(only)}`)
  const fromRevision = wholeNumber(rev, '--rev')
  return {
    previous: prev ?? false,
    ...(only === undefined ? {} : { only }),
    ...(fromRevision === undefined ? {} : { fromRevision }),
  }
}

/** One line for each event, whatever the format. */
function shown(event: Change, encoding: Encoding, { output }: CommonOptions): string {
  const previous = event.previous === null ? null : entryJson(event.previous, encoding)
  if (output === 'json') {
    const { text, encoding: keyEncoding } = jsonBytes(event.key, encoding)
    const entry = event.type === 'put' ? entryJson(event.entry, encoding) : { key: text, keyEncoding }
    return `${JSON.stringify({ type: event.type, revision: event.revision, ...entry, previous })}\n`
  }
  const before = event.previous === null ? [] : [displayBytes(event.previous.value, encoding)]
  const now = event.type === 'put' ? displayBytes(event.entry.value, encoding) : ''
  return tabbed([[String(event.revision), event.type, displayBytes(event.key, encoding), now, ...before]])
}

/**
 * The command sees the event in its environment, and the new value as its standard input. What it fails with is said, and the next event goes on; a program that cannot be started never
 * can: answers the exit code to end with.
 */
async function run([program = '', ...args]: readonly string[], event: Change, encoding: Encoding, io: Io): Promise<number | null> {
  const value = event.type === 'put' ? event.entry.value : new Uint8Array(0)
  const environment = {
    BALSA_WATCH_TYPE: event.type,
    BALSA_WATCH_KEY: displayBytes(event.key, encoding),
    BALSA_WATCH_VALUE: displayBytes(value, encoding),
    BALSA_WATCH_REVISION: String(event.revision),
  }
  const { text, code } = await new Promise<{ readonly text: string | null; readonly code: number | null }>((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'], env: { ...io.environment, ...environment } })
    // A command that does not read its input is no failure.
    child.stdin.on('error', () => undefined)
    child.stdin.end(value)
    child.once('error', (error) => resolve(notStarted(program, error)))
    child.once('exit', (exitCode, signal) => {
      const failure = signal ?? `exit code ${exitCode}`
      resolve({ text: exitCode === 0 ? null : `revision ${event.revision}: ${program}: ${failure}`, code: null })
    })
  })
  if (text !== null) io.err(`balsactl watch: ${printable(text)}\n`)
  return code
}
