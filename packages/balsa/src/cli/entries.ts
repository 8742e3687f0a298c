import type { KeyValue } from '@balsa/kv'
import { displayBytes, type Encoding, jsonBytes } from './bytes.js'
import { formatLease } from './leases.js'
import { type Column, table } from './output.js'

/** A key and its value as JSON shows it, wherever it appears. */
export function entryJson(entry: KeyValue, encoding: Encoding, keysOnly = false): object {
  const key = jsonBytes(entry.key, encoding)
  const value = jsonBytes(entry.value, encoding)
  return {
    key: key.text,
    keyEncoding: key.encoding,
    ...(keysOnly ? {} : { value: value.text, valueEncoding: value.encoding }),
    createRevision: entry.createRevision,
    modRevision: entry.modRevision,
    version: entry.version,
    lease: entry.lease === 0n ? null : formatLease(entry.lease),
  }
}

export function entryTable(entries: readonly KeyValue[], encoding: Encoding, keysOnly = false): string {
  const columns: Column[] = [
    { title: 'KEY' },
    { title: 'CREATED', right: true },
    { title: 'MODIFIED', right: true },
    { title: 'VERSION', right: true },
    ...(keysOnly ? [] : [{ title: 'VALUE' }]),
  ]
  const rows = entries.map((entry) => [
    displayBytes(entry.key, encoding),
    String(entry.createRevision),
    String(entry.modRevision),
    String(entry.version),
    ...(keysOnly ? [] : [displayBytes(entry.value, encoding)]),
  ])
  return table(columns, rows)
}
