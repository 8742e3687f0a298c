// @ts-check
/** Module-loader hook: gives the patched text of the built files that a mutant names, and every other file as it is. */

/** @type {Readonly<Record<string, string>>} */
let files = {}

/** @param {{ files: Record<string, string> }} data */
export function initialize(data) {
  files = data.files
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  const source = files[url]
  return source === undefined ? nextLoad(url, context) : { format: 'module', source, shortCircuit: true }
}
