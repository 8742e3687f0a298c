import { SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { NOWHERE, SimFile } from './sim-file.js'

const bytes = (value: number): Uint8Array => new Uint8Array(512).fill(value)

function platter(file: SimFile, position: number): number {
  file.crash('lost', new SeededRandom(1))
  return file.read(position, 1)[0] ?? -1
}

describe('SimFile', () => {
  it('gives back a lost write that nothing durable stands behind: no log could notice', () => {
    const file = new SimFile()
    file.write(1024, bytes(1), NOWHERE)
    file.sync(file.newestPiece)
    expect(platter(file, 1024)).toBe(1)
  })

  it('never gives back what was written over since: the file may belong to a newer segment by then', () => {
    const file = new SimFile()
    file.write(1024, bytes(1), NOWHERE)
    file.sync(file.newestPiece)
    file.write(1024, bytes(2))
    file.sync(file.newestPiece)
    expect(platter(file, 1024)).toBe(2)
  })
})
