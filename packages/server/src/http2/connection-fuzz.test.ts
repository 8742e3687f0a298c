/** Frames of chance, mostly sound ones: the machine never throws, never holds more than its limits, and tells every stream how it ended. */
import { SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { Flag, FrameType } from './frames.js'
import { frame, Peer, uint32 } from './peer.test-support.js'

const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 150)
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? 1)

function run(seed: number): void {
  const random = new SeededRandom(seed)
  const below = (limit: number): number => Math.floor(random.next() * limit)
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)))
  const peer = Peer.greeted({ maxConcurrentStreams: 20 }, ({ stream }) => {
    stream.respond([':status', '200'], false, false)
    stream.send(noise(5), noise(below(2000)))
    if (below(4) > 0) stream.end(['grpc-status', '0'], true)
  })
  let nextId = 1
  const anyId = (): number => (below(6) === 0 ? below(nextId + 4) : 1 + 2 * below(Math.max(1, (nextId - 1) / 2)))
  const pick = (): Buffer => {
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        nextId += 2
        return peer.headers(nextId - 2, { end: below(2) === 0 })
      case 4:
      case 5:
        return frame(FrameType.DATA, below(2), anyId(), noise(below(300)))
      case 6:
        return frame(FrameType.WINDOW_UPDATE, 0, below(2) === 0 ? 0 : anyId(), uint32(1 + below(5000)))
      case 7:
        return frame(FrameType.RST_STREAM, 0, anyId(), uint32(below(14)))
      case 8:
        return frame(FrameType.SETTINGS, 0, 0, Buffer.concat([Buffer.from([0, 4]), uint32(below(100_000))]))
      case 9:
        return frame(FrameType.PING, below(2), 0, noise(8))
      case 10:
        return frame(FrameType.DATA, below(2) | Flag.PADDED, anyId(), Buffer.concat([Buffer.from([below(10)]), noise(10 + below(30))]))
      case 11:
        return peer.headers(anyId(), { fields: ['a', 'b'] })
      default:
        return below(20) > 0
          ? frame(FrameType.PRIORITY, 0, 1 + below(50), noise(5))
          : frame(below(12), below(256), below(10), noise(below(40)))
    }
  }
  for (let turn = 0; turn < 300 && !peer.connection.ended; turn++) {
    const bytes = pick()
    const cut = below(bytes.length + 1)
    peer.send(bytes.subarray(0, cut))
    if (!peer.connection.ended) peer.send(bytes.subarray(cut))
    if (below(10) === 0) peer.connection.setBlocked(below(2) === 0)
    if (below(20) === 0) peer.tick(peer.nowMs + below(300))
    if (below(3) === 0) peer.take()
    expect(peer.connection.openStreams).toBeLessThanOrEqual(20)
  }
  peer.connection.lost()
  expect(peer.connection.openStreams).toBe(0)
  for (const { stream, closed } of peer.seen) {
    expect(stream.closed).toBe(true)
    expect(closed !== null || stream.localEnded).toBe(true)
  }
}

describe('frames of chance', () => {
  it(`seeds ${FIRST_SEED} to ${FIRST_SEED + ROUNDS - 1}`, () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
      try {
        run(seed)
      } catch (error) {
        const again = `FUZZ_SEED=${seed} FUZZ_ROUNDS=1 npx vitest run packages/server/src/http2/connection-fuzz.test.ts`
        throw new Error(`seed ${seed}; again: ${again}`, { cause: error })
      }
    }
  })
})
