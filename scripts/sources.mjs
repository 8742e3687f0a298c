// @ts-check
/** What the linter and the formatter look at: always named, so that neither wanders into built or installed files. */
import { existsSync } from 'node:fs'
import { root } from './processes.mjs'

export const sources = ['packages', 'tests', 'scripts', 'bench'].filter((folder) => existsSync(root + folder))

export const configuration = [
  'vitest.config.ts',
  'biome.json',
  'knip.json',
  '.oxlintrc.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'tsconfig.check.json',
]
