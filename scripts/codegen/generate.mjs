// @ts-check
/** .proto texts in, TypeScript texts out. */
import { fileDescriptor } from './descriptor.mjs'
import { allEnums, allMessages, link } from './linker.mjs'
import { parseProto } from './parser.mjs'
import { outputPath, quote, relativeImport, typescriptOf } from './typescript.mjs'

/** @typedef {import('./parser.mjs').File} File */

/**
 * @param {ReadonlyMap<string, string>} sources Path as imports name it -> text.
 * @param {string} folder Where they are, for the first line of what is written.
 * @returns {Map<string, string>} Path -> text. Throws ProtoError with file and line.
 */
export function generate(sources, folder) {
  const files = link([...sources].map(([path, text]) => parseProto(path, text)))
  const packages = groupByPackage(files)
  const output = new Map(files.map((file) => [outputPath(file), typescriptOf(file, `${folder}/${file.path}`)]))
  /** @param {string} path @param {string} text */
  const add = (path, text) => {
    if (output.has(path)) throw new Error(`two things want to be written into ${path}: move the .proto file into a folder`)
    output.set(path, text)
  }
  for (const [name, members] of packages) add(`${packageFile(name)}.ts`, packageIndex(name, members, folder))
  add('descriptors.ts', descriptors(files, folder))
  return new Map([...output].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** @param {readonly File[]} files @returns {Map<string, File[]>} */
function groupByPackage(files) {
  /** @type {Map<string, File[]>} */
  const groups = new Map()
  for (const file of files) groups.set(file.package, [...(groups.get(file.package) ?? []), file])
  return groups
}

/** @param {string} name */
const packageFile = (name) => name.replaceAll('.', '-')

/** @param {string} name @param {readonly File[]} files @param {string} folder */
function packageIndex(name, files, folder) {
  const exported = files.map((file) => `export * from '${relativeImport('index.ts', outputPath(file).replace(/\.ts$/, '.js'))}'\n`)
  return `// Written by \`npm run codegen\` from ${folder}: package ${name}. Do not change it by hand.\n${exported.sort().join('')}`
}

/** @param {readonly File[]} files @param {string} folder */
function descriptors(files, folder) {
  const entries = files.map((file) => {
    const symbols = [
      ...[...allMessages(file), ...allEnums(file)].map(({ fullName }) => fullName),
      ...file.services.flatMap(({ fullName, methods }) => [fullName, ...methods.map(({ name }) => `${fullName}.${name}`)]),
    ]
    return [
      '  {',
      `    name: ${quote(file.path)},`,
      `    imports: [${file.imports.map(({ path }) => quote(path)).join(', ')}],`,
      `    symbols: [\n${symbols.map((symbol) => `      ${quote(symbol)},\n`).join('')}    ],`,
      `    base64: ${quote(fileDescriptor(file).toString('base64'))},`,
      '  },\n',
    ].join('\n')
  })
  return [
    `// Written by \`npm run codegen\` from ${folder}. Do not change it by hand.`,
    "import type { FileDescriptor } from '../runtime/message-type.js'\n",
    '/** Files that others import come first. */',
    `export const FILE_DESCRIPTORS: readonly FileDescriptor[] = [\n${entries.join('')}]\n`,
  ].join('\n')
}
