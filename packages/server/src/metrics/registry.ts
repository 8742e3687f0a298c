/**
 * A registry of metrics and its text for Prometheus (exposition format 0.0.4). The values of every label are listed when the metric is
 * declared, so nothing that a client says can become a label, and the number of series is known in advance.
 */
import { invariant } from '@balsa/raft'

/** Label name -> every value it can have. */
export type LabelSets = Readonly<Record<string, readonly string[]>>
type LabelValues<L extends LabelSets> = { readonly [Name in keyof L]: L[Name][number] }

export type MetricType = 'counter' | 'gauge' | 'histogram'

export interface MetricDescription {
  readonly name: string
  readonly type: MetricType
  readonly help: string
  readonly labels: LabelSets
}

interface Metric extends MetricDescription {
  render(lines: string[]): void
}

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

export class Registry {
  readonly #metrics = new Map<string, Metric>()
  readonly #collectors: (() => void)[] = []

  /** Something that only grows. Its name ends in `_total`. */
  counter<const L extends LabelSets = Record<never, never>>(name: string, help: string, labels?: L): Counter<L> {
    invariant(name.endsWith('_total'), 'the name of a counter ends in _total', { name })
    return this.#add(new Counter<L>(name, 'counter', help, (labels ?? {}) as L))
  }

  /** Something that goes up and down. */
  gauge<const L extends LabelSets = Record<never, never>>(name: string, help: string, labels?: L): Gauge<L> {
    return this.#add(new Gauge<L>(name, 'gauge', help, (labels ?? {}) as L))
  }

  /** `bounds`: upper limits of the buckets, ascending, in the unit of the name. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    return this.#add(new Histogram(name, help, bounds))
  }

  /** Called before every rendering, to set gauges that are read from elsewhere. */
  collect(collector: () => void): void {
    this.#collectors.push(collector)
  }

  /** What there is, sorted by name. */
  describe(): readonly MetricDescription[] {
    return [...this.#metrics.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, type, help, labels }) => ({ name, type, help, labels }))
  }

  render(): string {
    for (const collector of this.#collectors) collector()
    const lines: string[] = []
    for (const metric of this.#metrics.values()) {
      lines.push(`# HELP ${metric.name} ${escapeHelp(metric.help)}`, `# TYPE ${metric.name} ${metric.type}`)
      metric.render(lines)
    }
    return `${lines.join('\n')}\n`
  }

  #add<M extends Metric>(metric: M): M {
    invariant(METRIC_NAME.test(metric.name), 'metric names follow the data model of Prometheus', { name: metric.name })
    invariant(!this.#metrics.has(metric.name), 'a metric is declared once', { name: metric.name })
    for (const label of Object.keys(metric.labels))
      invariant(LABEL_NAME.test(label) && !label.startsWith('__'), 'label names are valid', { label })
    this.#metrics.set(metric.name, metric)
    return metric
  }
}

/** One series: its labels as they are shown, and where it stands. */
interface Cell {
  readonly text: string
  value: number
}

/** By the value of the next label; behind the last one stands the series. */
type Cells = Cell | ReadonlyMap<string, Cells>

/** One number per combination of label values. */
class Series<L extends LabelSets> implements Metric {
  readonly name: string
  readonly type: MetricType
  readonly help: string
  readonly labels: L
  readonly #names: readonly string[]
  /** All series exist from the start: a rate over a series that appears with its first event misses that event. */
  readonly #all: Cell[] = []
  readonly #root: Cells

  constructor(name: string, type: MetricType, help: string, labels: L) {
    this.name = name
    this.type = type
    this.help = help
    this.labels = labels
    this.#names = Object.keys(labels)
    this.#root = this.#cells([])
  }

  get(labels: LabelValues<L>): number {
    return this.#find(labels)?.value ?? 0
  }

  /** Counted for every message and command: text is made of the labels only when somebody looks. */
  protected cell(labels: LabelValues<L>): Cell {
    const cell = this.#find(labels)
    if (cell === undefined) invariant(false, 'label values are declared with the metric', { name: this.name, labels })
    return cell
  }

  render(lines: string[]): void {
    for (const { text, value } of this.#all) lines.push(`${this.name}${text} ${formatValue(value)}`)
  }

  #cells(pairs: readonly (readonly [string, string])[]): Cells {
    const name = this.#names[pairs.length]
    if (name === undefined) {
      const cell = { text: pairs.length === 0 ? '' : labelText(pairs), value: 0 }
      this.#all.push(cell)
      return cell
    }
    return new Map(this.labels[name]?.map((value) => [value, this.#cells([...pairs, [name, value]])]))
  }

  #find(labels: LabelValues<L>): Cell | undefined {
    const values: Readonly<Record<string, string>> = labels
    let node: Cells | undefined = this.#root
    for (const name of this.#names) node = node instanceof Map ? node.get(values[name] ?? '') : undefined
    return node as Cell | undefined
  }
}

export class Counter<L extends LabelSets = Record<never, never>> extends Series<L> {
  increment(labels: LabelValues<L>, by = 1): void {
    invariant(by >= 0, 'a counter only grows', { name: this.name, by })
    this.cell(labels).value += by
  }
}

export class Gauge<L extends LabelSets = Record<never, never>> extends Series<L> {
  set(labels: LabelValues<L>, value: number): void {
    this.cell(labels).value = value
  }
}

export class Histogram implements Metric {
  readonly name: string
  readonly type = 'histogram'
  readonly help: string
  readonly labels: LabelSets = {}
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #count = 0
  #sum = 0

  constructor(name: string, help: string, bounds: readonly number[]) {
    invariant(bounds.length > 0 && bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? Infinity)), 'bounds ascend', { name })
    this.name = name
    this.help = help
    this.#bounds = bounds
    this.#counts = bounds.map(() => 0)
  }

  get count(): number {
    return this.#count
  }

  observe(value: number): void {
    this.#count++
    this.#sum += value
    // Most values are small: from below is fewer comparisons than halving.
    for (let at = 0; at < this.#bounds.length; at++) {
      if (value <= (this.#bounds[at] ?? 0)) {
        this.#counts[at] = (this.#counts[at] ?? 0) + 1
        return
      }
    }
  }

  render(lines: string[]): void {
    let cumulative = 0
    this.#bounds.forEach((bound, at) => {
      cumulative += this.#counts[at] ?? 0
      lines.push(`${this.name}_bucket{le="${formatValue(bound)}"} ${cumulative}`)
    })
    lines.push(`${this.name}_bucket{le="+Inf"} ${this.#count}`)
    lines.push(`${this.name}_sum ${formatValue(this.#sum)}`, `${this.name}_count ${this.#count}`)
  }
}

const labelText = (pairs: readonly (readonly [string, string])[]): string =>
  `{${pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`

const escapeHelp = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
const escapeLabel = (text: string): string => escapeHelp(text).replace(/"/g, '\\"')

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

/** `count` bounds from `first` on, each `factor` times the one before. Rounded to 12 digits, for the eye. */
export const exponentialBounds = (first: number, factor: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => Number((first * factor ** at).toPrecision(12)))
