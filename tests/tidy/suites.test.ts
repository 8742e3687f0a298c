/** What `npm test` counts: a suite that crashed, or tested nothing, has failed. */
import { describe, expect, it } from 'vitest'
import { countTap, countVitest, nodeTest, program } from '../../scripts/suites.mjs'

const file = (status: string, ...tests: readonly string[]) => ({ status, assertionResults: tests.map((test) => ({ status: test })) })
const vitest = (exitCode: number, ...files: readonly ReturnType<typeof file>[]) => {
  const { passed, failed } = countVitest({ testResults: files }, exitCode, '', false)
  return { passed, failed }
}

describe('vitest report', () => {
  it('counts tests', () => {
    expect(vitest(1, file('failed', 'passed', 'failed'), file('passed', 'passed'))).toEqual({ passed: 2, failed: 1 })
  })
  it('counts a file that could not be loaded', () =>
    expect(vitest(1, file('failed'), file('passed', 'passed'))).toEqual({ passed: 1, failed: 1 }))
  it('counts an unhandled error', () => expect(vitest(1, file('passed', 'passed'))).toEqual({ passed: 1, failed: 1 }))
  it('counts a crash', () => expect(countVitest(null, 0, '', true)).toMatchObject({ passed: 0, failed: 1 }))
  it('counts nothing as failed unless that is allowed', () => {
    expect(vitest(0)).toEqual({ passed: 0, failed: 1 })
    expect(countVitest({ testResults: [] }, 0, '', true)).toMatchObject({ passed: 0, failed: 0 })
  })
})

describe('node:test output', () => {
  const tap = (pass: number, fail: number, cancelled: number): string => `# pass ${pass}\n# fail ${fail}\n# cancelled ${cancelled}\n`

  it('counts tests', () => expect(countTap(tap(3, 0, 0), 0)).toMatchObject({ passed: 3, failed: 0 }))
  it('counts what was cancelled as failed', () => expect(countTap(tap(3, 1, 2), 1)).toMatchObject({ passed: 3, failed: 3 }))
  it('counts a crash', () => expect(countTap('', 134)).toMatchObject({ passed: 0, failed: 1 }))
  it('counts a bad end after good tests', () => expect(countTap(tap(3, 0, 0), 1)).toMatchObject({ passed: 3, failed: 1 }))
})

describe('suites', () => {
  const script = (text: string): readonly string[] => [process.execPath, '-e', text]

  it('a program passes by its exit code', async () => {
    expect(await program(script(''))()).toMatchObject({ passed: 1, failed: 0 })
    expect(await program(script('console.log("why"); process.exit(3)'))()).toMatchObject({ failed: 1, output: 'why\n' })
  })
  it('a program that cannot be started has failed', async () => {
    expect(await program(['./no-such-program'])()).toMatchObject({ passed: 0, failed: 1 })
  })
  it('a program that does not end has failed', async () => {
    const result = await program(script('setInterval(() => {}, 1000)'), { deadlineMs: 300 })()
    expect(result).toMatchObject({ passed: 0, failed: 1 })
    expect(result.output).toMatch(/without an end/)
  })
  it('children that a program leaves behind in its group are ended: they hold our pipe, so this would reach the deadline otherwise', async () => {
    const child = `require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })`
    const result = await program(script(`${child}; process.exit(0)`), { deadlineMs: 20_000 })()
    expect(result).toEqual({ passed: 1, failed: 0, output: '' })
  })
  it('a folder without tests has failed', async () => {
    expect(await nodeTest('tests/no-such-folder')()).toMatchObject({ passed: 0, failed: 1 })
  })
})
