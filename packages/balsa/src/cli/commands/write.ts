import type { KeyMetadata } from '@balsa/kv'
import { decodeBytes, type EncodingFlags, encodingOf, readValue } from '../bytes.js'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, type CommonOptions, commonOptions } from '../options.js'
import { json, table } from '../output.js'
import { withClient } from '../store.js'
import { printable, UsageError } from '../text.js'

export interface WriteFlags extends CommonFlags, EncodingFlags {}

export interface PutFlags extends WriteFlags {
  readonly ifAbsent?: boolean
  readonly ifRevision?: string
}

export async function put(keyText: string, valueText: string, flags: PutFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const encoding = encodingOf(flags)
  const modRevision = expectedRevision(flags)
  const key = decodeBytes(keyText, encoding, 'KEY')
  const value = await readValue(valueText, encoding, io)
  if (modRevision === null) {
    await report('OK', await withClient(options, (client) => client.put(key, value)), options, io)
    return EXIT.ok
  }
  const result = await withClient(options, (client) => client.compareAndPut(key, { modRevision }, value))
  if (result.succeeded) {
    await report('OK', result, options, io)
    return EXIT.ok
  }
  if (options.output === 'json') await io.out(json(result))
  const actual = result.actual === null ? 'it does not exist' : `its revision is ${result.actual.modRevision}`
  io.err(`balsactl put: COMPARE_FAILED: key ${printable(keyText)} is not as expected: ${actual}\nNothing was written.\n`)
  return EXIT.notFound
}

export async function append(keyText: string, valueText: string, flags: WriteFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const encoding = encodingOf(flags)
  const key = decodeBytes(keyText, encoding, 'KEY')
  const value = await readValue(valueText, encoding, io)
  await report('OK', await withClient(options, (client) => client.append(key, value)), options, io)
  return EXIT.ok
}

export async function del(keyText: string, flags: WriteFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const key = decodeBytes(keyText, encodingOf(flags), 'KEY')
  const result = await withClient(options, (client) => client.delete(key))
  await report(result.deleted ? '1' : '0', result, options, io)
  if (result.deleted) return EXIT.ok
  io.err(`balsactl del: key ${printable(keyText)} not found\n`)
  return EXIT.notFound
}

function expectedRevision(flags: PutFlags): number | null {
  if (flags.ifAbsent === true && flags.ifRevision !== undefined) throw new UsageError('--if-absent and --if-revision exclude each other')
  if (flags.ifAbsent === true) return 0
  if (flags.ifRevision === undefined) return null
  const revision = /^[1-9]\d*$/.test(flags.ifRevision) ? Number(flags.ifRevision) : Number.NaN
  if (!Number.isSafeInteger(revision))
    throw new UsageError(`--if-revision must be a revision greater than 0, not ${JSON.stringify(flags.ifRevision)}`)
  return revision
}

type Written = { readonly revision: number; readonly previous: KeyMetadata | null; readonly version?: number; readonly valueBytes?: number }

/** `plain` is for people and for `if`; what a script wants to read is in JSON. */
async function report(plain: string, result: Written, { output }: CommonOptions, io: Io): Promise<void> {
  if (output === 'plain') return io.out(`${plain}\n`)
  if (output === 'json') return io.out(json(result))
  const previous = result.previous === null ? '' : String(result.previous.modRevision)
  const columns = [{ title: 'RESULT' }, { title: 'REVISION', right: true }, { title: 'PREVIOUS', right: true }]
  return io.out(table(columns, [[plain, String(result.revision), previous]]))
}
