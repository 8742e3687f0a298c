import { describe, expect, it } from 'vitest'
import { ConnectionPool, type PooledConnection } from './connection-pool.js'

class Scripted implements PooledConnection {
  usable = true
  reason = ''
  readonly endpoint: string
  readonly #onClosed: () => void

  constructor(endpoint: string, onClosed: () => void) {
    this.endpoint = endpoint
    this.#onClosed = onClosed
  }

  close(reason: string): void {
    this.reason = reason
    this.#onClosed()
  }
}

describe('ConnectionPool', () => {
  const pool = (): ConnectionPool<Scripted> => new ConnectionPool((endpoint, onClosed) => new Scripted(endpoint, onClosed))

  it('has one connection to each server, and another one when it takes no requests any more', () => {
    const connections = pool()
    const first = connections.to('a')
    expect([connections.to('a'), connections.to('b').endpoint]).toEqual([first, 'b'])
    first.usable = false
    const second = connections.to('a')
    expect(second).not.toBe(first)
    // The end of the one that was replaced is not that of its successor.
    first.close('done')
    expect(connections.to('a')).toBe(second)
    second.close('broken')
    expect(connections.to('a')).not.toBe(second)
  })

  it('closes also those that were replaced', () => {
    const connections = pool()
    const old = connections.to('a')
    old.usable = false
    const now = connections.to('a')
    connections.close('the end')
    expect([old.reason, now.reason]).toEqual(['the end', 'the end'])
  })
})
