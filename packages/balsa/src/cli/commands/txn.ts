import { readFile } from 'node:fs/promises'
import type { OperationResult } from '@balsa/kv'
import { displayBytes, readValue } from '../bytes.js'
import { entryJson } from '../entries.js'
import { EXIT, type ExitCode, type Io } from '../io.js'
import { formatLease } from '../leases.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json, tabbed } from '../output.js'
import { withStore } from '../store.js'
import { UsageError } from '../text.js'
import { parseTransaction } from '../transaction-text.js'

/** Reads a transaction from a file or standard input. The exit code says which branch was taken. */
export async function txn(file: string, flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const text = Buffer.from(file === '-' ? await readValue('-', 'text', io) : await read(file)).toString('utf8')
  const transaction = parseTransaction(text)
  const { succeeded, revision, results } = await withStore(options, (store) => store.transaction(transaction))
  if (options.output === 'json') await io.out(json({ succeeded, revision, results: results.map(resultJson) }))
  else {
    await io.out(succeeded ? 'SUCCESS\n' : 'FAILURE\n')
    for (const result of results) await io.out(resultText(result))
  }
  return succeeded ? EXIT.ok : EXIT.notFound
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function resultText(result: OperationResult): string {
  switch (result.type) {
    case 'range':
      return tabbed(result.entries.map((entry) => [displayBytes(entry.key, 'text'), displayBytes(entry.value, 'text')]))
    case 'put':
      return 'OK\n'
    case 'delete':
      return `${result.count}\n`
    case 'transaction':
      return `${result.succeeded ? 'SUCCESS' : 'FAILURE'}\n${result.results.map(resultText).join('')}`
  }
}

function resultJson(result: OperationResult): object {
  switch (result.type) {
    case 'range':
      return { ...result, entries: result.entries.map((entry) => entryJson(entry, 'text')) }
    case 'put': {
      const lease = result.lease === 0n ? null : formatLease(result.lease)
      return { ...result, lease, previous: result.previous === null ? null : entryJson(result.previous, 'text') }
    }
    case 'delete':
      return { ...result, entries: result.entries.map((entry) => entryJson(entry, 'text')) }
    case 'transaction':
      return { ...result, results: result.results.map(resultJson) }
  }
}
