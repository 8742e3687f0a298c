/** Cuts a text that arrives in pieces into the JSON values that stand in it one behind the other. Values are objects; the rest is refused later. */
export class JsonSplitter {
  #text = ''
  #at = 0
  #depth = 0
  #inString = false

  /** Characters that belong to no whole value yet. */
  get waiting(): number {
    return this.#text.length
  }

  /** The values that have become whole. */
  push(piece: string): string[] {
    this.#text += piece
    const values: string[] = []
    for (; this.#at < this.#text.length; this.#at++) if (this.#step(this.#text.charCodeAt(this.#at))) values.push(this.#take())
    return values
  }

  /** What is left when nothing more comes: empty, or the beginning of a value. */
  rest(): string {
    return this.#text.trim()
  }

  /** True = the value ends here. */
  #step(character: number): boolean {
    if (this.#inString) {
      if (character === BACKSLASH) this.#at++
      else if (character === QUOTE) this.#inString = false
      return false
    }
    if (character === QUOTE) this.#inString = true
    else if (character === OPEN) this.#depth++
    else if (character === CLOSE) {
      this.#depth--
      return this.#depth <= 0
    }
    return false
  }

  #take(): string {
    const value = this.#text.slice(0, this.#at + 1)
    this.#text = this.#text.slice(this.#at + 1)
    this.#at = -1
    this.#depth = 0
    return value
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
