// @ts-check
/** Plain TypeScript for one .proto file: interfaces, readers, writers, and tables for the JSON mapping and the dispatch of calls. */
import { allEnums, allMessages } from './linker.mjs'
import { jsonName } from './parser.mjs'
import { readFunction } from './read-function.mjs'
import { writeFunction } from './write-function.mjs'

/** @typedef {import('./parser.mjs').File} File */
/** @typedef {import('./parser.mjs').Message} Message */
/** @typedef {import('./parser.mjs').Field} Field */
/** @typedef {import('./parser.mjs').Enum} Enum */
/** @typedef {import('./parser.mjs').Service} Service */
/** @typedef {(target: Message | Enum, name: string) => string} Reference How a name that belongs to the type is written in this file. */

const WIRE_TYPES = { int32: 0, int64: 0, uint32: 0, uint64: 0, bool: 0, enum: 0, string: 2, bytes: 2, message: 2 }

/** @param {Field} field */
export const tagOf = (field) => field.number * 8 + WIRE_TYPES[field.kind]

/** Name of the method of Reader and Writer. @param {Field} field */
export function codecOf({ kind, range }) {
  if (kind === 'enum') return 'int32'
  if (range === 'bigint') return `${kind}Big`
  return kind
}

/** The quoted name unless it is good as it is. @param {string} text */
export const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** @param {File} file */
export const outputPath = (file) => file.path.replace(/\.proto$/, '.ts')

/** @param {string} from @param {string} to Both relative to the folder of generated files. */
export function relativeImport(from, to) {
  const up = '../'.repeat(from.split('/').length - 1)
  return `${up === '' ? './' : up}${to}`
}

/** @param {File} file @param {string} sourcePath */
export function typescriptOf(file, sourcePath) {
  /** @type {Map<string, string>} */
  const imports = new Map()
  /** @type {Reference} */
  const reference = (target, name) => {
    if (target.file === file) return name
    const alias = target.file.path.replace(/\.proto$/, '').replace(/\W+(\w)/g, (_, letter) => letter.toUpperCase())
    imports.set(relativeImport(file.path, outputPath(target.file).replace(/\.ts$/, '.js')), alias)
    return `${alias}.${name}`
  }
  const body = [
    ...allEnums(file).map(enumText),
    ...allMessages(file).map((message) => messageText(message, reference)),
    ...file.services.map((service) => serviceText(service, reference)),
  ].join('\n')
  const runtime = relativeImport(file.path, '../runtime/')
  /** @param {readonly string[]} names */
  const used = (names) => names.filter((name) => new RegExp(`\\b${name}\\b`).test(body)).join(', ')
  const types = used(['MessageType', 'Mutable', 'OpenEnum', 'ServiceType'])
  return [
    `// Written by \`npm run codegen\` from ${sourcePath}. Do not change it by hand.`,
    ...(types === '' ? [] : [`import type { ${types} } from '${runtime}message-type.js'`]),
    ...(file.messages.length === 0 ? [] : [`import { ${used(['EMPTY', 'Reader'])} } from '${runtime}reader.js'`]),
    ...(file.messages.length === 0 ? [] : [`import { sharedWriter, type Writer } from '${runtime}writer.js'`]),
    ...[...imports].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, alias]) => `import * as ${alias} from '${path}'`),
    '',
    body,
  ].join('\n')
}

/** @param {readonly string[]} lines @param {string} indent @param {readonly string[]} [more] */
export function docComment(lines, indent, more = []) {
  const text = [lines.join(' '), ...more].filter((part) => part !== '').join(' ')
  return text === '' ? '' : `${indent}/** ${text.replaceAll('*/', '* /')} */\n`
}

/** @param {Enum} type */
function enumText(type) {
  const values = type.values.map((value) => `${docComment(value.comment, '  ')}  ${value.name}: ${value.number},\n`).join('')
  return [
    `${docComment(type.comment, '')}export const ${type.identifier} = {\n${values}} as const`,
    `export type ${type.identifier} = OpenEnum<typeof ${type.identifier}>\n`,
  ].join('\n')
}

/** @param {Message} message @param {Reference} reference */
function messageText(message, reference) {
  const { identifier: name } = message
  return [
    `${docComment(message.comment, '')}export interface ${name} {\n${properties(message, reference, '')}}\n`,
    `/** What is left out has its default. */\nexport interface ${name}Init {\n${properties(message, reference, 'Init')}}\n`,
    `export const new${name} = (): ${name} => (${defaults(message)})\n`,
    readFunction(message, reference),
    writeFunction(message, reference),
    codecs(message),
    typeTable(message, reference),
  ].join('\n')
}

/** @param {Message} message */
function codecs({ identifier: name, fullName }) {
  return [
    `/** INVALID (refused) when a number does not fit its type. */`,
    `export function encode${name}(message: ${name}Init): Uint8Array {`,
    '  sharedWriter.begin()',
    `  write${name}(sharedWriter, message)`,
    '  return sharedWriter.finish()',
    '}\n',
    `/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of \`bytes\`. */`,
    `export const decode${name} = (bytes: Uint8Array): ${name} => read${name}(new Reader(bytes, ${quote(fullName)}), new${name}())\n`,
  ].join('\n')
}

