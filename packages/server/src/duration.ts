/** Durations as etcd's flags write them. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** In ms: `72h`, `1h30m`, `100ms`, 0. Null = no such text. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return null
  let total = 0
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) total += Number(count) * (UNITS[unit] ?? 0)
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : null
}
