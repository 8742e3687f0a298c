import { type CompareFailed, type KeyMetadata, KeyValue, type KeyValueStore, type PutOptions, type PutResult } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'
import { displayBytes, type Encoding, type EncodingFlags, encodingOf, readValue } from '../bytes.js'
import { entryJson } from '../entries.js'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { parseLease } from '../leases.js'
import { type CommonFlags, type CommonOptions, commonOptions } from '../options.js'
import { json, table, tabbed } from '../output.js'
import { isRange, keyOf, type SelectionFlags, selectionOf, wholeNumber } from '../selection.js'
import { withStore } from '../store.js'
import { printable, UsageError } from '../text.js'

export interface WriteFlags extends CommonFlags, EncodingFlags {}

export interface PutFlags extends WriteFlags {
  readonly ifAbsent?: boolean
  readonly ifRevision?: string
  readonly lease?: string
  readonly keepLease?: boolean
  readonly prev?: boolean
}

export interface DeleteFlags extends WriteFlags, SelectionFlags {
  readonly prev?: boolean
}

export async function put(keyText: string, valueText: string, flags: PutFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const encoding = encodingOf(flags)
  const how = putOptions(flags)
  const key = keyOf(keyText, encoding)
  const value = await readValue(valueText, encoding, io)
  const result = await withStore(options, (store) => conditionalPut(store, key, value, how))
  if (!('actual' in result)) {
    const conditional = flags.ifAbsent === true || flags.ifRevision !== undefined
    await report('OK', conditional ? { succeeded: true, ...result } : result, encoding, options, io)
    return EXIT.ok
  }
  if (options.output === 'json') await io.out(json(result))
  const actual = result.actual === null ? 'it does not exist' : `its revision is ${result.actual.modRevision}`
  io.err(`balsactl put: COMPARE_FAILED: key ${printable(keyText)} is not as expected: ${actual}\nNothing was written.\n`)
  return EXIT.notFound
}

async function conditionalPut(
  store: KeyValueStore,
  key: Uint8Array,
  value: Uint8Array,
  how: PutOptions,
): Promise<PutResult | CompareFailed> {
  try {
    return await store.put(key, value, how)
  } catch (error) {
    if (!(error instanceof BalsaError) || error.code !== 'COMPARE_FAILED') throw error
    const actual = await store.get(key)
    const seen = { createRevision: actual?.createRevision ?? 0, modRevision: actual?.modRevision ?? 0, version: actual?.version ?? 0 }
    return { succeeded: false, revision: actual?.revision ?? 0, actual: actual === null ? null : seen }
  }
}

function putOptions(flags: PutFlags): PutOptions {
  if (flags.ifAbsent === true && flags.ifRevision !== undefined) throw new UsageError('--if-absent and --if-revision exclude each other')
  if (flags.lease !== undefined && flags.keepLease === true) throw new UsageError('--lease and --keep-lease exclude each other')
  const ifModRevision = wholeNumber(flags.ifRevision, '--if-revision')
  return {
    ifAbsent: flags.ifAbsent ?? false,
    keepLease: flags.keepLease ?? false,
    previous: flags.prev ?? false,
    ...(ifModRevision === undefined ? {} : { ifModRevision }),
    ...(flags.lease === undefined ? {} : { lease: parseLease(flags.lease, '--lease') }),
  }
}

export async function append(keyText: string, valueText: string, flags: WriteFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const encoding = encodingOf(flags)
  const key = keyOf(keyText, encoding)
  const value = await readValue(valueText, encoding, io)
  await report('OK', await withStore(options, (store) => store.append(key, value)), encoding, options, io)
  return EXIT.ok
}

export async function del(keyText: string, flags: DeleteFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const encoding = encodingOf(flags)
  const selection = selectionOf(keyText, flags, encoding)
  const { entries, ...result } = await withStore(options, (store) => store.delete(selection, { previous: flags.prev ?? false }))
  await report(String(result.count), { ...result, ...(flags.prev === true ? { entries } : {}) }, encoding, options, io)
  if (result.deleted) return EXIT.ok
  io.err(`balsactl del: ${isRange(flags) ? 'no key found' : `key ${printable(keyText)} not found`}\n`)
  return EXIT.notFound
}

interface Written {
  readonly succeeded?: true
  readonly revision: number
  readonly previous: KeyMetadata | null
  readonly entries?: readonly KeyValue[]
}

/** `plain` is for people and for `if`; what a script wants to read is in JSON. */
async function report(plain: string, result: Written, encoding: Encoding, { output }: CommonOptions, io: Io): Promise<void> {
  const { entries, previous } = result
  if (output === 'json') {
    const before = previous instanceof KeyValue ? entryJson(previous, encoding) : previous
    const shown = entries === undefined ? {} : { entries: entries.map((entry) => entryJson(entry, encoding)) }
    return io.out(json({ ...result, previous: before, ...shown }))
  }
  if (output === 'table') {
    const columns = [{ title: 'RESULT' }, { title: 'REVISION', right: true }, { title: 'PREVIOUS', right: true }]
    return io.out(table(columns, [[plain, String(result.revision), previous === null ? '' : String(previous.modRevision)]]))
  }
  await io.out(`${plain}\n`)
  const shown = entries ?? (previous instanceof KeyValue ? [previous] : [])
  await io.out(tabbed(shown.map((entry) => [displayBytes(entry.key, encoding), displayBytes(entry.value, encoding)])))
}
