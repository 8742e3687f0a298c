import { expect, it } from 'vitest'
import type { VersionedClerk } from './clerk.js'
import { KvTest } from './kv-test.js'
import { runScenario } from './run.js'

async function withClerks(test: (first: VersionedClerk, second: VersionedClerk) => Promise<void>): Promise<void> {
  const result = await runScenario(
    {
      name: 'clerk',
      suite: 'kv-2025',
      servers: 3,
      async run(lab) {
        const t = await KvTest.open(lab, { servers: 3, reliable: true, maxLogBytes: -1 })
        await test(t.versionedClerk(), t.versionedClerk())
      },
    },
    { seed: 1 },
  )
  expect(result.failure).toBe('')
}

it('puts over exactly the named version', () =>
  withClerks(async (first, second) => {
    expect(await first.put('k', 'a', 1)).toBe('noKey')
    expect(await first.put('k', 'a', 0)).toBe('ok')
    expect(await first.put('k', 'b', 0)).toBe('version')
    // The second clerk has never seen the key: it has to ask which revision version 1 is.
    expect(await second.put('k', 'b', 1)).toBe('ok')
    // The first one still believes in version 1.
    expect(await first.put('k', 'c', 1)).toBe('version')
    expect(await first.put('k', 'c', 3)).toBe('version')
    expect(await first.get('k')).toEqual({ value: 'b', version: 2 })
    expect(await first.get('absent')).toEqual({ value: '', version: 0 })
  }))

it('goes on to the next version until a put is through', () =>
  withClerks(async (first, second) => {
    await first.put('k', 'a', 0)
    await first.put('k', 'b', 1)
    expect(await second.putAtLeastOnce('k', 'c', 0)).toBe(3)
    expect(await second.get('k')).toEqual({ value: 'c', version: 3 })
  }))
