// @ts-check
/** Reads the subset of proto3 that packages/proto/proto/README.md describes; everything else is an error with its line. */
import { Lexer } from './lexer.mjs'

/** @typedef {'int32' | 'int64' | 'uint32' | 'uint64' | 'bool' | 'string' | 'bytes'} Scalar */
/** @typedef {'number' | 'clamp' | 'bigint'} Range How a 64-bit field becomes a JavaScript value. */
/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} jsonName
 * @property {number} number
 * @property {'single' | 'optional' | 'repeated'} label
 * @property {string} type As written.
 * @property {Scalar | 'enum' | 'message'} kind 'message' until the linker knows.
 * @property {Message | Enum | null} target Filled in by the linker.
 * @property {string | null} oneof
 * @property {Range} range
 * @property {string[]} comment
 * @property {number} line
 */
/** @typedef {{ name: string, number: number, comment: string[] }} EnumValue */
/** @typedef {{ sort: 'enum', name: string, fullName: string, file: File, values: EnumValue[], comment: string[], line: number, identifier: string }} Enum */
/**
 * @typedef {object} Message
 * @property {'message'} sort
 * @property {string} name
 * @property {string} fullName
 * @property {string} identifier Its name in TypeScript.
 * @property {File} file
 * @property {Field[]} fields
 * @property {string[]} oneofs
 * @property {Message[]} messages
 * @property {Enum[]} enums
 * @property {{ from: number, to: number }[]} reservedNumbers
 * @property {string[]} reservedNames
 * @property {string[]} comment
 * @property {number} line
 */
/**
 * @typedef {object} Method
 * @property {string} name
 * @property {{ type: string, stream: boolean, target: Message | null }} request
 * @property {{ type: string, stream: boolean, target: Message | null }} response
 * @property {string[]} http
 * @property {string[]} comment
 * @property {number} line
 */
/** @typedef {{ name: string, fullName: string, methods: Method[], comment: string[] }} Service */
/** @typedef {{ path: string, package: string, imports: { path: string, line: number }[], messages: Message[], enums: Enum[], services: Service[] }} File */

/** @type {readonly string[]} */
const SCALARS = ['int32', 'int64', 'uint32', 'uint64', 'bool', 'string', 'bytes']
const REFUSED_TYPES = ['double', 'float', 'sint32', 'sint64', 'fixed32', 'fixed64', 'sfixed32', 'sfixed64', 'map', 'group']
const MAX_FIELD_NUMBER = 2 ** 29 - 1
const RESERVED_BY_PROTOBUF = { from: 19000, to: 19999 }

/** The rule of protobuf: underscores go, what follows them is upper case. @param {string} name */
export const jsonName = (name) => name.replace(/_+(.?)/g, (_, letter) => String(letter).toUpperCase())

/** @param {string} path @param {string} text @returns {File} */
export function parseProto(path, text) {
  const lexer = new Lexer(path, text)
  /** @type {File} */
  const file = { path, package: '', imports: [], messages: [], enums: [], services: [] }
  lexer.expect('syntax')
  lexer.expect('=')
  if (lexer.string() !== 'proto3') lexer.fail('only proto3 is known here', lexer.line)
  lexer.expect(';')
  lexer.expect('package')
  file.package = lexer.qualifiedName('the name of the package')
  lexer.expect(';')
  while (lexer.peek().kind !== 'end') {
    const { text: word, line } = lexer.next()
    if (word === 'import') {
      file.imports.push({ path: lexer.string(), line })
      lexer.expect(';')
    } else if (word === 'message') file.messages.push(parseMessage(lexer, file, null))
    else if (word === 'enum') file.enums.push(parseEnum(lexer, file, null))
    else if (word === 'service') file.services.push(parseService(lexer, file))
    else lexer.fail(`${JSON.stringify(word)} is not part of the subset of proto3 that is known here`, line)
  }
  return file
}

/** @param {File} file @param {Message | null} parent @param {string} name */
const names = (file, parent, name) => ({
  fullName: `${parent?.fullName ?? file.package}.${name}`,
  identifier: parent === null ? name : `${parent.identifier}_${name}`,
})

