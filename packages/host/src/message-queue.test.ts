import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_OVERHEAD_BYTES, MessageQueue } from './message-queue.js'

describe('MessageQueue', () => {
  it('behaves as an array does, and counts bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 50 }) }, { weight: 2, arbitrary: fc.constant('shift' as const) }), {
          maxLength: 200,
        }),
        (steps) => {
          const queue = new MessageQueue()
          const model: Uint8Array[] = []
          for (const step of steps) {
            if (step === 'shift') {
              expect(queue.shift()).toBe(model.shift())
            } else {
              const message = new Uint8Array(step)
              queue.push(message)
              model.push(message)
            }
            expect(queue.length).toBe(model.length)
            expect(queue.bytes).toBe(model.reduce((sum, { length }) => sum + length + FRAME_OVERHEAD_BYTES, 0))
          }
          expect(queue.clear()).toBe(model.length)
          expect([queue.length, queue.bytes]).toEqual([0, 0])
        },
      ),
    )
  })

  it('keeps its order beyond the size at which it tidies up', () => {
    const queue = new MessageQueue()
    for (let length = 0; length < 5000; length++) queue.push(new Uint8Array(length % 251))
    for (let length = 0; length < 5000; length++) expect(queue.shift()?.length).toBe(length % 251)
    expect(queue.bytes).toBe(0)
  })
})
