import { asMemberId, type MembershipChange } from '@balsa/raft'
import fc from 'fast-check'
import type { AdminAnswer, AdminRequest } from './admin.js'

const natural = fc.oneof(fc.nat(200), fc.maxSafeNat())
const memberId = natural.map(asMemberId)
const positive = natural.map((value) => Math.max(1, value))
const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const member = fc.record({ id: memberId, name: text, address: text, clientAddress: text })

const change: fc.Arbitrary<MembershipChange> = fc.oneof(
  fc.record({ type: fc.constant('add' as const), member, promote: fc.boolean(), witness: fc.boolean() }),
  fc.record({ type: fc.constantFrom('promote' as const, 'demote' as const, 'remove' as const), id: memberId }),
  fc.record({ type: fc.constant('replace' as const), id: memberId, member }),
  fc.record({ type: fc.constant('update' as const), member }),
)

/** Everything that an operator can ask. */
export const adminRequest: fc.Arbitrary<AdminRequest> = fc.oneof(
  fc.constant({ type: 'members' as const }),
  fc.record({ type: fc.constant('change' as const), changes: fc.array(change, { maxLength: 4 }), force: fc.boolean() }),
  fc.record({ type: fc.constant('transfer' as const), target: fc.option(positive) }),
  fc.constant({ type: 'stateHashes' as const }),
  fc.record({ type: fc.constant('alarms' as const), disarm: fc.boolean() }),
)

const alarms = fc.array(
  fc.record({
    kind: fc.constantFrom('noSpace' as const, 'corrupt' as const, 'full' as const),
    member: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    byHand: fc.boolean(),
  }),
  { maxLength: 4 },
)

export const membershipRole = fc.constantFrom('voter' as const, 'learner' as const, 'witness' as const)

const row = fc.record({
  id: natural,
  name: text,
  address: text,
  clientAddress: text,
  role: membershipRole,
  stage: fc.constantFrom('settled' as const, 'joining' as const, 'leaving' as const),
  replaces: fc.option(positive),
  rounds: natural,
  lag: natural,
  healthy: fc.boolean(),
  heardMsAgo: natural,
  sending: fc.constantFrom('self' as const, 'probe' as const, 'replicate' as const, 'snapshot' as const),
})
const view = fc.record({
  clusterId: natural,
  leaderId: natural,
  term: natural,
  commitIndex: natural,
  members: fc.array(row, { maxLength: 4 }),
})

/** Every answer to an operator. */
export const adminAnswer: fc.Arbitrary<AdminAnswer> = fc.oneof(
  fc.record({ type: fc.constant('members' as const), view }),
  fc.record({ type: fc.constant('changed' as const), index: natural, ids: fc.array(natural, { maxLength: 4 }) }),
  fc.record({ type: fc.constant('transferred' as const), leaderId: natural }),
  fc.record({
    type: fc.constant('stateHashes' as const),
    memberId: natural,
    marks: fc.array(fc.record({ index: natural, hash: text }), { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('alarms' as const), alarms, cleared: alarms }),
)
