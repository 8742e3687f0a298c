import { asMemberId, BalsaError, foundingConfiguration, ManualClock, type MembershipChange } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { AddressKeeper, addressUpdate } from './address-keeper.js'

const member = { id: asMemberId(7), name: 'n1', address: 'a:1', clientAddress: 'c:1' }

function keeper(advertisePeer: string, advertiseClient: string, failures: number, listed = member) {
  const clock = new ManualClock()
  const asked: (readonly MembershipChange[])[] = []
  let configuration = foundingConfiguration([listed])
  const options = {
    clock,
    logger: { info: () => undefined, warn: () => undefined },
    status: () => ({ id: listed.id, configuration }),
    name: 'n1',
    advertisePeer,
    advertiseClient,
    admin: {
      changeMembership: (changes: readonly MembershipChange[]) => {
        asked.push(changes)
        if (asked.length <= failures) return Promise.reject(new BalsaError('NO_LEADER', 'nobody leads'))
        const [change] = changes
        if (change?.type === 'update') configuration = foundingConfiguration([change.member])
        return Promise.resolve({ index: 1, ids: [] })
      },
    },
  }
  return { clock, asked, options, keeper: new AddressKeeper(options) }
}

describe('the address keeper', () => {
  it('asks for nothing while the log says what is true', async () => {
    const { keeper: same, asked, options } = keeper('a:1', 'c:1', 0)
    await same.run()
    expect(addressUpdate(options)).toBe(null)
    expect(asked).toEqual([])
  })

  it('tells the cluster where the member is now, and again after a pause when that fails', async () => {
    const { keeper: moved, asked, clock, options } = keeper('a:2', 'c:2', 2)
    await moved.run()
    expect(asked).toEqual([[{ type: 'update', member: { ...member, address: 'a:2', clientAddress: 'c:2' } }]])
    clock.advance(500)
    await Promise.resolve()
    await Promise.resolve()
    expect(asked.length).toBe(2)
    clock.advance(999)
    expect(asked.length).toBe(2)
    clock.advance(1)
    await Promise.resolve()
    expect(asked.length).toBe(3)
    expect(addressUpdate(options)).toBe(null)
  })

  it('gives a name to a member that was added without one', async () => {
    const { keeper: unnamed, asked, options } = keeper('a:1', 'c:1', 0, { ...member, name: '' })
    await unnamed.run()
    expect(asked).toEqual([[{ type: 'update', member }]])
    expect(addressUpdate(options)).toBe(null)
  })

  it('leaves nothing behind when it is stopped', async () => {
    const { keeper: moved, clock } = keeper('a:2', 'c:1', 1)
    await moved.run()
    moved.stop()
    expect(clock.pending).toBe(0)
  })
})
