// @ts-check
/**
 * The suites of `npm test`, in the order in which they run. One line adds one: `vitest(filters)`, `nodeTest(folder)` or `program(command)`.
 * Each has its own deadline; a suite that crashes, hangs or finds no tests counts as failed. A deadline is there to end what hangs: it is at least
 * twice what the suite takes on two quiet cores, since the machines are shared.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run, tool } from './processes.mjs'

/** @typedef {{ passed: number, failed: number, output: string }} Counts output: what a person needs to see when something failed. */
/** @typedef {{ name: string, run: () => Promise<Counts> }} Suite */

const minutes = 60_000

/** @type {readonly Suite[]} */
export const suites = [
  { name: 'build', run: program([tool('tsc'), '-b']) },
  { name: 'tidy', run: vitest(['tests/tidy']) },
  { name: 'unit', run: vitest(['--exclude=tests/**'], { deadlineMs: 10 * minutes }) },
  {
    name: 'integration',
    run: vitest(['--exclude=packages/**', '--exclude=tests/tidy/**', '--exclude=tests/process/**'], { mayBeEmpty: true }),
  },
  { name: 'lab', run: program([process.execPath, 'scripts/lab.mjs', '--quiet', '--no-build'], { deadlineMs: 6 * minutes }) },
  { name: 'sim', run: program([process.execPath, 'scripts/sim.mjs', '--no-build', '--seeds', '300'], { deadlineMs: 10 * minutes }) },
  { name: 'mutants', run: program([process.execPath, 'scripts/mutants.mjs', '--no-build', '--quick'], { deadlineMs: 8 * minutes }) },
  { name: 'process', run: nodeTest('tests/process', { deadlineMs: 12 * minutes }) },
]

/**
 * A program that has passed when it ends with 0.
 * @param {readonly string[]} command
 * @param {{ deadlineMs?: number }} [options]
 */
export function program(command, options = {}) {
  return async () => {
    const { exitCode, output } = await run(command, { deadlineMs: 3 * minutes, ...options })
    return exitCode === 0 ? { passed: 1, failed: 0, output } : { passed: 0, failed: 1, output }
  }
}

/**
 * Vitest with these filters and flags. Counted from its JSON report, not from its text.
 * @param {readonly string[]} filters
 * @param {{ deadlineMs?: number, mayBeEmpty?: boolean }} [options]
 */
export function vitest(filters, options = {}) {
  const { deadlineMs = 5 * minutes, mayBeEmpty = false } = options
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'balsa-test-'))
    const report = join(folder, 'report.json')
    try {
      const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`]
      const { exitCode, output } = await run([tool('vitest'), 'run', '--passWithNoTests', ...reporters, ...filters], { deadlineMs })
      return countVitest(readReport(report), exitCode, output, mayBeEmpty)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** @param {string} path @returns {unknown} null when vitest ended before it wrote one. */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/**
 * @param {unknown} report
 * @param {number} exitCode
 * @param {string} output
 * @param {boolean} mayBeEmpty
 * @returns {Counts}
 */
export function countVitest(report, exitCode, output, mayBeEmpty) {
  if (report === null) return { passed: 0, failed: 1, output: `${output}\nno report: the suite crashed\n` }
  const { testResults } = /** @type {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} */ (report)
  let passed = 0
  let failed = 0
  for (const file of testResults) {
    const failures = file.assertionResults.filter((test) => test.status === 'failed').length
    passed += file.assertionResults.filter((test) => test.status === 'passed').length
    // A file that cannot be loaded, or whose hooks fail, has no failed test of its own.
    failed += failures === 0 && file.status === 'failed' ? 1 : failures
  }
  if (passed + failed === 0 && !mayBeEmpty) return { passed, failed: 1, output: `${output}\nno tests found\n` }
  // Unhandled errors fail the run, although every test passed.
  if (exitCode !== 0 && failed === 0) failed = 1
  return { passed, failed, output }
}

/**
 * The `*.test.mjs` of a folder under node:test, one file after the other: they start processes and would disturb each other.
 * @param {string} folder
 * @param {{ deadlineMs?: number, mayBeEmpty?: boolean }} [options]
 */
export function nodeTest(folder, options = {}) {
  const { deadlineMs = 5 * minutes, mayBeEmpty = false } = options
  return async () => {
    const files = listTests(folder)
    if (files.length === 0) return { passed: 0, failed: mayBeEmpty ? 0 : 1, output: `no *.test.mjs in ${folder}\n` }
    const command = [process.execPath, '--test', '--test-concurrency=1', '--test-reporter=tap', ...files]
    const { exitCode, output } = await run(command, { deadlineMs })
    return countTap(output, exitCode)
  }
}

/** @param {string} folder */
function listTests(folder) {
  try {
    const names = readdirSync(root + folder).filter((name) => name.endsWith('.test.mjs'))
    return names.sort().map((name) => join(folder, name))
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return []
    throw error
  }
}

/** Reads the closing lines of node:test. @param {string} output @param {number} exitCode @returns {Counts} */
export function countTap(output, exitCode) {
  /** @param {string} label */
  const count = (label) => {
    const found = [...output.matchAll(new RegExp(`^# ${label} (\\d+)$`, 'gm'))].at(-1)?.[1]
    return found === undefined ? undefined : Number(found)
  }
  const passed = count('pass')
  const failed = count('fail')
  const cancelled = count('cancelled')
  if (passed === undefined || failed === undefined || cancelled === undefined) {
    return { passed: 0, failed: 1, output: `${output}\nno closing lines: the suite crashed\n` }
  }
  const bad = failed + cancelled
  return { passed, failed: exitCode !== 0 && bad === 0 ? 1 : bad, output }
}
