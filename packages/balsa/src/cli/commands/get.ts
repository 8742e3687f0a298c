import type { EntriesOptions, KeyValue, KeyValueStore, ReadMode, Selection } from '@balsa/kv'
import { displayBytes, type Encoding, type EncodingFlags, encodingOf } from '../bytes.js'
import { entryJson, entryTable } from '../entries.js'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, type CommonOptions, commonOptions } from '../options.js'
import { json, tabbed } from '../output.js'
import { type ReadFlags, readModeOf } from '../read-mode.js'
import { isRange, keyOf, type SelectionFlags, selectionOf, wholeNumber } from '../selection.js'
import { withStore } from '../store.js'
import { printable } from '../text.js'

export interface GetFlags extends CommonFlags, EncodingFlags, ReadFlags, SelectionFlags {
  readonly rev?: string
  readonly limit?: string
  readonly keysOnly?: boolean
  readonly count?: boolean
  readonly descending?: boolean
}

export async function get(keyText: string, flags: GetFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const encoding = encodingOf(flags)
  const mode = readModeOf(flags)
  const revision = wholeNumber(flags.rev, '--rev')
  const at = revision === undefined ? {} : { revision }
  if (isRange(flags) || flags.count === true || flags.keysOnly === true || flags.limit !== undefined)
    return getRange(selectionOf(keyText, flags, encoding), { ...mode, ...at }, flags, options, io)
  const key = keyOf(keyText, encoding)
  const found = await withStore(options, (store) => store.get(key, { ...mode, ...at }))
  if (found === null) {
    io.err(`balsactl get: key ${printable(keyText)} not found\n`)
    return EXIT.notFound
  }
  await print(found, encoding, options, io)
  return EXIT.ok
}

async function print(found: KeyValue, encoding: Encoding, { output }: CommonOptions, io: Io): Promise<void> {
  if (output === 'json') return io.out(json({ ...entryJson(found, encoding), revision: found.revision, ageMs: found.ageMs }))
  if (output === 'table') return io.out(entryTable([found], encoding))
  // Into a pipe or a file go the bytes as they are; a terminal gets nothing that it would obey.
  const bytes = encoding === 'text' && !io.stdoutIsTerminal ? found.value : Buffer.from(displayBytes(found.value, encoding))
  await io.out(Buffer.concat([bytes, Buffer.from('\n')]))
}

type RangeRead = ReadMode & Pick<EntriesOptions, 'revision'>

async function getRange(selection: Selection, read: RangeRead, flags: GetFlags, options: CommonOptions, io: Io): Promise<ExitCode> {
  const limit = wholeNumber(flags.limit, '--limit')
  const cut: EntriesOptions = {
    ...read,
    keysOnly: flags.keysOnly ?? false,
    ...(flags.descending === true ? { order: 'descending' } : {}),
    ...(limit === undefined ? {} : { limit }),
  }
  return withStore(options, async (store) => {
    if (flags.count === true) return printCount(store, selection, read, options, io)
    if (options.output === 'plain') return printLines(store, selection, cut, encodingOf(flags), io)
    return printAll(store, selection, cut, encodingOf(flags), options, io)
  })
}

async function printCount(
  store: KeyValueStore,
  selection: Selection,
  read: RangeRead,
  { output }: CommonOptions,
  io: Io,
): Promise<ExitCode> {
  const { count, revision } = await store.range(selection, { ...read, countOnly: true })
  await io.out(output === 'json' ? json({ count, revision }) : `${count}\n`)
  return EXIT.ok
}

/** Key and value on a line, with a tab between; page by page, so that any number of keys may be printed. */
async function printLines(store: KeyValueStore, selection: Selection, cut: EntriesOptions, encoding: Encoding, io: Io): Promise<ExitCode> {
  for await (const entry of store.entries(selection, cut)) {
    const key = displayBytes(entry.key, encoding)
    await io.out(tabbed([cut.keysOnly === true ? [key] : [key, displayBytes(entry.value, encoding)]]))
  }
  return EXIT.ok
}

async function printAll(
  store: KeyValueStore,
  selection: Selection,
  cut: EntriesOptions,
  encoding: Encoding,
  { output }: CommonOptions,
  io: Io,
): Promise<ExitCode> {
  const entries: KeyValue[] = []
  for await (const entry of store.entries(selection, cut)) entries.push(entry)
  const keysOnly = cut.keysOnly ?? false
  if (output === 'table') await io.out(entryTable(entries, encoding, keysOnly))
  else {
    const revision = entries[0]?.revision ?? cut.revision ?? null
    await io.out(json({ entries: entries.map((entry) => entryJson(entry, encoding, keysOnly)), revision }))
  }
  return EXIT.ok
}
