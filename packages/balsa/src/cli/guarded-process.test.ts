import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type GuardedOptions, runGuarded, Signals } from './guarded-process.js'

const guarded = async (options: Omit<GuardedOptions, 'signals' | 'complain'>, complaints: string[] = []): Promise<number> => {
  const signals = new Signals(() => undefined)
  try {
    return await runGuarded({ ...options, signals, complain: (text) => void complaints.push(text) })
  } finally {
    signals.close()
  }
}

const run = (script: string, controller = new AbortController(), killAfterMs = 10_000) =>
  guarded({
    command: [process.execPath, '-e', script],
    environment: { ...process.env, CODE: '42' },
    signal: controller.signal,
    killAfterMs,
  })

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // Ended, and nobody has asked for its exit code yet.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return true
  }
}

describe('a guarded process', () => {
  it('passes its exit code through, and has the environment', async () => {
    expect(await run('process.exit(process.env.CODE)')).toBe(42)
    expect(await run('process.kill(process.pid, "SIGUSR2")')).toBe(128 + 12)
  })

  it('says as shells do that there is no such program', async () => {
    const { signal } = new AbortController()
    const nothing = { environment: {}, signal, killAfterMs: 1 }
    const complaints: string[] = []
    expect(await guarded({ command: ['/no/such/program'], ...nothing }, complaints)).toBe(127)
    expect(await guarded({ command: ['/'], ...nothing }, complaints)).toBe(126)
    expect(complaints).toEqual(['/no/such/program: no such program', '/: cannot be run (EACCES)'])
  })

  it('is asked to end, and then ended with what it has started', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'balsa-guarded-'))
    const file = (name: string): string => JSON.stringify(join(directory, name))
    const up = (name: string) => expect.poll(() => existsSync(join(directory, name)), { timeout: 20_000 }).toBe(true)
    const live = 'setInterval(() => 0, 1000)'
    const polite = new AbortController()
    const first = run(`process.on("SIGTERM", () => process.exit(7)); ${live}; fs.writeFileSync(${file('polite')}, "")`, polite)
    await up('polite')
    polite.abort()
    expect(await first).toBe(7)
    const stubborn = new AbortController()
    const deaf = `process.on("SIGTERM", () => 0); ${live}; fs.writeFileSync`
    const child = `${deaf}(${file('child')}, String(process.pid))`
    const second = run(
      `child_process.spawn(process.execPath, ["-e", ${JSON.stringify(child)}]); ${deaf}(${file('parent')}, "")`,
      stubborn,
      100,
    )
    await up('parent')
    await up('child')
    stubborn.abort()
    expect(await second).toBe(128 + 9)
    const pid = Number(readFileSync(join(directory, 'child'), 'utf8'))
    await expect.poll(() => hasEnded(pid), { timeout: 20_000 }).toBe(true)
    rmSync(directory, { recursive: true })
  })

  it('without a command holds until it is told to end', async () => {
    const controller = new AbortController()
    const held = guarded({ command: [], environment: {}, signal: controller.signal, killAfterMs: 1 })
    controller.abort()
    expect(await held).toBe(0)
  })
})
