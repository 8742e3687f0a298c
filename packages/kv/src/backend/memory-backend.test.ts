import { describe, expect, it } from 'vitest'
import { backendConformance } from '../conformance/backend.js'
import { MemoryBackend } from './memory-backend.js'

describe('MemoryBackend conforms to Backend', () => {
  const create = () => {
    const backend = new MemoryBackend()
    return { backend, dispose: () => backend.close() }
  }
  for (const { name, run } of backendConformance(create, { canReopen: false, canLosePower: false, canTransfer: false })) it(name, run)
})

describe('MemoryBackend', () => {
  it('counts the bytes that it holds', () => {
    const backend = new MemoryBackend()
    backend.write(1, (batch) => batch.put('current', 'key', new Uint8Array(1000)))
    const once = backend.usedBytes
    expect(once).toBeGreaterThan(1003)
    backend.write(2, (batch) => batch.put('current', 'key', new Uint8Array(500)))
    expect(backend.usedBytes).toBe(once - 500)
    backend.write(3, (batch) => batch.delete('current', 'key'))
    expect(backend.usedBytes).toBe(0)
  })
})
