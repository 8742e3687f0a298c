import { KvStateMachine } from '@balsa/kv'
import type { AppliedCommand } from '@balsa/raft'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Member } from './member.js'
import { eventually, MemberCluster } from './member-cluster.test-support.js'

/** Applies one command differently from all others, as broken memory would. */
class BreakableMachine extends KvStateMachine {
  broken = false

  override apply(batch: readonly AppliedCommand[]): ReturnType<KvStateMachine['apply']> {
    const [first, ...rest] = batch
    if (!this.broken || first === undefined) return super.apply(batch)
    this.broken = false
    const command = first.command.slice()
    command[command.length - 1] = (command[command.length - 1] ?? 0) ^ 1
    return super.apply([{ ...first, command }, ...rest])
  }
}

let cluster: MemberCluster
const machines: BreakableMachine[] = []
const errors: string[] = []

beforeAll(async () => {
  cluster = await MemberCluster.start(3, (at) => {
    const machine = new BreakableMachine()
    machines[at] = machine
    const ignore = (): void => undefined
    const error = (_fields: object, text: string): void => void errors.push(`n${at + 1}: ${text}`)
    return { stateMachine: machine, divergenceCheckMs: 20, logger: { debug: ignore, info: ignore, warn: ignore, error } }
  })
  await cluster.ready()
})
afterAll(() => cluster.close())

const page = async (member: Member, path: string) => {
  const response = await fetch(`http://${member.clientAddress}${path}`)
  return { code: response.status, text: await response.text() }
}

const put = (key: string): Promise<unknown> =>
  cluster.leader().store.execute(
    {
      type: 'put',
      stamp: null,
      key: new TextEncoder().encode(key),
      value: new TextEncoder().encode('value'),
    },
    { deadlineMs: performance.now() + 5000 },
  )

it('a member whose state machine went another way is found, named by all, and takes no more traffic', async () => {
  await put('before')
  await eventually(() => new Set(machines.map(({ stateHash }) => stateHash)).size === 1)
  expect(cluster.members.map(({ divergence }) => divergence)).toEqual([null, null, null])

  const bad = cluster.follower()
  const machine = machines[cluster.members.indexOf(bad)]
  if (machine === undefined) throw new Error('no machine')
  machine.broken = true
  await put('after')
  await eventually(() => bad.divergence?.suspect === 'this')
  const others = cluster.others(bad)
  await eventually(() => others.every(({ divergence }) => divergence?.suspect === 'other'))
  expect(others.map(({ divergence }) => divergence?.members)).toEqual([[bad.status().memberId], [bad.status().memberId]])

  const name = bad.status().name
  expect(await page(bad, '/readyz')).toMatchObject({
    code: 503,
    text: expect.stringMatching(/the state differs from that of .*: this member is most likely/),
  })
  expect(await page(bad, '/health')).toMatchObject({ code: 503, text: '{"health":"false","reason":"ALARM CORRUPT"}' })
  const [good] = others
  if (good === undefined) throw new Error('no other member')
  expect((await page(good, '/readyz')).code).toBe(200)
  expect((await page(good, '/health')).code).toBe(200)
  expect(await page(good, '/healthz')).toMatchObject({
    code: 200,
    text: expect.stringMatching(new RegExp(`^ok, but: the state differs from that of ${name} `)),
  })
  expect(JSON.parse((await page(good, '/status')).text)).toMatchObject({ divergence: { suspect: 'other' } })
  expect((await page(bad, '/metrics')).text).toContain('balsa_diverged_members 2\n')
  expect((await page(good, '/metrics')).text).toContain('balsa_diverged_members 1\n')
  expect(errors.some((line) => line.startsWith(`${name}: DIVERGED: `))).toBe(true)
})
