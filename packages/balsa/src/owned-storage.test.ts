import type { Storage } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { NullTransport } from './null-transport.js'
import { OwnedStorage } from './owned-storage.js'

describe('OwnedStorage', () => {
  it('frees the directory after the storage is closed, also when closing fails', async () => {
    const order: string[] = []
    const directory = { path: '/d', close: async () => void order.push('directory') }
    const storage = (close: () => Promise<void>) => new OwnedStorage({ close } as Storage, directory)
    await storage(async () => void order.push('storage')).close()
    expect(order).toEqual(['storage', 'directory'])
    const failing = storage(async () => {
      throw new Error('disk')
    })
    await expect(failing.close()).rejects.toThrow('disk')
    expect(order).toEqual(['storage', 'directory', 'directory'])
  })
})

describe('NullTransport', () => {
  it('starts, sends to nobody and closes', async () => {
    const transport = new NullTransport()
    await transport.start()
    transport.setPeers()
    transport.send()
    await transport.close()
  })
})
