import { describe, expect, it } from 'vitest'
import { GrpcCode } from '@balsa/proto/grpc-code'
import { errorOfAnswer, errorOfStatus, isRetryable } from './errors.js'

const of = (code: number, message: string, changes: boolean, unprocessed = false): string =>
  errorOfStatus({ code, message, unprocessed }, 'a:1', changes).code

describe('errors of etcd', () => {
  it('are told by their texts, whatever the request was', () => {
    for (const changes of [false, true]) {
      expect(of(GrpcCode.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', changes)).toBe('COMPACTED')
      expect(of(GrpcCode.NOT_FOUND, 'etcdserver: requested lease not found', changes)).toBe('LEASE_NOT_FOUND')
      expect(of(GrpcCode.UNAVAILABLE, 'etcdserver: no leader', changes)).toBe('NO_LEADER')
      expect(of(GrpcCode.INVALID_ARGUMENT, 'etcdserver: something new', changes)).toBe('INVALID')
      expect(of(GrpcCode.UNIMPLEMENTED, 'no such method', changes)).toBe('UNSUPPORTED')
      expect(of(GrpcCode.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (3 vs. 2)', changes)).toBe('TOO_LARGE')
    }
  })

  it('say what to do next, as those of Balsa', () => {
    const status = { code: GrpcCode.OUT_OF_RANGE, message: 'etcdserver: mvcc: required revision is a future revision', unprocessed: false }
    expect(errorOfStatus(status, 'a:1', false)).toMatchObject({
      message: `a:1: ${status.message}`,
      hint: expect.stringContaining('earlier revision'),
    })
  })

  it('leave the outcome of a change open unless they prove that nothing was done', () => {
    for (const [code, message] of [
      [GrpcCode.UNAVAILABLE, 'etcdserver: request timed out'],
      [GrpcCode.UNAVAILABLE, 'etcdserver: leader changed'],
      [GrpcCode.UNAVAILABLE, 'etcdserver: server stopped'],
      [GrpcCode.UNAVAILABLE, 'read ECONNRESET'],
      [GrpcCode.UNKNOWN, 'whatever'],
      [GrpcCode.INTERNAL, 'whatever'],
      [GrpcCode.DEADLINE_EXCEEDED, 'context deadline exceeded'],
    ] as const) {
      expect(of(code, message, true), message).toBe('OUTCOME_UNKNOWN')
      expect(of(code, message, false), message).toBe('UNAVAILABLE')
      expect(of(code, message, true, true), message).toBe('UNAVAILABLE')
    }
    const full = errorOfStatus(
      { code: GrpcCode.RESOURCE_EXHAUSTED, message: 'etcdserver: mvcc: database space exceeded', unprocessed: false },
      'a:1',
      true,
    )
    expect([full.code, (full.cause as { code?: string }).code]).toEqual(['OUTCOME_UNKNOWN', 'NO_SPACE'])
  })

  it('say when another attempt makes sense', () => {
    const retried = (message: string, changes: boolean): boolean =>
      isRetryable(errorOfStatus({ code: GrpcCode.UNAVAILABLE, message, unprocessed: false }, 'a:1', changes))
    expect([
      retried('etcdserver: no leader', true),
      retried('etcdserver: leader changed', true),
      retried('etcdserver: leader changed', false),
    ]).toEqual([true, false, true])
  })

  it('call a change whose answer is garbage unknown', () => {
    expect([errorOfAnswer(null, 'a:1', true).code, errorOfAnswer(null, 'a:1', false).code]).toEqual(['OUTCOME_UNKNOWN', 'MALFORMED'])
  })
})
