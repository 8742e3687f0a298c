// @ts-check
/** What the commands of this folder have in common: flags, whose explanation is the comment at the head of the file. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * The values of the flags. With --help prints the comment and ends; nonsense is refused with one line.
 * @template {import('node:util').ParseArgsConfig['options'] & {}} Options
 * @param {string} url `import.meta.url` of the command
 * @param {Options} options
 */
export function readFlags(url, options) {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    console.log(usageOf(readFileSync(fileURLToPath(url), 'utf8')))
    process.exit(0)
  }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n--help tells what there is.`)
    process.exit(2)
  }
}

/** The first comment, without its frame. @param {string} source */
function usageOf(source) {
  const comment = source.slice(source.indexOf('/**') + 4, source.indexOf(' */'))
  return comment.replaceAll(/^ \* ?/gm, '').trimEnd()
}
