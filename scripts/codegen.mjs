#!/usr/bin/env node
// @ts-check
/** `npm run codegen`: writes packages/proto/src/generated from the .proto files in packages/proto/proto. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { generate } from './codegen/generate.mjs'
import { root } from './processes.mjs'

export const protoFolder = 'packages/proto/proto'
export const generatedFolder = 'packages/proto/src/generated'

/** Path relative to the folder -> text. @param {string} folder @param {string} ending @returns {Map<string, string>} */
export function readFolder(folder, ending) {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending))
  return new Map(names.sort().map((name) => [name.replaceAll('\\', '/'), readFileSync(join(root, folder, name), 'utf8')]))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const files = generate(readFolder(protoFolder, '.proto'), protoFolder)
  rmSync(join(root, generatedFolder), { recursive: true, force: true })
  for (const [path, text] of files) {
    const target = join(root, generatedFolder, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  console.log(`wrote ${files.size} files into ${generatedFolder}`)
}