/** @param {Lexer} lexer @param {File} file @param {Message | null} parent @returns {Message} */
function parseMessage(lexer, file, parent) {
  const line = lexer.line
  const name = lexer.name('the name of the message')
  const comment = lexer.comment(line, -1)
  /** @type {Message} */
  const message = {
    sort: 'message',
    name,
    ...names(file, parent, name),
    file,
    fields: [],
    oneofs: [],
    messages: [],
    enums: [],
    reservedNumbers: [],
    reservedNames: [],
    comment,
    line,
  }
  lexer.expect('{')
  while (!lexer.accept('}')) {
    if (lexer.accept('message')) message.messages.push(parseMessage(lexer, file, message))
    else if (lexer.accept('enum')) message.enums.push(parseEnum(lexer, file, message))
    else if (lexer.accept('oneof')) parseOneof(lexer, message)
    else if (lexer.accept('reserved')) parseReserved(lexer, message)
    else message.fields.push(parseField(lexer, null))
  }
  checkFields(lexer, message)
  return message
}

/** @param {Lexer} lexer @param {Message} message */
function parseOneof(lexer, message) {
  const name = lexer.name('the name of the oneof')
  if (message.oneofs.includes(name)) lexer.fail(`oneof ${name} is there already`, lexer.line)
  message.oneofs.push(name)
  lexer.expect('{')
  const before = message.fields.length
  while (!lexer.accept('}')) message.fields.push(parseField(lexer, name))
  if (message.fields.length === before) lexer.fail(`oneof ${name} is empty`, lexer.line)
}

/** @param {Lexer} lexer @param {Message} message */
function parseReserved(lexer, message) {
  do {
    if (lexer.peek().kind === 'string') message.reservedNames.push(lexer.string())
    else {
      const from = lexer.integer()
      const to = !lexer.accept('to') ? from : lexer.accept('max') ? MAX_FIELD_NUMBER : lexer.integer()
      message.reservedNumbers.push({ from, to })
    }
  } while (lexer.accept(','))
  lexer.expect(';')
}

/** @param {Lexer} lexer @param {string | null} oneof @returns {Field} */
function parseField(lexer, oneof) {
  const { line } = lexer.peek()
  const label = /** @type {const} */ (['optional', 'repeated']).find((word) => lexer.accept(word)) ?? 'single'
  if (oneof !== null && label !== 'single') lexer.fail(`a field of a oneof cannot be ${label}`, line)
  const type = lexer.qualifiedName('a type')
  if (REFUSED_TYPES.includes(type) || lexer.peek().text === '<') lexer.fail(`the type ${type} is not known here`, line)
  const name = lexer.name('the name of the field')
  lexer.expect('=')
  const number = lexer.integer()
  if (lexer.peek().text === '[') lexer.fail('options in brackets are not known here: see the directives in README.md')
  lexer.expect(';')
  const { text: comment, directives } = readDirectives(lexer, lexer.comment(line, lexer.line), ['clamp', 'bigint'])
  const range = directives.get('bigint') === undefined ? (directives.get('clamp') === undefined ? 'number' : 'clamp') : 'bigint'
  if (directives.size > 1) lexer.fail('@clamp and @bigint exclude each other', line)
  if (range !== 'number' && type !== 'int64' && type !== 'uint64') lexer.fail(`@${range} is for int64 and uint64 only`, line)
  const kind = SCALARS.includes(type) ? /** @type {Scalar} */ (type) : 'message'
  return { name, jsonName: jsonName(name), number, label, type, kind, target: null, oneof, range, comment, line }
}

