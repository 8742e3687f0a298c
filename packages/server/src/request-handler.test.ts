import {
  type AdminAnswer,
  type CommandResult,
  type Consistency,
  encodeCommand,
  type KvAnswer,
  KvStateMachine,
  type MemberStatus,
  type WriteRequest,
} from '@balsa/kv'
import { asIndex, asTerm, BalsaError, ManualClock, type ReadOptions } from '@balsa/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import type { MemberAnswer, MemberRequest } from './client-session.js'
import { SILENT_LOGGER } from './logger.js'
import { createMemberMetrics, type MemberMetrics } from './metrics/member-metrics.js'
import { MemberRequests, type MemberRequestsOptions } from './request-handler.js'

const STATUS = { clusterId: 1, memberId: 2, leaderId: 1234567, leaderAddress: '' } as MemberStatus
const RESULT: CommandResult = { type: 'deleted', revision: 3, previous: null }
const KEY = Buffer.from('k')

let fails: BalsaError | null
let deadlines: (number | undefined)[]
let reads: (ReadOptions | undefined)[]
let metrics: MemberMetrics
let status: MemberStatus
let said: object[]
let requests: MemberRequests

const replica: MemberRequestsOptions['replica'] = {
  propose: async (_command, options) => {
    deadlines.push(options?.deadlineMs)
    if (fails !== null) throw fails
    return { index: asIndex(1), term: asTerm(1), result: RESULT }
  },
}

const store: MemberRequestsOptions['store'] = {
  watches: new KvStateMachine().watches,
  readWithAge: async (_query, options) => {
    reads.push(options)
    if (fails !== null) throw fails
    const ageMs = options?.consistency === 'stale' ? (options.maxStaleMs ?? Infinity) - 0.5 : 0
    return { answer: { type: 'get', revision: 5, record: null } satisfies KvAnswer, ageMs }
  },
}

beforeEach(() => {
  fails = null
  deadlines = []
  reads = []
  metrics = createMemberMetrics()
  status = STATUS
  const withNames = (text: string) => text.replaceAll('1234567', 'n3')
  const clock = new ManualClock(1000)
  const admin = {
    handle: async (): Promise<AdminAnswer> => {
      if (fails !== null) throw fails
      return { type: 'transferred', leaderId: 2 }
    },
  }
  const logger = { ...SILENT_LOGGER, info: (fields: object, message: string) => void said.push({ ...fields, message }) }
  said = []
  const options = {
    replica,
    store,
    clock,
    metrics,
    requestTimeoutMs: 500,
    maxRequestBytes: 100,
    status: () => status,
    withNames,
    admin,
    logger,
  }
  requests = new MemberRequests(options)
})

const ask = (request: MemberRequest): Promise<MemberAnswer> => new Promise((resolve) => requests.handle(request, resolve))
const write = (): WriteRequest => {
  const parsed = { type: 'delete', stamp: null, key: KEY } as const
  return { type: 'write', id: 1, command: encodeCommand(parsed), parsed }
}
const get = (consistency: Consistency, maxStaleMs?: number): MemberRequest => ({
  type: 'get',
  id: 2,
  key: KEY,
  consistency,
  ...(maxStaleMs === undefined ? {} : { maxStaleMs }),
})

describe('MemberRequests', () => {
  it('answers operators, and logs what they change', async () => {
    const transfer: MemberRequest = { type: 'admin', id: 4, admin: { type: 'transfer', target: null } }
    expect(await ask(transfer)).toEqual({ type: 'admin', id: 4, admin: { type: 'transferred', leaderId: 2 } })
    expect(said).toMatchObject([{ action: 'transfer', message: 'asked by an operator' }, { message: 'done for an operator' }])
    await ask({ type: 'admin', id: 5, admin: { type: 'members' } })
    expect(said).toHaveLength(2)
    fails = new BalsaError('NOT_LEADER', 'member 1234567 leads', { leaderId: 1234567 })
    status = { ...STATUS, leaderAddress: 'h:1' }
    expect(await ask(transfer)).toMatchObject({ type: 'error', error: { code: 'NOT_LEADER', leaderAddress: 'h:1' } })
    expect(said.at(-1)).toMatchObject({ code: 'NOT_LEADER', message: 'not done for an operator' })
  })

  it('gives every write and read a deadline, and answers of reads their age', async () => {
    expect(await ask(write())).toEqual({ type: 'result', id: 1, result: RESULT })
    expect(await ask(get('linearizable'))).toEqual({ type: 'value', id: 2, revision: 5, ageMs: 0, record: null })
    expect(await ask(get('lease'))).toMatchObject({ type: 'value', ageMs: 0 })
    expect(await ask(get('stale'))).toMatchObject({ type: 'value', ageMs: Infinity })
    expect(await ask(get('stale', 20))).toMatchObject({ type: 'value', ageMs: 19.5 })
    expect(deadlines).toEqual([1500])
    const deadlineMs = 1500
    expect(reads).toEqual([
      { deadlineMs, consistency: 'linearizable' },
      { deadlineMs, consistency: 'lease' },
      { deadlineMs, consistency: 'stale' },
      { deadlineMs, consistency: 'stale', maxStaleMs: 20 },
    ])
    expect(metrics.proposals.get({ outcome: 'ok' })).toBe(1)
  })

  it.each(['OUTCOME_UNKNOWN', 'DEADLINE', 'OVERLOADED', 'STOPPED', 'LEADERSHIP_LOST'] as const)(
    'passes %s on with its family',
    async (code) => {
      fails = new BalsaError(code, 'because')
      for (const request of [write(), get('linearizable'), get('stale')]) {
        expect(await ask(request)).toMatchObject({ type: 'error', error: { code, family: fails.family, message: 'because' } })
      }
      expect(metrics.proposals.get({ outcome: fails.family })).toBe(1)
    },
  )

  it('calls members by name, and tells the client where the leader is or how to find it', async () => {
    fails = new BalsaError('NOT_LEADER', 'member 1234567 is the leader', { leaderId: 1234567 })
    expect(await ask(write())).toMatchObject({
      error: { message: 'member n3 is the leader', leaderAddress: '', hint: expect.stringMatching(/all members in the endpoints/) },
    })
    status = { ...STATUS, leaderAddress: '127.0.0.1:9' }
    expect(await ask(write())).toMatchObject({ error: { code: 'NOT_LEADER', leaderAddress: '127.0.0.1:9', leaderId: 1234567, hint: '' } })
  })

  it('shows no text of errors that are not its own', async () => {
    fails = new TypeError('secret') as unknown as BalsaError
    const answer = await ask(write())
    expect(answer).toMatchObject({ type: 'error', error: { code: 'OUTCOME_UNKNOWN', family: 'unknown' } })
    expect(JSON.stringify(answer)).not.toContain('secret')
  })

  it('greets with who it is and who leads, and answers status', async () => {
    expect(requests.greeting()).toEqual({ clusterId: 1, memberId: 2, leaderAddress: '' })
    expect(await ask({ type: 'status', id: 9 })).toEqual({ type: 'status', id: 9, status: STATUS })
  })
})
