// @ts-check
/**
 * `npm run bench [-- NAME ...]`: every benchmark in bench/, or the named ones, each in a process of its own; `npm run bench -- NAME --option VALUE` hands
 * options to it. Compare figures of one run only: the speed of shared machines changes from minute to minute.
 */
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { root, run, tool } from './processes.mjs'

const names = readdirSync(join(root, 'bench'))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -'.mjs'.length))
const given = process.argv.slice(2)
const firstOption = given.findIndex((argument) => argument.startsWith('-'))
const wanted = firstOption === -1 ? given : given.slice(0, firstOption)
const options = given.slice(wanted.length)
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(', ')}. There are: ${names.join(', ')}\n`)
  process.exit(2)
}
if (options.length > 0 && wanted.length !== 1) {
  process.stderr.write(
    `Options belong to one benchmark: npm run bench -- NAME ${options.join(' ')}, where NAME is one of: ${names.join(', ')}\n`,
  )
  process.exit(2)
}
const build = await run([tool('tsc'), '-b'])
if (build.exitCode !== 0) {
  process.stderr.write(build.output)
  process.exit(1)
}
console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${process.platform}`)
let failed = 0
for (const name of wanted.length > 0 ? wanted : names) {
  console.log('')
  const { exitCode } = await run([process.execPath, join(root, 'bench', `${name}.mjs`), ...options], { show: true })
  if (exitCode !== 0) failed++
}
process.exitCode = failed === 0 ? 0 : 1
