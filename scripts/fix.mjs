#!/usr/bin/env node
// @ts-check
/** `npm run fix`: writes what the linter can mend by itself and the format, then the generated documents. */
import { run, tool } from './processes.mjs'
import { configuration, sources } from './sources.mjs'

const commands = [
  [tool('oxlint'), '--type-aware', '--fix', '--quiet', ...sources],
  [tool('biome'), 'format', '--write', ...sources, ...configuration],
  [process.execPath, 'scripts/docs-errors.mjs'],
]

// The linter fails when something is left that only a person can mend; the format is written all the same.
let exitCode = 0
for (const command of commands) exitCode = Math.max(exitCode, (await run(command, { show: true })).exitCode)
process.exitCode = exitCode
