import { MemoryFileSystem } from '@balsa/raft'
import type { ServerConfig } from '@balsa/server'
import { describe, expect, it } from 'vitest'
import { startingPoint } from './starting-point.js'

const base = {
  name: 'n2',
  dataDir: '/data',
  state: 'new',
  join: [],
  clusterId: 11,
  memberId: 5,
  members: [],
  advertisePeer: 'b:2380',
} as unknown as ServerConfig
const row = (id: string, name: string, address: string, role: string) => ({ id, name, address, clientAddress: '', role })

function begin(config: ServerConfig, pages: readonly unknown[]) {
  let asked = 0
  const fileSystem = new MemoryFileSystem()
  return startingPoint(config, {
    fileSystem,
    logger: { info: () => undefined, warn: () => undefined },
    get: () => Promise.resolve({ code: 200, body: JSON.stringify(pages[Math.min(asked++, pages.length - 1)]) }),
    pause: () => Promise.resolve(),
  })
}

describe('where a member starts', () => {
  it('founds a cluster as its flags say when the directory is empty', async () => {
    expect(await begin(base, [])).toEqual({ clusterId: 11, memberId: 5, members: [] })
  })

  it('is told by the cluster that it joins which member it is, as soon as it is listed there', async () => {
    const founder = row('1', 'n1', 'a:2380', 'voter')
    const pages = [
      { clusterId: 'ab', members: [founder] },
      { clusterId: 'ab', members: [founder, row('c3', 'n2', 'b:2380', 'learner')] },
    ]
    const joining = { ...base, state: 'existing', join: ['a:2379'] } as ServerConfig
    expect(await begin(joining, pages)).toEqual({ clusterId: 0xab, memberId: 0xc3, members: [] })
  })

  it('takes the one that is on its way in when the member that it replaces has the same name', async () => {
    const members = [row('1', 'n2', 'b:2380', 'voter'), row('2', 'n2', 'b:2380', 'learner')]
    const joining = { ...base, state: 'existing', join: ['a:2379'] } as ServerConfig
    expect(await begin(joining, [{ clusterId: 'ab', members }])).toMatchObject({ memberId: 2 })
  })

  it('knows itself by its address when the cluster has given it no name', async () => {
    const members = [row('1', 'n1', 'a:2380', 'voter'), row('c4', '', 'c:2380', 'learner'), row('c5', '', 'b:2380', 'learner')]
    const joining = { ...base, state: 'existing', join: ['a:2379'] } as ServerConfig
    expect(await begin(joining, [{ clusterId: 'ab', members }])).toMatchObject({ memberId: 0xc5 })
  })

  it('waits a moment for the one that replaces it when only a voter has its name; its disk is lost when none comes', async () => {
    const old = row('1', 'n2', 'b:2380', 'voter')
    const joining = { ...base, state: 'existing', join: ['a:2379'] } as ServerConfig
    const pages = [
      { clusterId: 'ab', members: [old] },
      { clusterId: 'ab', members: [old, row('2', 'n2', 'b:2380', 'learner')] },
    ]
    expect(await begin(joining, pages)).toMatchObject({ memberId: 2 })
    expect(await begin(joining, pages.slice(0, 1))).toMatchObject({ memberId: 1 })
  })

  it('looks for the cluster at the port before those of its peers when only these are given, as tools of etcd give them', async () => {
    const asked: string[] = []
    const member = (id: number, name: string, address: string) => ({ id, name, address, clientAddress: '' })
    const joining = {
      ...base,
      state: 'existing',
      members: [member(1, 'n1', 'a:2380'), member(2, 'n2', 'b:2380'), member(3, 'n3', '[::1]:3380')],
    } as unknown as ServerConfig
    const members = [row('1', 'n1', 'a:2380', 'voter'), row('c5', '', 'b:2380', 'learner')]
    const start = startingPoint(joining, {
      fileSystem: new MemoryFileSystem(),
      logger: { info: () => undefined, warn: () => undefined },
      get: (endpoint) => {
        asked.push(endpoint)
        if (endpoint === 'a:2379') return Promise.reject(new Error('nobody'))
        return Promise.resolve({ code: 200, body: JSON.stringify({ clusterId: 'ab', members }) })
      },
      pause: () => Promise.resolve(),
    })
    expect(await start).toMatchObject({ clusterId: 0xab, memberId: 0xc5 })
    expect(asked).toEqual(['a:2379', '[::1]:3379'])
  })

  it('says how to be listed, and where to ask', async () => {
    const joining = { ...base, state: 'existing', join: ['a:2379'] } as ServerConfig
    await expect(begin(joining, [{ clusterId: 'ab', members: [row('1', 'n1', 'a:2380', 'voter')] }])).rejects.toMatchObject({
      code: 'CONFIG',
      hint: 'First: balsactl --endpoints a:2379 member add n2 b:2380',
    })
    await expect(begin(joining, ['no status'])).rejects.toMatchObject({ code: 'CONFIG' })
    await expect(begin({ ...joining, join: [] }, [])).rejects.toMatchObject({ code: 'CONFIG' })
  })
})
