import type { AdminRequest, StoreAnswer } from '@balsa/kv'
import { asMemberId } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { Admin } from './admin.js'

function adminThatHears(answer: unknown): { readonly admin: Admin; readonly asked: AdminRequest[] } {
  const asked: AdminRequest[] = []
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
