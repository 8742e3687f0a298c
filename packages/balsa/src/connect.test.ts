import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from './connect.js'
import { freePorts, LocalCluster } from './local-cluster.test-support.js'

let cluster: LocalCluster
beforeAll(async () => {
  cluster = await LocalCluster.start(3)
})
afterAll(() => cluster.close())

describe('connect', () => {
  it('needs one endpoint of any member, and finds the leader from there', async () => {
    for (const [at, endpoint] of cluster.endpoints.entries()) {
      await using store = await connect({ endpoints: [endpoint] })
      await store.put(`from ${at}`, endpoint)
      expect((await store.get(`from ${at}`))?.text()).toBe(endpoint)
      expect((await store.get(`from ${at}`, { consistency: 'stale' }))?.version ?? 1).toBe(1)
    }
  })

  it('rejects when nobody answers in time, when it is aborted, and without endpoints', async () => {
    const [closed = 0] = await freePorts(1)
    await expect(connect({ endpoints: [`127.0.0.1:${closed}`], deadlineMs: 200 })).rejects.toMatchObject({
      code: 'DEADLINE',
      family: 'refused',
    })
    await expect(connect({ endpoints: [`127.0.0.1:${closed}`], signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(connect({ endpoints: [] })).rejects.toMatchObject({ code: 'INVALID' })
  })
})
