import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalCluster } from '../../local-cluster.test-support.js'
import { run } from '../cli.test-support.js'

let cluster: LocalCluster

beforeAll(async () => {
  cluster = await LocalCluster.start(3)
})

afterAll(() => cluster.close())

const balsactl = (...args: readonly string[]) => run(['--endpoints', cluster.endpoints.join(','), '--timeout', '20s', ...args])

/** As etcd's own tools do it. */
async function raise(alarm: string, memberID: string): Promise<void> {
  const body = JSON.stringify({ action: 'ACTIVATE', alarm, memberID })
  const { status } = await fetch(`http://${cluster.endpoints[0]}/v3/maintenance/alarm`, { method: 'POST', body })
  expect(status).toBe(200)
}

describe('alarm', () => {
  it('lists nothing when nothing is raised', async () => {
    expect(await balsactl('alarm', 'list')).toMatchObject({ code: 0, out: '' })
    expect(await balsactl('alarm', 'list', '-o', 'table')).toMatchObject({ code: 0, out: '', err: 'no alarms\n' })
    expect(await balsactl('alarm', 'list', '-o', 'json')).toMatchObject({ code: 0, out: '[]\n' })
    expect(await balsactl('alarm', 'disarm')).toMatchObject({ code: 0, out: '', err: 'no alarms\n' })
  })

  it('shows what is raised, and clears it: then writes are taken again', async () => {
    await raise('NOSPACE', '0')
    await raise('CORRUPT', '171')
    const refused = await balsactl('put', 'a', '1')
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('balsactl alarm list') })
    expect((await balsactl('alarm', 'list')).out).toBe(
      'NOSPACE\tno member\toperator\twhat adds is refused\nCORRUPT\t0000000000ab\toperator\tnothing is written\n',
    )
    expect(JSON.parse((await balsactl('alarm', 'list', '-o', 'json')).out)).toEqual([
      { alarm: 'NOSPACE', member: '000000000000', raisedBy: 'operator', means: 'what adds is refused' },
      { alarm: 'CORRUPT', member: '0000000000ab', raisedBy: 'operator', means: 'nothing is written' },
    ])
    expect(await balsactl('alarm', 'disarm')).toMatchObject({
      code: 0,
      out: 'cleared NOSPACE of no member\ncleared CORRUPT of 0000000000ab\n',
      err: '',
    })
    expect(await balsactl('put', 'a', '1')).toMatchObject({ code: 0 })
    expect(JSON.parse((await balsactl('alarm', 'disarm', '-o', 'json')).out)).toEqual({ cleared: [], left: [] })
  })
})
