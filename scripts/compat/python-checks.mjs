// @ts-check
/** Suites that are written in Python: each check prints a line of JSON. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execute } from './checks.mjs'

/** Debian's own: its packages are installed for no other. */
export const PYTHON = '/usr/bin/python3'

/** @param {string} modules that are there when the packages are @param {readonly string[]} packages of Debian */
export async function installedForPython(modules, packages) {
  if ((await execute(PYTHON, ['-c', `import ${modules}`])).code === 0) return
  const { code, err } = await execute('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    timeoutMs: 600_000,
  })
  if (code !== 0) throw new Error(err.slice(-500))
}

const PRELUDE = `
import json, sys, traceback

def check(what):
    def add(run):
        try:
            run()
            print(json.dumps({'what': what}), flush=True)
        except Exception:
            print(json.dumps({'what': what, 'error': traceback.format_exc()}), flush=True)
    return add
`

/**
 * Runs a program in which `@check(what)` stands before each check; the last one is called "the end".
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ checks: import('./checks.mjs').Checks, directory: string, env?: Record<string, string> }} context
 */
export async function runPython(program, args, { checks, directory, env = {} }) {
  const file = join(directory, 'program.py')
  await writeFile(file, PRELUDE + program)
  const { out, err } = await execute(PYTHON, [file, ...args], { env, timeoutMs: 120_000 })
  for (const line of out.split('\n').filter((text) => text.startsWith('{'))) {
    const { what, error } = JSON.parse(line)
    await checks.check(what, () => {
      if (error !== undefined) throw new Error(error)
    })
  }
  if (!out.includes('the end')) checks.failed('all of it', err.slice(-2000) || 'it ended early')
}