/** @param {Field} field @param {Reference} reference @param {string} suffix */
function fieldType(field, reference, suffix) {
  if (field.kind === 'message' && field.target !== null) return reference(field.target, `${field.target.identifier}${suffix}`)
  if (field.kind === 'enum' && field.target !== null) return reference(field.target, field.target.identifier)
  if (field.kind === 'bool') return 'boolean'
  if (field.kind === 'string') return 'string'
  if (field.kind === 'bytes') return 'Uint8Array'
  return field.range === 'bigint' ? 'bigint' : 'number'
}

/** @param {Message} message @param {Reference} reference @param {'' | 'Init'} suffix */
function properties(message, reference, suffix) {
  let text = ''
  /** @param {string} name @param {string} type @param {boolean} nullable @param {readonly string[]} comment */
  const add = (name, type, nullable, comment) => {
    const missing = `${nullable ? ' | null' : ''}${suffix === 'Init' ? ' | undefined' : ''}`
    text += `${suffix === '' ? docComment(comment, '  ') : ''}  readonly ${name}${suffix === 'Init' ? '?' : ''}: ${type}${missing}\n`
  }
  for (const field of message.fields) {
    if (field.oneof !== null) {
      const cases = message.fields.filter(({ oneof }) => oneof === field.oneof)
      if (cases[0] !== field) continue
      const types = cases.map(
        (item) => `\n    | { readonly case: ${quote(item.jsonName)}; readonly value: ${fieldType(item, reference, suffix)} }`,
      )
      add(jsonName(field.oneof), types.join(''), true, [])
      continue
    }
    const type = fieldType(field, reference, suffix)
    if (field.label === 'repeated') add(field.jsonName, `readonly ${type}[]`, false, field.comment)
    else add(field.jsonName, type, field.kind === 'message' || field.label === 'optional', field.comment)
  }
  return text
}

/** @param {Message} message */
function defaults(message) {
  const names = new Map()
  for (const field of message.fields) names.set(field.oneof === null ? field.jsonName : jsonName(field.oneof), defaultOf(field))
  return names.size === 0 ? '{}' : `{ ${[...names].map(([name, value]) => `${name}: ${value}`).join(', ')} }`
}

/** @param {Field} field */
function defaultOf(field) {
  if (field.label === 'repeated') return '[]'
  if (field.oneof !== null || field.label === 'optional' || field.kind === 'message') return 'null'
  if (field.kind === 'bool') return 'false'
  if (field.kind === 'string') return "''"
  if (field.kind === 'bytes') return 'EMPTY'
  return field.range === 'bigint' ? '0n' : '0'
}

/** @param {Message} message @param {Reference} reference */
function typeTable(message, reference) {
  const { identifier: name } = message
  const fields = message.fields.map((field) => {
    const parts = [
      `number: ${field.number}`,
      `name: ${quote(field.name)}`,
      `property: ${quote(field.jsonName)}`,
      `kind: ${quote(field.kind)}`,
    ]
    if (field.label === 'repeated') parts.push('repeated: true')
    if (field.label === 'optional') parts.push('optional: true')
    if (field.oneof !== null) parts.push(`oneof: ${quote(jsonName(field.oneof))}`)
    if (field.range !== 'number') parts.push(`range: ${quote(field.range)}`)
    if (field.kind === 'message' && field.target !== null)
      parts.push(`message: () => ${reference(field.target, `${field.target.identifier}Type`)}`)
    if (field.kind === 'enum' && field.target !== null) parts.push(`values: ${reference(field.target, field.target.identifier)}`)
    return `    { ${parts.join(', ')} },\n`
  })
  return [
    `export const ${name}Type: MessageType<${name}, ${name}Init> = {`,
    `  name: ${quote(message.fullName)},`,
    `  fields: [${fields.length === 0 ? '' : `\n${fields.join('')}  `}],`,
    `  create: new${name},\n  encode: encode${name},\n  decode: decode${name},\n  read: read${name},\n  write: write${name},\n}\n`,
  ].join('\n')
}

/** @param {Service} service @param {Reference} reference */
function serviceText(service, reference) {
  const methods = service.methods.map(({ name, request, response, http, comment }) => {
    const [from, to] = [request, response].map(({ target }) => (target === null ? '' : reference(target, `${target.identifier}Type`)))
    return [
      `${docComment(comment, '    ')}    ${name}: {`,
      `      name: ${quote(name)},`,
      `      path: ${quote(`/${service.fullName}/${name}`)},`,
      `      clientStreaming: ${request.stream},`,
      `      serverStreaming: ${response.stream},`,
      `      request: ${from},`,
      `      response: ${to},`,
      `      http: [${http.map(quote).join(', ')}],`,
      '    },\n',
    ].join('\n')
  })
  const head = `${docComment(service.comment, '')}export const ${service.name}Service = {\n  name: ${quote(service.fullName)},\n`
  return `${head}  methods: {\n${methods.join('')}  },\n} as const satisfies ServiceType\n`
}
