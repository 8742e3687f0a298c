/** The rules of the text exposition format 0.0.4 as a parser that throws, independent of how the registry writes. */

export interface Sample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

export interface Family {
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/

function parseLabels(text: string, line: string): Map<string, string> {
  const labels = new Map<string, string>()
  let rest = text
  while (rest !== '') {
    const match = LABEL.exec(rest)
    if (match === null) throw new Error(`bad labels: ${line}`)
    const [whole, name = '', value = ''] = match
    if (labels.has(name)) throw new Error(`label twice: ${line}`)
    labels.set(
      name,
      value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character)),
    )
    rest = rest.slice(whole.length)
  }
  return labels
}

function parseValue(text: string, line: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  const value = Number(text)
  if (Number.isNaN(value) && text !== 'NaN') throw new Error(`bad value: ${line}`)
  return value
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`)
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value
  if (count === undefined || !samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}: no _sum or _count`)
  let before = { le: Number.NEGATIVE_INFINITY, value: 0 }
  for (const { labels, value } of buckets) {
    const le = parseValue(labels.get('le') ?? '', name)
    if (le <= before.le || value < before.value) throw new Error(`${name}: buckets do not ascend`)
    before = { le, value }
  }
  if (before.le !== Number.POSITIVE_INFINITY || before.value !== count)
    throw new Error(`${name}: the last bucket must be +Inf and hold all`)
}

export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed')
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>()
  const seen = new Set<string>()
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment
      const family = families.get(name)
      if (kind === 'HELP') {
        if (family !== undefined) throw new Error(`HELP twice: ${name}`)
        families.set(name, { type: '', help: rest, samples: [] })
      } else {
        if (family === undefined || family.type !== '' || family.samples.length > 0) throw new Error(`TYPE out of place: ${name}`)
        if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`bad type: ${line}`)
        family.type = rest
      }
      current = name
      continue
    }
    const match = LINE.exec(line)
    if (match === null) throw new Error(`bad line: ${line}`)
    const [, name = '', labels = '', value = ''] = match
    const family = families.get(current)
    const base = family?.type === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') : name
    if (family === undefined || base !== current) throw new Error(`sample outside of its family: ${line}`)
    const series = `${name}{${labels}}`
    if (seen.has(series)) throw new Error(`series twice: ${line}`)
    seen.add(series)
    family.samples.push({ name, labels: parseLabels(labels, line), value: parseValue(value, line) })
  }
  for (const [name, { type, samples }] of families) if (type === 'histogram') checkHistogram(name, samples)
  return families
}

/** The one value of a series. */
export function sampleOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels)
  for (const family of parseExposition(text).values()) {
    for (const sample of family.samples)
      if (sample.name === name && wanted.every(([label, value]) => sample.labels.get(label) === value)) return sample.value
  }
  throw new Error(`no series ${name} ${JSON.stringify(labels)}`)
}
