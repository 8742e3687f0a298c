// @ts-check
/** Finds what the names of types mean, across files. */
import { ProtoError } from './lexer.mjs'

/** @typedef {import('./parser.mjs').File} File */
/** @typedef {import('./parser.mjs').Message} Message */
/** @typedef {import('./parser.mjs').Enum} Enum */

/** Every message of the file, outer ones first. @param {{ messages: Message[] }} scope @returns {Message[]} */
export const allMessages = (scope) => scope.messages.flatMap((message) => [message, ...allMessages(message)])

/** Every enum of the file. @param {File} file @returns {Enum[]} */
export const allEnums = (file) => [...file.enums, ...allMessages(file).flatMap((message) => message.enums)]

/** Files that files import come first. @param {readonly File[]} files @returns {File[]} */
export function link(files) {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const sorted = sortByImports(files, byPath)
  checkNames(files)
  for (const file of files) {
    const visible = [file, ...file.imports.flatMap(({ path }) => byPath.get(path) ?? [])]
    const types = new Map(visible.flatMap((known) => [...allMessages(known), ...allEnums(known)].map((type) => [type.fullName, type])))
    for (const message of allMessages(file)) for (const field of message.fields) linkField(file, message, field, types)
    for (const { name, methods } of file.services) {
      for (const method of methods) {
        for (const side of [method.request, method.response])
          side.target = messageOf(file, `${file.package}.${name}`, side.type, method.line, types)
      }
    }
  }
  return sorted
}

/** @param {readonly File[]} files @param {ReadonlyMap<string, File>} byPath */
function sortByImports(files, byPath) {
  /** @type {File[]} */
  const sorted = []
  /** @type {Set<File>} */
  const open = new Set()
  /** @param {File} file @param {File} from @param {number} line */
  const visit = (file, from, line) => {
    if (sorted.includes(file)) return
    if (open.has(file)) throw new ProtoError(from.path, line, `the import of ${file.path} closes a circle`)
    open.add(file)
    for (const { path, line: at } of file.imports) {
      const imported = byPath.get(path)
      if (imported === undefined) throw new ProtoError(file.path, at, `there is no file ${path}`)
      visit(imported, file, at)
    }
    sorted.push(file)
  }
  for (const file of files) visit(file, file, 1)
  return sorted
}

/** Full names are unique everywhere; those in TypeScript within a package. @param {readonly File[]} files */
function checkNames(files) {
  /** @type {Set<string>} */
  const taken = new Set()
  for (const file of files) {
    const declared = [
      ...[...allMessages(file), ...allEnums(file)].flatMap(({ fullName, identifier, line }) => [
        { name: fullName, line },
        { name: `${file.package}:${identifier}`, line },
      ]),
      ...file.services.map(({ fullName }) => ({ name: fullName, line: 1 })),
    ]
    for (const { name, line } of declared) {
      if (taken.has(name)) throw new ProtoError(file.path, line, `${name} is declared twice`)
      taken.add(name)
    }
  }
}

/** From the innermost scope outwards. @param {string} scope @param {string} name @param {ReadonlyMap<string, Message | Enum>} types */
function lookUp(scope, name, types) {
  for (let inner = scope; inner !== ''; inner = inner.slice(0, Math.max(0, inner.lastIndexOf('.')))) {
    const found = types.get(`${inner}.${name}`)
    if (found !== undefined) return found
  }
  return types.get(name)
}

/**
 * @param {File} file @param {Message} message @param {import('./parser.mjs').Field} field
 * @param {ReadonlyMap<string, Message | Enum>} types
 */
function linkField(file, message, field, types) {
  if (field.kind !== 'message') return
  const target = lookUp(message.fullName, field.type, types)
  if (target === undefined) throw new ProtoError(file.path, field.line, `there is no type ${field.type} here (is an import missing?)`)
  field.target = target
  field.kind = target.sort
}

/**
 * @param {File} file @param {string} scope @param {string} name @param {number} line
 * @param {ReadonlyMap<string, Message | Enum>} types
 */
function messageOf(file, scope, name, line, types) {
  const target = lookUp(scope, name, types)
  if (target === undefined || target.sort !== 'message') throw new ProtoError(file.path, line, `there is no message ${name} here`)
  return target
}
