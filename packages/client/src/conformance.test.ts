import { storeConformance } from '@balsa/kv/conformance'
import { describe, it } from 'vitest'
import { ScriptedCluster } from './scripted-cluster.test-support.js'

describe('the store over a network', () => {
  it.each(storeConformance().map((one) => [one.name, one] as const))('%s', async (_name, { run }) => {
    const cluster = new ScriptedCluster(['a:1', 'b:1'])
    const client = cluster.client()
    await cluster.settle(run(client))
    await cluster.settle(client.close())
  })

  it.each(storeConformance().map((one) => [one.name, one] as const))('%s, when every third request is lost', async (_name, { run }) => {
    const cluster = new ScriptedCluster(['a:1', 'b:1'])
    let requests = 0
    cluster.script((request) => {
      if (request.type === 'hello') return 'serve'
      requests += 1
      return requests % 3 === 0 ? (requests % 2 === 0 ? 'executeMutely' : 'ignore') : 'serve'
    })
    const client = cluster.client()
    await cluster.settle(run(client))
    await cluster.settle(client.close())
  })
})
