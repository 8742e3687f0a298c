/** The small parts that the machine is put together from. */
import { describe, expect, it } from 'vitest'
import { ByteOutput, copyOf } from './byte-output.js'
import { ClosedStreams } from './closed-streams.js'
import { KeepAlive } from './keep-alive.js'
import { TokenBucket } from './token-bucket.js'

describe('output', () => {
  it('grows, is used again, or is given away', () => {
    const out = new ByteOutput(4, 64)
    out.append(Buffer.from('hello'))
    out.latin1(' world')
    const view = out.view()
    out.giveAway()
    out.append(Buffer.from('other'))
    expect([view.toString(), out.view().toString()]).toEqual(['hello world', 'other'])
    out.append(new Uint8Array(100))
    out.rewind()
    expect([out.length, out.bytes.length]).toEqual([0, 4])
  })
  it('a copy of a Buffer is a copy', () => {
    const bytes = Buffer.from('abc')
    const copy = copyOf(bytes, 1)
    bytes.fill(0)
    expect(Buffer.from(copy).toString()).toBe('bc')
  })
})

it('token bucket: a burst, then by time, never more than the burst', () => {
  const bucket = new TokenBucket(3, 10, 0)
  const takes = (nowMs: number): number => {
    let count = 0
    while (bucket.take(nowMs)) count++
    return count
  }
  expect([takes(0), takes(0), takes(100), takes(250), takes(1_000_000)]).toEqual([3, 0, 1, 1, 3])
  bucket.credit(2)
  expect(takes(1_000_000)).toBe(2)
})

it('keep-alive: silence, ping, end; any word calms it', () => {
  const alive = new KeepAlive(100, 20, 0)
  expect([alive.check(99), alive.check(100), alive.check(119)]).toEqual(['nothing', 'ping', 'nothing'])
  alive.heard(119)
  expect([alive.check(120), alive.check(219), alive.check(239)]).toEqual(['nothing', 'ping', 'end'])
})

it('closed streams: remembered up to a bound, beyond it with the benefit of the doubt', () => {
  const closed = new ClosedStreams()
  closed.skip(1, 9)
  expect([closed.wasSkipped(3), closed.wasSkipped(7), closed.wasSkipped(9)]).toEqual([true, true, false])
  for (let id = 11; id < 11 + 4000; id += 2) closed.addReset(id)
  expect([closed.wasReset(11), closed.wasReset(4009), closed.wasReset(4011)]).toEqual([true, true, false])
})
