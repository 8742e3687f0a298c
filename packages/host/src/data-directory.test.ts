import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDataDirectory } from './data-directory.js'

let root = ''
const children: ChildProcess[] = []
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'balsa-lock-'))
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  fs.rmSync(root, { recursive: true, force: true })
})

const noPause = { pause: async () => undefined }

/** Another process that takes the lock, says so, and keeps it until it is killed. */
async function startHolder(path: string): Promise<{ readonly child: ChildProcess; readonly answer: string }> {
  const module = new URL('../dist/data-directory.js', import.meta.url)
  if (!fs.existsSync(fileURLToPath(module))) throw new Error('build first: npm run build')
  const program = `
    const { openDataDirectory } = await import(${JSON.stringify(module.href)})
    try { await openDataDirectory(${JSON.stringify(path)}); console.log('locked') } catch (error) { console.log(error.code + ' ' + error.message) }
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const answer = await new Promise<string>((resolve) => child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim())))
  return { child, answer }
}

const killed = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })

describe('openDataDirectory', () => {
  it('creates the directory for the owner only, and frees it again', async () => {
    const path = join(root, 'new/data')
    const directory = await openDataDirectory(path)
    expect(directory.path).toBe(path)
    expect(fs.statSync(path).mode & 0o777).toBe(0o700)
    await directory.close()
    expect(fs.readdirSync(path)).toEqual([])
    await (await openDataDirectory(path)).close()
  })

  it('refuses a directory that others can write to, with the command that repairs it', async () => {
    for (const mode of [0o777, 0o770, 0o702]) {
      const path = join(root, `open-${mode}`)
      fs.mkdirSync(path)
      fs.chmodSync(path, mode)
      await expect(openDataDirectory(path)).rejects.toMatchObject({ code: 'DATA_DIRECTORY', hint: `Run: chmod 700 ${path}` })
    }
  })

  it('refuses a symbolic link, a file, and a path below a file', async () => {
    fs.mkdirSync(join(root, 'real'), { mode: 0o700 })
    fs.symlinkSync(join(root, 'real'), join(root, 'link'))
    fs.writeFileSync(join(root, 'file'), '')
    await expect(openDataDirectory(join(root, 'link'))).rejects.toMatchObject({
      code: 'DATA_DIRECTORY',
      message: expect.stringContaining('symbolic link'),
    })
    await expect(openDataDirectory(join(root, 'file'))).rejects.toMatchObject({
      code: 'DATA_DIRECTORY',
      message: expect.stringContaining('not a directory'),
    })
    await expect(openDataDirectory(join(root, 'file/data'))).rejects.toMatchObject({ family: 'fatal' })
  })

  it.runIf(process.getuid?.() === 0)("refuses another user's directory", async () => {
    const path = join(root, 'other')
    fs.mkdirSync(path, { mode: 0o700 })
    fs.chownSync(path, 12345, 12345)
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      code: 'DATA_DIRECTORY',
      message: expect.stringContaining('12345'),
      hint: expect.stringContaining('chown'),
    })
  })

  it('refuses a second use in the same process', async () => {
    const directory = await openDataDirectory(join(root, 'data'))
    await expect(openDataDirectory(join(root, 'data'), noPause)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(String(process.pid)),
    })
    await directory.close()
  })

  it('refuses a second process, naming the first, also while that one is stopped; a killed one frees it', async () => {
    const path = join(root, 'data')
    const { child, answer } = await startHolder(path)
    expect(answer).toBe('locked')
    await expect(openDataDirectory(path, noPause)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(`process ${child.pid}`),
    })
    child.kill('SIGSTOP')
    await expect(openDataDirectory(path, noPause)).rejects.toMatchObject({ code: 'LOCKED' })
    await killed(child)
    // The dead process left its claim behind.
    expect(fs.readdirSync(path).length).toBe(1)
    const directory = await openDataDirectory(path)
    expect(fs.readdirSync(path)).toEqual([expect.stringContaining(`lock-${process.pid}-`)])
    expect((await startHolder(path)).answer).toMatch(new RegExp(`^LOCKED .*process ${process.pid}`))
    await directory.close()
  })

  it('of many that start at the same moment, at most one wins, and one that comes alone does', async () => {
    const path = join(root, 'data')
    await (await openDataDirectory(path)).close()
    for (let round = 0; round < 20; round++) {
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => openDataDirectory(path)))
      const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      expect(winners.length).toBeLessThanOrEqual(1)
      for (const winner of winners) await winner.close()
      await (await openDataDirectory(path)).close()
    }
  })

  it('works with a path that is too long for a socket', async () => {
    const path = join(root, 'x'.repeat(100), 'y'.repeat(100))
    const directory = await openDataDirectory(path)
    await expect(openDataDirectory(path, noPause)).rejects.toMatchObject({ code: 'LOCKED' })
    await directory.close()
    expect(fs.readdirSync(path)).toEqual([])
  })
})
