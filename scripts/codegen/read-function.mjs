// @ts-check
/** The function that reads a message. One case for each way in which a field may come; what is not known is skipped. */
import { jsonName } from './parser.mjs'
import { codecOf, quote, tagOf } from './typescript.mjs'

/** @typedef {import('./parser.mjs').Message} Message */
/** @typedef {import('./parser.mjs').Field} Field */
/** @typedef {import('./typescript.mjs').Reference} Reference */

/** @param {Message} message @param {Reference} reference */
export function readFunction(message, reference) {
  const { identifier: name, fields } = message
  const known = `${name}Fields`
  const cases = fields.map((field) => `${readField(field, reference)}`)
  return [
    `const ${known}: ReadonlySet<number> = new Set([${fields.map(({ number }) => number).join(', ')}])\n`,
    '/** A field that comes again replaces what is there, a message is merged, a list goes on. */',
    `export function read${name}(reader: Reader, message: ${name}): ${name} {`,
    ...(fields.length === 0 ? [] : [`  const m = message as Mutable<${name}>`]),
    '  while (reader.more()) {',
    '    const tag = reader.tag()',
    ...(fields.length === 0
      ? [`    reader.skip(tag, ${known})`]
      : ['    switch (tag) {', ...cases, '      default:', `        reader.skip(tag, ${known})`, '    }']),
    '  }',
    `  return message`,
    '}\n',
  ].join('\n')
}

/** @param {Field} field */
const scalar = (field) => `reader.${codecOf(field)}${field.range === 'clamp' ? 'Clamped' : ''}()`

/** @param {Field} field @param {Reference} reference */
function readField(field, reference) {
  const tag = tagOf(field)
  if (field.kind === 'message') return readMessageField(field, reference, tag)
  const property = `m.${field.jsonName}`
  if (field.oneof !== null) return simple(tag, `m.${jsonName(field.oneof)} = { case: ${quote(field.jsonName)}, value: ${scalar(field)} }`)
  if (field.label !== 'repeated') return simple(tag, `${property} = ${scalar(field)}`)
  const one = simple(tag, `${property}.push(${scalar(field)})`)
  if (field.kind === 'string' || field.kind === 'bytes') return one
  return [
    one,
    `      case ${field.number * 8 + 2}: {`,
    '        const end = reader.openPacked()',
    `        while (reader.more()) ${property}.push(${scalar(field)})`,
    '        reader.closePacked(end)',
    '        break',
    '      }',
  ].join('\n')
}

/** @param {number} tag @param {string} statement */
const simple = (tag, statement) => [`      case ${tag}:`, `        ${statement}`, '        break'].join('\n')

/** @param {Field} field @param {Reference} reference @param {number} tag */
function readMessageField(field, reference, tag) {
  const { target } = field
  if (target === null) throw new Error(`${field.name} is not linked`)
  const read = reference(target, `read${target.identifier}`)
  const fresh = `${reference(target, `new${target.identifier}`)}()`
  const lines = [`      case ${tag}: {`, '        const end = reader.open()']
  if (field.oneof !== null) {
    const property = `m.${jsonName(field.oneof)}`
    const before = `${property}?.case === ${quote(field.jsonName)} ? ${property}.value : ${fresh}`
    lines.push(`        ${property} = { case: ${quote(field.jsonName)}, value: ${read}(reader, ${before}) }`)
  } else if (field.label === 'repeated') lines.push(`        m.${field.jsonName}.push(${read}(reader, ${fresh}))`)
  else lines.push(`        m.${field.jsonName} = ${read}(reader, m.${field.jsonName} ?? ${fresh})`)
  return [...lines, '        reader.close(end)', '        break', '      }'].join('\n')
}
