// @ts-check
/** The tests of the sources, with the patched built file in the place of each source that a mutant changes. */
import { fileURLToPath } from 'node:url'
import { mergeConfig } from 'vitest/config'
// @ts-expect-error Vitest loads it, whatever its ending.
import base from '../../vitest.config.ts'
import { mutantOf, patchedFiles } from './catalogue.mjs'

const key = process.env['BALSA_MUTANT'] ?? ''
/** @type {Map<string, string>} */
const sources = new Map()
for (const [url, text] of key === '' ? [] : patchedFiles(mutantOf(key))) {
  const source = fileURLToPath(url).replace('/dist/', '/src/').replace(/\.js$/, '.ts')
  sources.set(source, text.replace(/^\/\/# sourceMappingURL=.*$/m, ''))
}

export default mergeConfig(base, {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  plugins: [{ name: 'mutant', enforce: 'pre', load: (/** @type {string} */ id) => sources.get(id.split('?')[0] ?? id) ?? null }],
})
