import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framed, MessageFrames } from './message-frames.js'

describe('messages in frames', () => {
  it('come out as they went in, whatever pieces they are cut into', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
        (messages, sizes) => {
          const bytes = messages.flatMap((message) => [...framed(message)])
          const frames = new MessageFrames(40)
          const received: Uint8Array[] = []
          for (let at = 0; at < bytes.length; ) {
            const size = sizes.next().value ?? 1
            received.push(...frames.push(Uint8Array.from(bytes.slice(at, at + size))))
            at += size
          }
          expect(received).toEqual(messages)
          expect(frames.isPartial).toBe(false)
        },
      ),
    )
  })

  it('are refused when they are too large or compressed', () => {
    expect(() => new MessageFrames(3).push(framed(Uint8Array.of(1, 2, 3, 4)))).toThrow('a message of 4 bytes; this client takes 3')
    expect(() => new MessageFrames(9).push(Uint8Array.of(1, 0, 0, 0, 1, 7))).toThrow('compressed')
    const frames = new MessageFrames(9)
    expect(frames.push(framed(Uint8Array.of(1, 2)).subarray(0, 6))).toEqual([])
    expect(frames.isPartial).toBe(true)
  })
})
