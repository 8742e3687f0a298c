import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeCommand } from '@balsa/kv'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Member } from './member.js'
import { eventually, MemberCluster } from './member-cluster.test-support.js'

/** Members whose store lies on disk and whose log is short. */

let cluster: MemberCluster
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

beforeAll(async () => {
  cluster = await MemberCluster.start(3, { maxLogBytes: 20_000, electionTimeoutMs: 2000, heartbeatIntervalMs: 200 })
  await cluster.ready()
})
afterAll(() => cluster.close())

const leading = (): Member | undefined => cluster.members.find((member) => member.replica.status().role === 'leader')

/** The same keys may be written twice: a busy machine changes its leader now and then. */
async function write(from: number, to: number): Promise<void> {
  const put = (at: number): Uint8Array =>
    encodeCommand({ type: 'put', stamp: null, key: bytes(`k${at}`), value: new Uint8Array(50).fill(at) })
  for (let at = from; at < to; at += 100) {
    await eventually(async () => {
      const commands = Array.from({ length: 100 }, (_, step) => put(at + step))
      const replica = leading()?.replica
      if (replica === undefined) return false
      return Promise.all(commands.map((command) => replica.propose(command))).then(
        () => true,
        () => false,
      )
    })
  }
}

const keysOf = (member: Member): number => member.status().keys

async function restart(at: number): Promise<Member> {
  const options = cluster.options[at]
  if (options === undefined) throw new Error(`no member ${at}`)
  const member = await Member.start(options)
  cluster.members[at] = member
  return member
}

it('come back from their own disk, also with what they were given as a whole', async () => {
  await write(0, 200)
  const member = cluster.members.find((candidate) => candidate !== leading()) ?? cluster.follower()
  const away = cluster.members.indexOf(member)
  await eventually(() => keysOf(member) === 200)
  await member.close()
  await write(200, 2600)
  // What the member lacks is not in the log of anybody any more, beside the newest 1024 entries.
  await eventually(() => (leading()?.replica.status().firstIndex ?? 0) > 400)
  const back = await restart(away)
  expect(keysOf(back)).toBe(200)
  let restored = 0
  back.replica.on('restored', () => void restored++)
  await eventually(() => keysOf(back) === 2600)
  expect(restored).toBe(1)
  await back.close()
  expect(keysOf(await restart(away))).toBe(2600)
  expect((await readdir(join(back.dataDir, 'tables'))).filter((name) => name.endsWith('.mdb'))).toHaveLength(1)
}, 120_000)
