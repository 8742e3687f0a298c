// @ts-check
/**
 * `npm run bench [-- NAME ...]`: every benchmark in bench/, or the named ones, each in a process of its own. Compare figures of one run only: the
 * speed of shared machines changes from minute to minute.
 */
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { root, run, tool } from './processes.mjs'

const names = readdirSync(join(root, 'bench'))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -'.mjs'.length))
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(', ')}. There are: ${names.join(', ')}\n`)
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
  const { exitCode } = await run([process.execPath, join(root, 'bench', `${name}.mjs`)], { show: true })
  if (exitCode !== 0) failed++
}
process.exitCode = failed === 0 ? 0 : 1
