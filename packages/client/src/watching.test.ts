import process from 'node:process'
import { SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { ScriptedCluster } from './scripted-cluster.test-support.js'

const FIRST_SEED = Number(process.env['BALSA_SEED'] ?? 1)
const SEEDS = process.env['BALSA_SEED'] === undefined ? 12 : 1
const WRITES = 60

/** Watches while connections break and leaders change; answers what was seen, and what happened. */
async function run(seed: number): Promise<{ readonly seen: string[]; readonly happened: string[] }> {
  const cluster = new ScriptedCluster(['a:1', 'b:1', 'c:1'], seed)
  const random = new SeededRandom(seed)
  const endpoints = [...cluster.members.keys()]
  const client = cluster.client()
  const happened: string[] = []
  const seen: string[] = []
  const watching = (async () => {
    for await (const event of client.watch({ prefix: 'k' }, { fromRevision: 2 })) {
      if (event.type !== 'put') continue
      seen.push(`${event.revision} ${new TextDecoder().decode(event.key)} ${event.more}`)
      if (random.bool(0.1)) await new Promise<void>((resolve) => void cluster.clock.setTimer(random.int(300), resolve))
      if (new TextDecoder().decode(event.key) === 'k end') return
    }
  })()
  for (let at = 0; at < WRITES; at++) {
    const keys = Array.from({ length: 1 + random.int(5) }, (_, part) => `k${part}`)
    const value = new Uint8Array(random.bool(0.1) ? 100_000 : 10)
    const { revision } = await cluster.settle(client.transaction({ success: keys.map((key) => ({ type: 'put', key, value })) }))
    keys.forEach((key, part) => happened.push(`${revision} ${key} ${part < keys.length - 1}`))
    if (random.bool(0.3)) cluster.leader = random.pick(endpoints)
    if (random.bool(0.3)) cluster.clock.setTimer(random.int(40), () => cluster.member(random.pick(endpoints)).breakConnections())
  }
  const { revision } = await cluster.settle(client.put('k end', ''))
  happened.push(`${revision} k end false`)
  await cluster.settle(watching)
  await cluster.settle(client.close())
  return { seen, happened }
}

describe('a watch over reconnects', () => {
  it('misses nothing and repeats nothing, whatever breaks', async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const { seen, happened } = await run(seed)
      expect(seen, `BALSA_SEED=${seed} npx vitest run packages/client/src/watching.test.ts`).toEqual(happened)
    }
  })

  it('begins anew elsewhere when its member says nothing any more', async () => {
    const cluster = new ScriptedCluster(['a:1', 'b:1'])
    const client = cluster.client()
    await cluster.settle(client.put('k', '0'))
    const events = client.watch('k', { fromRevision: 2 })[Symbol.asyncIterator]()
    expect((await cluster.settle(events.next())).value).toMatchObject({ revision: 2 })
    // The member is gone, and nobody was told.
    cluster.member('a:1').watches.forEach((watches) => watches.close())
    cluster.member('a:1').script = () => 'ignore'
    cluster.leader = 'b:1'
    await cluster.settle(client.put('k', '1'))
    expect((await cluster.settle(events.next())).value).toMatchObject({ revision: 3 })
    await cluster.settle(client.close())
  })

  it('tells how far it is, when asked to', async () => {
    const cluster = new ScriptedCluster(['a:1'])
    const client = cluster.client()
    const events = client.watch('k', { progress: true })[Symbol.asyncIterator]()
    expect((await cluster.settle(events.next())).value).toEqual({ type: 'progress', revision: 1 })
    await cluster.settle(client.put('other', '1'))
    await cluster.clock.advanceAsync(11_000)
    for (const watches of cluster.member('a:1').watches.values()) watches.progress()
    expect((await cluster.settle(events.next())).value).toEqual({ type: 'progress', revision: 2 })
    await cluster.settle(client.close())
    await cluster.clock.advanceAsync(100)
    expect(cluster.member('a:1').watches.size).toBe(0)
  })
})
