/** What happened, in fixed columns: time, member, event, peer, two numbers, text. A number as text is a term, written out only when somebody reads it. */
interface TraceRecord {
  readonly timeMs: number
  readonly member: number
  readonly event: string
  readonly peer: number
  readonly first: number
  readonly second: number
  readonly text: string | number
}

const KEPT = 400
/** Time, member, peer and the two numbers of one record. */
const NUMBERS = 5

/** The newest events for people, and a hash over all of them that tells two runs apart. */
export class Trace {
  readonly #numbers = new Float64Array(KEPT * NUMBERS)
  readonly #events: string[] = new Array<string>(KEPT).fill('')
  readonly #texts: (string | number)[] = new Array<string | number>(KEPT).fill('')
  #count = 0
  #a = 0x9e3779b9
  #b = 0x85ebca6b
  /** Gets every line when set: for comparing two runs byte by byte. */
  sink: ((line: string) => void) | null = null

  get count(): number {
    return this.#count
  }

  add(timeMs: number, member: number, event: string, peer = 0, first = 0, second = 0, text: string | number = ''): void {
    const slot = this.#count++ % KEPT
    const numbers = this.#numbers
    const at = slot * NUMBERS
    numbers[at] = timeMs
    numbers[at + 1] = member
    numbers[at + 2] = peer
    numbers[at + 3] = first
    numbers[at + 4] = second
    this.#events[slot] = event
    this.#texts[slot] = text
    this.#mix(timeMs * 1e6)
    this.#mix(event.length * 65599 + event.charCodeAt(0) * 257 + event.charCodeAt(event.length - 1) + (member * 31 + peer) * 1e6)
    this.#mix(first + Math.imul(second, 0x9e3779b1) + (typeof text === 'number' ? text * 1e4 : text.length) * 1e6)
    if (this.sink !== null) this.sink(format({ timeMs, member, event, peer, first, second, text }))
  }

  #mix(word: number): void {
    const a = Math.imul(this.#a ^ (word | 0), 0x9e3779b1)
    this.#a = (a ^ (a >>> 15)) | 0
    this.#b = (Math.imul(this.#b + this.#a, 0xc2b2ae3d) ^ (this.#b >>> 13)) | 0
  }

  /** 16 hexadecimal digits over all events. */
  get hash(): string {
    return (this.#a >>> 0).toString(16).padStart(8, '0') + (this.#b >>> 0).toString(16).padStart(8, '0')
  }

  /** The newest `limit` events, oldest first. */
  tail(limit: number): string[] {
    const shown = Math.min(limit, this.#count, KEPT)
    const lines: string[] = []
    for (let i = this.#count - shown; i < this.#count; i++) {
      lines.push(format(this.#record(i % KEPT)))
    }
    return lines
  }

  #record(slot: number): TraceRecord {
    const [timeMs = 0, member = 0, peer = 0, first = 0, second = 0] = this.#numbers.subarray(slot * NUMBERS, (slot + 1) * NUMBERS)
    return { timeMs, member, event: this.#events[slot] ?? '', peer, first, second, text: this.#texts[slot] ?? '' }
  }
}

function format({ timeMs, member, event, peer, first, second, text }: TraceRecord): string {
  const who = member === 0 ? '-' : `m${member}`
  const other = peer === 0 ? '-' : `m${peer}`
  return `${timeMs.toFixed(3).padStart(12)}  ${who.padEnd(4)} ${event.padEnd(24)} ${other.padEnd(4)} ${String(first).padStart(8)} ${String(second).padStart(8)}  ${typeof text === 'number' ? `t${text}` : text}`.trimEnd()
}
