import { describe, expect, it } from 'vitest'
import { GrpcCode } from '@balsa/proto/grpc-code'
import { encodeTimeout, statusOf, statusOfHttp } from './grpc-status.js'

describe('status of a call', () => {
  it('is read from the last fields', () => {
    expect(statusOf({})).toBe(null)
    expect(statusOf({ 'grpc-status': '5', 'grpc-message': 'caf%C3%A9 100%25' })).toEqual({
      code: 5,
      message: 'café 100%',
      unprocessed: false,
    })
    expect(statusOf({ 'grpc-status': '0', 'grpc-message': 'a bare % sign' })?.message).toBe('a bare % sign')
    expect(statusOf({ 'grpc-status': 'x' })?.code).toBe(GrpcCode.UNKNOWN)
  })

  it('has something in its place when no gRPC server answers', () => {
    expect([statusOfHttp('503').code, statusOfHttp('404').code, statusOfHttp('200').code]).toEqual([14, 12, 2])
  })
})

describe('time limits', () => {
  it('are rounded up and fit in eight digits', () => {
    expect([0.2, 1500, 99_999_999, 1e8, 1e15].map(encodeTimeout)).toEqual(['1m', '1500m', '99999999m', '100000S', '99999999S'])
  })
})
