// @ts-check
/** The examples of the README: that they are what stands there, that they are short, and that they run. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { root } from '../../scripts/processes.mjs'

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const directory = mkdtempSync(join(tmpdir(), 'balsa-examples-'))
cpSync(join(root, 'examples'), directory, { recursive: true })
symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
after(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

/** @param {readonly string[]} args */
function start(args) {
  const child = spawn(process.execPath, [...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const state = { child, output: '' }
  child.stdout.on('data', (data) => (state.output += data))
  child.stderr.on('data', (data) => (state.output += data))
  const exited = /** @type {Promise<number | null>} */ (
    new Promise((resolve) => {
      child.once('exit', (code) => {
        running.delete(child)
        resolve(code)
      })
    })
  )
  return { ...state, read: () => state.output, exited }
}

for (const name of ['store.mjs', 'own-machine.mjs']) {
  test(`the README shows examples/${name}, in at most 30 lines`, () => {
    const source = readFileSync(join(root, 'examples', name), 'utf8')
    assert.ok(readme.includes(`\`\`\`js\n${source}\`\`\``), `the README does not show examples/${name} as it is`)
    assert.ok(source.trimEnd().split('\n').length <= 30)
  })
}

test('the store example works, also over data that is there already', async () => {
  for (let life = 0; life < 2; life++) {
    const { exited, read } = start(['store.mjs'])
    assert.equal(await exited, 0, read())
    assert.equal(read(), 'hello, world\ntrue false\n')
  }
})

test('the state machine example works as three processes, and survives a restart of all', async () => {
  for (let life = 0; life < 2; life++) {
    const members = ['a', 'b', 'c'].map((id) => start(['own-machine.mjs', id]))
    // Each prints one line when it has caught up; the leader among them has set the flag.
    await waitFor(
      () => members.every(({ read }) => read().includes('\n')),
      () => members.map(({ read }) => read()).join(''),
    )
    const output = members.map(({ read }) => read()).join('')
    assert.match(output, /leader on/)
    // Whoever is asked in the second life reads what the first one wrote.
    if (life === 1) assert.equal(output.match(/ on$/gm)?.length, 3, output)
    for (const { child } of members) child.kill('SIGINT')
    for (const { exited } of members) assert.equal(await exited, 0)
  }
})

/** @param {() => boolean} condition @param {() => string} state */
async function waitFor(condition, state) {
  const deadline = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${state()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
