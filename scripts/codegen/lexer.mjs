// @ts-check
/** Text of a .proto file as tokens and comments, with line numbers for the messages about what is wrong. */

/** @typedef {{ kind: 'word' | 'number' | 'string' | 'symbol' | 'end', text: string, line: number }} Token */

const TOKEN =
  /(?<space>[^\S\n]+)|(?<newline>\n)|\/\/(?<comment>[^\n]*)|(?<word>[A-Za-z_][\w.]*)|(?<number>-?\d+)|"(?<string>[^"\\\n]*)"|(?<symbol>[{}()=;,<>[\]])/y

export class ProtoError extends Error {
  /** @param {string} path @param {number} line @param {string} message */
  constructor(path, line, message) {
    super(`${path}:${line}: ${message}`)
    this.name = 'ProtoError'
  }
}

export class Lexer {
  #at = 0
  /** @type {Token[]} */
  #tokens = []
  /** Line -> text of the comment that stands alone on it. @type {Map<number, string>} */
  #above = new Map()
  /** Line -> text of the comment behind code. @type {Map<number, string>} */
  #behind = new Map()

  /** @param {string} path @param {string} text */
  constructor(path, text) {
    this.path = path
    this.#scan(text)
  }

  /** @param {string} text */
  #scan(text) {
    let line = 1
    let codeOnLine = false
    TOKEN.lastIndex = 0
    while (TOKEN.lastIndex < text.length) {
      const at = TOKEN.lastIndex
      const groups = TOKEN.exec(text)?.groups
      if (groups === undefined) throw new ProtoError(this.path, line, `cannot read ${JSON.stringify(text.slice(at, at + 10))}`)
      if (groups.newline !== undefined) {
        line++
        codeOnLine = false
        continue
      }
      if (groups.space !== undefined) continue
      if (groups.comment !== undefined) {
        ;(codeOnLine ? this.#behind : this.#above).set(line, groups.comment.trim())
        continue
      }
      const kind = /** @type {const} */ (['word', 'number', 'string', 'symbol']).find((name) => groups[name] !== undefined) ?? 'symbol'
      this.#tokens.push({ kind, text: groups[kind] ?? '', line })
      codeOnLine = true
    }
    this.#tokens.push({ kind: 'end', text: 'the end of the file', line })
  }

  /** @returns {Token} */
  peek() {
    return /** @type {Token} */ (this.#tokens[this.#at])
  }

  /** @returns {Token} */
  next() {
    const token = this.peek()
    if (token.kind !== 'end') this.#at++
    return token
  }

  /** @param {string} text */
  accept(text) {
    const { kind } = this.peek()
    if (this.peek().text !== text || kind === 'string' || kind === 'end') return false
    this.next()
    return true
  }

  /** @param {string} text */
  expect(text) {
    if (!this.accept(text)) this.fail(`expected ${JSON.stringify(text)} instead of ${JSON.stringify(this.peek().text)}`)
  }

  /** A word without dots. @param {string} what */
  name(what) {
    const token = this.next()
    if (token.kind !== 'word' || token.text.includes('.'))
      this.fail(`expected ${what} instead of ${JSON.stringify(token.text)}`, token.line)
    return token.text
  }

  /** A word that may have dots. @param {string} what */
  qualifiedName(what) {
    const token = this.next()
    if (token.kind !== 'word' || token.text.endsWith('.'))
      this.fail(`expected ${what} instead of ${JSON.stringify(token.text)}`, token.line)
    return token.text
  }

  string() {
    const token = this.next()
    if (token.kind !== 'string') this.fail(`expected a text in quotes instead of ${JSON.stringify(token.text)}`, token.line)
    return token.text
  }

  integer() {
    const token = this.next()
    const value = Number(token.text)
    if (token.kind !== 'number' || !Number.isSafeInteger(value))
      this.fail(`expected a number instead of ${JSON.stringify(token.text)}`, token.line)
    return value
  }

  /** The comment lines right above `first` and the comment behind `last`. @param {number} first @param {number} last */
  comment(first, last) {
    const lines = []
    for (let line = first - 1; this.#above.has(line); line--) lines.unshift(this.#above.get(line) ?? '')
    const behind = this.#behind.get(last)
    return behind === undefined ? lines : [...lines, behind]
  }

  /** Line of the token read last. */
  get line() {
    return this.#tokens[this.#at - 1]?.line ?? 1
  }

  /** @param {string} message @param {number} [line] @returns {never} */
  fail(message, line = this.peek().line) {
    throw new ProtoError(this.path, line, message)
  }
}
