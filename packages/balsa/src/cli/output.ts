import { printable } from './text.js'

export const OUTPUT_FORMATS = ['plain', 'table', 'json'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]
export const isFormat = (text: string): text is OutputFormat => OUTPUT_FORMATS.some((format) => format === text)

export interface Column {
  readonly title: string
  /** Numbers stand right. */
  readonly right?: boolean
}

/** Columns without borders, wide enough for their content: easy for the eye, and for awk. The last column is not padded. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map((cell) => (cell === '' ? '-' : printable(cell))))
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...safe.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (columns[at]?.right === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return `${[line(columns.map(({ title }) => title)), ...safe.map(line)].join('\n')}\n`
}

/** For scripts: one line per row, cells divided by tabs, no head. */
export const tabbed = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map((cell) => (cell === '' ? '-' : printable(cell))).join('\t')}\n`).join('')

/** Indented, for both readers. */
export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
