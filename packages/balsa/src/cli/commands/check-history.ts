import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { BalsaError } from '@balsa/raft'
import { checkJsonLines, type CheckResult, type Verdict } from '@balsa/sim/checker'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json, table } from '../output.js'
import { UsageError } from '../text.js'

export interface CheckHistoryFlags extends CommonFlags {
  readonly maxSteps?: string
}

/** A search that was cut off is no pass. */
const EXIT_CODES: Readonly<Record<Verdict, ExitCode>> = { linearizable: EXIT.ok, 'not linearizable': EXIT.failed, undecided: EXIT.unknown }

export async function checkHistory(file: string, flags: CheckHistoryFlags, io: Io): Promise<ExitCode> {
  const { output } = commonOptions(flags, io)
  const maxSteps = flags.maxSteps === undefined ? {} : { maxSteps: stepsOf(flags.maxSteps) }
  const result = check(await read(file, io), maxSteps, file)
  if (result.operations === 0)
    throw new UsageError(`${file === '-' ? 'standard input' : file}: no operation that may have happened: nothing was checked`)
  if (output === 'json') await io.out(json(result))
  else if (output === 'table')
    await io.out(table([{ title: 'VERDICT' }, { title: 'OPERATIONS', right: true }, { title: 'KEYS NOT PROVEN' }], [row(result)]))
  else await io.out(plain(result))
  return EXIT_CODES[result.verdict]
}

function stepsOf(given: string): number {
  const steps = Number(given)
  if (!Number.isSafeInteger(steps) || steps < 1) throw new UsageError(`--max-steps must be a whole number of at least 1, not ${given}`)
  return steps
}

async function read(file: string, io: Io): Promise<string> {
  try {
    return file === '-' ? await text(io.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function check(history: string, options: { readonly maxSteps?: number }, file: string): CheckResult {
  try {
    return checkJsonLines(history, options)
  } catch (error) {
    if (error instanceof BalsaError && error.code === 'MALFORMED') throw new UsageError(`${file}: ${error.message}`)
    throw error
  }
}

const row = ({ verdict, operations, failures }: CheckResult): readonly string[] => [
  verdict,
  String(operations),
  failures.map(({ key }) => JSON.stringify(key)).join(' '),
]

function plain({ verdict, operations, failures }: CheckResult): string {
  const explanations = failures.map(({ explanation }) => `${explanation}\n`).join('')
  return `${explanations}${verdict} (${operations} operations)\n`
}
