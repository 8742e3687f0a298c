// @ts-check
/** The function that writes a message, from its last field to its first, because the writer goes from the back to the front. */
import { jsonName } from './parser.mjs'
import { codecOf, quote, tagOf } from './typescript.mjs'

/** @typedef {import('./parser.mjs').Message} Message */
/** @typedef {import('./parser.mjs').Field} Field */
/** @typedef {import('./typescript.mjs').Reference} Reference */

/** @param {Message} message @param {Reference} reference */
export function writeFunction(message, reference) {
  const { identifier: name } = message
  const fields = [...message.fields].sort((a, b) => b.number - a.number)
  /** @type {Set<string>} */
  const done = new Set()
  const lines = fields.flatMap((field) => {
    if (field.oneof === null) return writeField(field, reference)
    if (done.has(field.oneof)) return []
    done.add(field.oneof)
    return writeOneof(field.oneof, message.fields, reference)
  })
  const [writer, value] = fields.length === 0 ? ['_writer', '_message'] : ['writer', 'message']
  return [
    '/** In front of what the writer holds. */',
    `export function write${name}(${writer}: Writer, ${value}: ${name}Init): void {`,
    ...lines.map((line) => `  ${line}`),
    '}\n',
  ].join('\n')
}

/** Never a name of somebody's field: one of them may be called `message`. @param {Field} field */
const variableOf = ({ number }) => `v${number}`

/** @param {string} oneof @param {readonly Field[]} fields @param {Reference} reference */
function writeOneof(oneof, fields, reference) {
  const variable = `v${Math.min(...fields.filter((field) => field.oneof === oneof).map(({ number }) => number))}`
  const cases = fields
    .filter((field) => field.oneof === oneof)
    .flatMap((field) => [
      `  case ${quote(field.jsonName)}: {`,
      ...writeValue(field, `${variable}.value`, reference).map((line) => `    ${line}`),
      '    break',
      '  }',
    ])
  return [`const ${variable} = message.${jsonName(oneof)}`, `switch (${variable}?.case) {`, ...cases, '  case undefined:', '}']
}

/** @param {Field} field @param {string} value @param {Reference} reference */
function writeValue(field, value, reference) {
  if (field.kind !== 'message') return [`writer.${codecOf(field)}(${tagOf(field)}, ${value})`]
  const { target } = field
  if (target === null) throw new Error(`${field.name} is not linked`)
  return [
    'const open = writer.open()',
    `${reference(target, `write${target.identifier}`)}(writer, ${value})`,
    `writer.close(${tagOf(field)}, open)`,
  ]
}

/** @param {Field} field @param {Reference} reference */
function writeField(field, reference) {
  const name = variableOf(field)
  const head = `const ${name} = message.${field.jsonName}`
  if (field.label === 'repeated') return [head, ...writeRepeated(field, reference)]
  const nullable = field.label === 'optional' || field.kind === 'message'
  const condition = nullable ? `${name} !== undefined && ${name} !== null` : notDefault(field)
  const body = writeValue(field, name, reference)
  if (body.length === 1) return [head, `if (${condition}) ${body[0]}`]
  return [head, `if (${condition}) {`, ...body.map((line) => `  ${line}`), '}']
}

/** @param {Field} field */
function notDefault(field) {
  const { kind, range } = field
  const name = variableOf(field)
  if (kind === 'bool') return `${name} === true`
  if (kind === 'bytes') return `${name} !== undefined && ${name}.length > 0`
  if (kind === 'string') return `${name} !== undefined && ${name} !== ''`
  return `${name} !== undefined && ${name} !== ${range === 'bigint' ? '0n' : '0'}`
}

/** Numbers are packed. @param {Field} field @param {Reference} reference */
function writeRepeated(field, reference) {
  const name = variableOf(field)
  const loop = `for (let at = ${name}.length - 1; at >= 0; at--)`
  const item = `${name}[at]`
  if (field.kind === 'message') {
    const { target } = field
    if (target === null) throw new Error(`${field.name} is not linked`)
    const type = reference(target, `${target.identifier}Init`)
    const body = writeValue(field, `${item} as ${type}`, reference)
    return [`if (${name} !== undefined) {`, `  ${loop} {`, ...body.map((line) => `    ${line}`), '  }', '}']
  }
  if (field.kind === 'string' || field.kind === 'bytes') {
    const type = field.kind === 'string' ? 'string' : 'Uint8Array'
    return [`if (${name} !== undefined) {`, `  ${loop} writer.${field.kind}(${tagOf(field)}, ${item} as ${type})`, '}']
  }
  const type = field.kind === 'bool' ? 'boolean' : field.range === 'bigint' ? 'bigint' : 'number'
  return [
    `if (${name} !== undefined && ${name}.length > 0) {`,
    '  const open = writer.open()',
    `  ${loop} writer.${codecOf(field)}Value(${item} as ${type})`,
    `  writer.close(${field.number * 8 + 2}, open)`,
    '}',
  ]
}