/** @param {Lexer} lexer @param {Message} message */
function checkFields(lexer, message) {
  /** @type {Map<string | number, string>} */
  const taken = new Map()
  /** @param {string | number} key @param {string} owner @param {number} line */
  const claim = (key, owner, line) => {
    const other = taken.get(key)
    if (other !== undefined) lexer.fail(`${owner}: ${key} belongs to ${other} already`, line)
    taken.set(key, owner)
  }
  for (const field of message.fields) {
    const { name, number, line } = field
    if (number < 1 || number > MAX_FIELD_NUMBER) lexer.fail(`${name}: ${number} is no field number`, line)
    const ranges = [RESERVED_BY_PROTOBUF, ...message.reservedNumbers]
    if (ranges.some(({ from, to }) => number >= from && number <= to)) lexer.fail(`${name}: ${number} is reserved`, line)
    if (message.reservedNames.includes(name)) lexer.fail(`the name ${name} is reserved`, line)
    claim(number, name, line)
    claim(field.name, name, line)
    if (field.jsonName !== field.name) claim(field.jsonName, name, line)
  }
  for (const oneof of message.oneofs) claim(jsonName(oneof), `oneof ${oneof}`, message.line)
}

/** @param {Lexer} lexer @param {File} file @param {Message | null} parent @returns {Enum} */
function parseEnum(lexer, file, parent) {
  const line = lexer.line
  const name = lexer.name('the name of the enum')
  const comment = lexer.comment(line, -1)
  /** @type {EnumValue[]} */
  const values = []
  lexer.expect('{')
  while (!lexer.accept('}')) {
    const first = lexer.peek().line
    const valueName = lexer.name('the name of a value')
    lexer.expect('=')
    const number = lexer.integer()
    lexer.expect(';')
    if (number < -(2 ** 31) || number >= 2 ** 31) lexer.fail(`${valueName}: ${number} has more than 32 bits`, first)
    if (values.some((value) => value.name === valueName || value.number === number))
      lexer.fail(`${valueName} = ${number}: taken already`, first)
    values.push({ name: valueName, number, comment: lexer.comment(first, lexer.line) })
  }
  if (values[0]?.number !== 0) lexer.fail(`enum ${name}: the first value must be 0`, line)
  return { sort: 'enum', name, ...names(file, parent, name), file, values, comment, line }
}

/** @param {Lexer} lexer @param {File} file @returns {Service} */
function parseService(lexer, file) {
  const line = lexer.line
  const name = lexer.name('the name of the service')
  /** @type {Method[]} */
  const methods = []
  const comment = lexer.comment(line, -1)
  lexer.expect('{')
  while (!lexer.accept('}')) {
    const first = lexer.peek().line
    lexer.expect('rpc')
    const method = lexer.name('the name of the method')
    if (methods.some((other) => other.name === method)) lexer.fail(`method ${method} is there already`, first)
    const request = parseSide(lexer)
    lexer.expect('returns')
    const response = parseSide(lexer)
    lexer.expect(';')
    const { text, directives } = readDirectives(lexer, lexer.comment(first, lexer.line), ['http'])
    const http = (directives.get('http') ?? '').split(/\s+/).filter((path) => path !== '')
    const wrong = http.find((path) => !/^(\/[\w-]+)+$/.test(path))
    if (wrong !== undefined) lexer.fail(`@http: ${wrong} is no path`, first)
    methods.push({ name: method, request, response, http, comment: text, line: first })
  }
  return { name, fullName: `${file.package}.${name}`, methods, comment }
}

/** @param {Lexer} lexer */
function parseSide(lexer) {
  lexer.expect('(')
  const stream = lexer.accept('stream')
  const type = lexer.qualifiedName('a message')
  lexer.expect(')')
  return { type, stream, target: /** @type {Message | null} */ (null) }
}

/**
 * Takes the directives out of a comment.
 * @param {Lexer} lexer @param {readonly string[]} lines @param {readonly string[]} known
 */
function readDirectives(lexer, lines, known) {
  /** @type {Map<string, string>} */
  const directives = new Map()
  const text = []
  for (const line of lines) {
    const match = /^@(\w+)(?:\s+(.*))?$/.exec(line)
    if (match === null) {
      if (line.includes('@')) lexer.fail(`a directive stands on a line of its own: ${line}`, lexer.line)
      text.push(line)
      continue
    }
    const [, name = '', rest = ''] = match
    if (!known.includes(name)) lexer.fail(`@${name} is not known here, only ${known.map((word) => `@${word}`).join(', ')}`, lexer.line)
    directives.set(name, rest)
  }
  return { text, directives }
}
