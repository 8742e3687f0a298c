import type { KeyValue } from '@balsa/kv'
import { displayBytes, decodeBytes, type Encoding, type EncodingFlags, encodingOf, jsonBytes } from '../bytes.js'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, type CommonOptions, commonOptions } from '../options.js'
import { json, table } from '../output.js'
import { type ReadFlags, readModeOf } from '../read-mode.js'
import { withClient } from '../store.js'
import { printable } from '../text.js'

export interface GetFlags extends CommonFlags, EncodingFlags, ReadFlags {}

export async function get(keyText: string, flags: GetFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const encoding = encodingOf(flags)
  const key = decodeBytes(keyText, encoding, 'KEY')
  const mode = readModeOf(flags)
  const found = await withClient(options, (client) => client.get(key, mode))
  if (found === null) {
    io.err(`balsactl get: key ${printable(keyText)} not found\n`)
    return EXIT.notFound
  }
  await print(found, encoding, options, io)
  return EXIT.ok
}

async function print(found: KeyValue, encoding: Encoding, { output }: CommonOptions, io: Io): Promise<void> {
  const { createRevision, modRevision, version, revision, ageMs } = found
  if (output === 'json') {
    const key = jsonBytes(found.key, encoding)
    const value = jsonBytes(found.value, encoding)
    await io.out(
      json({
        key: key.text,
        keyEncoding: key.encoding,
        value: value.text,
        valueEncoding: value.encoding,
        createRevision,
        modRevision,
        version,
        revision,
        ageMs,
      }),
    )
    return
  }
  if (output === 'table') {
    const columns = [
      { title: 'KEY' },
      { title: 'CREATED', right: true },
      { title: 'MODIFIED', right: true },
      { title: 'VERSION', right: true },
      { title: 'VALUE' },
    ]
    const row = [
      displayBytes(found.key, encoding),
      String(createRevision),
      String(modRevision),
      String(version),
      displayBytes(found.value, encoding),
    ]
    await io.out(table(columns, [row]))
    return
  }
  // Into a pipe or a file go the bytes as they are; a terminal gets nothing that it would obey.
  const bytes = encoding === 'text' && !io.stdoutIsTerminal ? found.value : Buffer.from(displayBytes(found.value, encoding))
  await io.out(Buffer.concat([bytes, Buffer.from('\n')]))
}
