import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Member, parseConfig } from '@balsa/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect } from './connect.js'
import { freePorts, temporaryDirectory } from './local-cluster.test-support.js'
import { openStore } from './open-store.js'

let directory: string
let dataDir: string

beforeEach(async () => {
  directory = await temporaryDirectory()
  dataDir = join(directory, 'data')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('openStore', () => {
  it('keeps what it answered over a restart', async () => {
    for (let life = 1; life <= 3; life++) {
      const store = await openStore({ dataDir })
      expect((await store.append('lives', 'x')).valueBytes).toBe(life)
      expect((await store.get('lives'))?.text()).toBe('x'.repeat(life))
      await store.close()
      await store.close()
    }
  })

  it('belongs to one opener at a time, and is free after close', async () => {
    await using store = await openStore({ dataDir })
    await expect(openStore({ dataDir })).rejects.toMatchObject({ code: 'LOCKED', family: 'fatal' })
    await store.close()
    await (await openStore({ dataDir })).close()
  })

  it('compacts its log when told to', async () => {
    const store = await openStore({ dataDir, maxLogBytes: 10_000 })
    for (let at = 0; at < 100; at++) await store.put(`k${at}`, 'v'.repeat(200))
    await store.close()
    const again = await openStore({ dataDir })
    expect((await again.get('k99'))?.value.length).toBe(200)
    expect((await again.get('k0'))?.value.length).toBe(200)
    await again.close()
  })

  it('ends early by its signal, and lets go of the directory', async () => {
    await expect(openStore({ dataDir, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED', family: 'refused' })
    await (await openStore({ dataDir })).close()
  })

  it('calls after close are refused', async () => {
    const store = await openStore({ dataDir })
    await store.close()
    await expect(store.put('a', 'b')).rejects.toMatchObject({ code: 'STOPPED' })
  })

  it('writes a directory that a member with default flags takes over', async () => {
    const store = await openStore({ dataDir })
    await store.put('from', 'the store')
    await store.close()
    const [peer = 0, client = 0] = await freePorts(2)
    const flags = [`--data-dir=${dataDir}`, `--listen-peer-urls=127.0.0.1:${peer}`, `--listen-client-urls=127.0.0.1:${client}`]
    const config = parseConfig([...flags, '--initial-advertise-peer-urls=127.0.0.1:2380'], {})
    await using member = await Member.start(config)
    await using remote = await connect({ endpoints: [config.advertiseClient] })
    expect((await remote.get('from'))?.text()).toBe('the store')
    expect(member.status().role).toBe('leader')
  })
})
