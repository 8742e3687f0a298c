import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AppliedCommand, StateMachine } from '@balsa/raft'
import { run } from './cli/cli.test-support.js'
import { freePorts, temporaryDirectory } from './local-cluster.test-support.js'
import { Replica } from './node-replica.js'

/** Adds numbers: the smallest state machine that can go wrong. */
class Sum implements StateMachine<number, null, number> {
  #sum = 0

  apply(batch: readonly AppliedCommand[]): readonly number[] {
    return batch.map(({ command }) => (this.#sum += command[0] ?? 0))
  }

  query(): number {
    return this.#sum
  }

  async *snapshot(): AsyncIterable<Uint8Array> {
    yield Buffer.from(String(this.#sum))
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = ''
    for await (const chunk of chunks) text += Buffer.from(chunk).toString()
    this.#sum = Number(text)
  }
}

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const alone = () => ({ id: 'a', dataDir: join(directory, 'a'), members: { a: '127.0.0.1:2380' }, stateMachine: new Sum() })

describe('Replica.open', () => {
  it('replicates a state machine over three members, and each answers linearizable reads', async () => {
    const ports = await freePorts(3)
    const members = { a: `127.0.0.1:${ports[0]}`, b: `127.0.0.1:${ports[1]}`, c: `127.0.0.1:${ports[2]}` }
    const replicas = await Promise.all(
      Object.keys(members).map((id) => Replica.open({ id, dataDir: join(directory, id), members, stateMachine: new Sum() })),
    )
    await Promise.all(replicas.map((replica) => replica.waitFor('caught-up')))
    const leader = replicas.find((replica) => replica.status().role === 'leader')
    for (const number of [1, 2, 3]) await leader?.propose(Uint8Array.of(number))
    for (const replica of replicas) expect(await replica.read(null)).toBe(6)
    await Promise.all(replicas.map((replica) => replica.close()))
  })

  it('lets a member come back while the others go on', async () => {
    const ports = await freePorts(3)
    const members = { a: `127.0.0.1:${ports[0]}`, b: `127.0.0.1:${ports[1]}`, c: `127.0.0.1:${ports[2]}` }
    const open = (id: string) => Replica.open({ id, dataDir: join(directory, id), members, stateMachine: new Sum() })
    const [a, b, c] = await Promise.all([open('a'), open('b'), open('c')])
    await Promise.all([a, b, c].map((replica) => replica.waitFor('caught-up')))
    await c.close()
    const leading = [a, b].find((replica) => replica.status().role === 'leader') ?? a
    await leading.waitFor('leader-known')
    await using again = await open('c')
    await again.waitFor('caught-up')
    expect(again.status()).toMatchObject({ state: 'running', leaderId: expect.any(Number) })
    await Promise.all([a.close(), b.close()])
  })

  it('goes on where it stopped, and its directory belongs to one process at a time', async () => {
    const first = await Replica.open(alone())
    await first.waitFor('is-leader')
    expect((await first.propose(Uint8Array.of(5))).result).toBe(5)
    await expect(Replica.open(alone())).rejects.toMatchObject({ code: 'LOCKED' })
    await first.takeSnapshot()
    await first.close()
    await using second = await Replica.open(alone())
    await second.waitFor('caught-up')
    expect(await second.read(null)).toBe(5)
  })

  it('goes on alone with all its data when its directory was recovered from a lost quorum', async () => {
    const ports = await freePorts(3)
    const members = { a: `127.0.0.1:${ports[0]}`, b: `127.0.0.1:${ports[1]}`, c: `127.0.0.1:${ports[2]}` }
    const open = (id: string) => Replica.open({ id, dataDir: join(directory, id), members, stateMachine: new Sum() })
    const [a, b, c] = await Promise.all([open('a'), open('b'), open('c')])
    await Promise.all([a, b, c].map((replica) => replica.waitFor('caught-up')))
    await [a, b, c].find((replica) => replica.status().role === 'leader')?.propose(Uint8Array.of(7))
    expect(await a.read(null)).toBe(7)
    await Promise.all([a.close(), b.close(), c.close()])
    const recover = ['recover', '--data-dir', join(directory, 'a'), '-o', 'json']
    const { clusterId } = JSON.parse((await run(recover)).out) as { clusterId: string }
    expect(await run([...recover, '--yes', clusterId])).toMatchObject({ code: 0 })
    await using again = await open('a')
    await again.waitFor('caught-up')
    expect(await again.read(null)).toBe(7)
    expect(again.status().configuration.voters).toHaveLength(1)
  })

  it.each([
    [{ id: 'z' }, /members does not list this member, "z"/],
    [{ members: { a: '127.0.0.1:1', b: '127.0.0.1:1' } }, /members a and b have the same address/],
    [{ members: { a: 'nowhere' } }, /members\.a: .*no port/],
    [{ members: { a: '10.1.1.1:1', b: '10.1.1.2:1' } }, /not loopback, and there is no TLS/],
  ])('refuses %j', async (wrong, message) => {
    await expect(Replica.open({ ...alone(), ...wrong })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(message),
    })
    await (await Replica.open(alone())).close()
  })

  it('refuses the directory of another cluster', async () => {
    await (await Replica.open(alone())).close()
    await expect(Replica.open({ ...alone(), clusterToken: 'other' })).rejects.toMatchObject({ code: 'IDENTITY_MISMATCH' })
    await (await Replica.open(alone())).close()
  })
})
