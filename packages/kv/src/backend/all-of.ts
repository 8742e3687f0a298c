import type { Table, TableEntry, TableReader } from './backend.js'

/** The whole table, in order, in pages of so many entries. What changes meanwhile behind the present page may be in it or not. */
export function* allOf(tables: TableReader, table: Table, pageEntries: number): Generator<TableEntry, void, undefined> {
  for (let from = ''; ; ) {
    const page = tables.page(table, { from, to: null }, pageEntries)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < pageEntries) return
    from = `${last.key}\0`
  }
}
