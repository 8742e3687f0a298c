import type { LeaderRequest, StoreAnswer } from '@balsa/kv'
import { asMemberId } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { Admin } from './admin.js'
import type { Client } from './client.js'
import { type Reaction, ScriptedCluster } from './scripted-cluster.test-support.js'

function adminThatHears(answer: unknown): { readonly admin: Admin; readonly asked: LeaderRequest[] } {
  const asked: LeaderRequest[] = []
  const admin = new Admin((request) => {
    asked.push(request)
    return Promise.resolve(answer as StoreAnswer)
  })
  return { admin, asked }
}

describe('the admin calls of a client', () => {
  it('send the changes in one request, unforced unless told otherwise', async () => {
    const { admin, asked } = adminThatHears({ type: 'admin', admin: { type: 'changed', index: 9, ids: [3] } })
    const changes = [{ type: 'remove', id: asMemberId(2) }] as const
    expect(await admin.changeMembership(changes)).toEqual({ index: 9, ids: [3] })
    await admin.changeMembership(changes, { force: true })
    expect(asked).toEqual([
      { type: 'change', changes, force: false },
      { type: 'change', changes, force: true },
    ])
  })

  it('hand leadership to the best voter when nobody is named', async () => {
    const { admin, asked } = adminThatHears({ type: 'admin', admin: { type: 'transferred', leaderId: 4 } })
    expect(await admin.transferLeadership()).toBe(4)
    expect(asked).toEqual([{ type: 'transfer', target: null }])
  })

  it('say that the outcome is unknown when the answer is to something else', async () => {
    const { admin } = adminThatHears({ type: 'admin', admin: { type: 'transferred', leaderId: 4 } })
    await expect(admin.members()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', family: 'unknown' })
  })
})

/** What becomes of the call when a member does this with its first attempt, and whether it was asked again. */
async function afterFirst(reaction: Reaction, ask: (client: Client) => Promise<unknown>): Promise<readonly [unknown, boolean]> {
  const cluster = new ScriptedCluster()
  const client = cluster.client()
  let attempts = 0
  cluster.script((request) => {
    if (request.type !== 'admin') return 'serve'
    attempts += 1
    return attempts === 1 ? reaction : 'serve'
  })
  const outcome = await cluster.outcome(ask(client))
  await cluster.settle(client.close())
  return [outcome, attempts > 1]
}

describe.each(['executeAndBreak', 'executeMutely'] as const)('an admin call whose first answer is lost (%s)', (reaction) => {
  it('is asked again when a repetition does no harm', async () => {
    expect(await afterFirst(reaction, (client) => client.admin.alarms())).toEqual([[], true])
    expect(await afterFirst(reaction, (client) => client.admin.disarm())).toEqual([{ alarms: [], cleared: [] }, true])
  })

  it('has an unknown outcome when it is a change', async () => {
    expect(await afterFirst(reaction, (client) => client.admin.transferLeadership())).toEqual(['OUTCOME_UNKNOWN unknown', false])
    expect(await afterFirst(reaction, (client) => client.admin.changeMembership([{ type: 'remove', id: asMemberId(2) }]))).toEqual([
      'OUTCOME_UNKNOWN unknown',
      false,
    ])
  })
})
