import { BalsaError } from '@balsa/raft'
import type { DecodedRequest } from '@balsa/kv'
import { describe, expect, it } from 'vitest'
import { type Reaction, ScriptedCluster } from './scripted-cluster.test-support.js'

const isUserWrite = (request: DecodedRequest): boolean => request.type === 'write' && request.parsed.type !== 'openSession'
/** Only user writes are disturbed, so that sessions open. */
const onWrites =
  (reaction: Reaction) =>
  (request: DecodedRequest): Reaction =>
    isUserWrite(request) ? reaction : 'serve'

/** Disturbs the first `count` user writes, whatever member gets them. */
function firstWrites(cluster: ScriptedCluster, ...reactions: Reaction[]): void {
  let at = 0
  cluster.script((request) => (isUserWrite(request) ? (reactions[at++] ?? 'serve') : 'serve'))
}

describe('the interface', () => {
  it('puts, gets, appends, deletes and compares', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    expect(await cluster.settle(client.get('k'))).toBeNull()
    expect(await cluster.settle(client.put('k', '{"a":1}'))).toEqual({
      revision: 2,
      createRevision: 2,
      modRevision: 2,
      version: 1,
      previous: null,
    })
    const read = await cluster.settle(client.get('k'))
    expect(read?.json()).toEqual({ a: 1 })
    expect(read).toMatchObject({ modRevision: 2, revision: 2 })
    expect(await cluster.settle(client.append('k', new Uint8Array([32, 33])))).toMatchObject({ revision: 3, version: 2, valueBytes: 9 })
    expect((await cluster.settle(client.get('k', { consistency: 'stale' })))?.text()).toBe('{"a":1} !')
    expect(await cluster.settle(client.compareAndPut('k', { modRevision: 2 }, 'x'))).toMatchObject({
      succeeded: false,
      revision: 3,
      actual: { modRevision: 3 },
    })
    expect(await cluster.settle(client.compareAndPut('k', { value: '{"a":1} !', modRevision: 3 }, 'x'))).toMatchObject({
      succeeded: true,
      revision: 4,
    })
    expect(await cluster.settle(client.delete('k'))).toMatchObject({ deleted: true, revision: 5, previous: { version: 3 } })
    expect(await cluster.settle(client.delete('k'))).toEqual({ deleted: false, count: 0, revision: 5, previous: null, entries: [] })
    expect(await cluster.settle(client.compareAndPut('k', { modRevision: 0 }, 'new'))).toMatchObject({ succeeded: true, version: 1 })
    expect(await cluster.settle(client.status({ endpoint: 'b:1' }))).toMatchObject({ name: 'b:1', leaderAddress: 'a:1', revision: 6 })
    await cluster.settle(client.close())
  })

  it('takes any bytes as a key and refuses what is none, before anything is sent', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    for (const key of ['__proto__', 'constructor', 'toString', new Uint8Array([0]), new Uint8Array([0xff, 0xfe])]) {
      await cluster.settle(client.put(key, 'v'))
      expect((await cluster.settle(client.get(key)))?.text()).toBe('v')
    }
    const sent = cluster.member('a:1').requests.length
    const bad = [
      client.put('', 'v'),
      client.get(''),
      client.put('x'.repeat(8193), 'v'),
      client.put('k', new Uint8Array(1536 * 1024)),
      client.put('half a pair: \ud800', 'v'),
      client.compareAndPut('k', {}, 'v'),
      client.compareAndPut('k', { modRevision: -1 }, 'v'),
      client.compareAndPut('k', { modRevision: 2 ** 53 }, 'v'),
      client.put('k', 'v', { deadlineMs: 0 }),
      client.put('k', 'v', { deadlineMs: Number.NaN }),
      client.put(5 as unknown as string, 'v'),
    ]
    const codes = await Promise.all(bad.map((promise) => cluster.outcome(promise)))
    expect(codes.map((code) => String(code).split(' ')[0])).toEqual([
      'INVALID',
      'INVALID',
      'TOO_LARGE',
      'TOO_LARGE',
      'INVALID',
      'INVALID',
      'INVALID',
      'INVALID',
      'INVALID',
      'INVALID',
      'INVALID',
    ])
    expect(cluster.member('a:1').requests.length).toBe(sent)
    expect(() => cluster.client({ endpoints: [] })).toThrow(BalsaError)
  })

  it('keeps bytes that the caller changes afterwards', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    const value = new Uint8Array([65, 66])
    const put = client.put('k', value)
    value.fill(0)
    await cluster.settle(put)
    expect(cluster.value('k')).toBe('AB')
  })

  it('leaves no timer, connection or listener behind', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    let listeners = 0
    const signal = {
      aborted: false,
      reason: undefined,
      addEventListener: () => void listeners++,
      removeEventListener: () => void listeners--,
    } as unknown as AbortSignal
    await cluster.settle(Promise.all([client.put('k', 'v', { signal }), client.get('k', { signal })]))
    expect(listeners).toBe(0)
    expect(cluster.machine.query({ type: 'stats' }).sessions).toBe(1)
    await cluster.settle(client.close())
    cluster.clock.advance(5)
    expect(cluster.machine.query({ type: 'stats' }).sessions).toBe(0)
    expect(cluster.member('a:1').connections.size).toBe(0)
    expect(cluster.clock.pending).toBe(0)
    expect(await cluster.outcome(client.get('k'))).toBe('STOPPED refused')
    await client.close()
  })
})

describe('finding the leader', () => {
  it('follows the hint and remembers the leader', async () => {
    const cluster = new ScriptedCluster()
    cluster.leader = 'c:1'
    const client = cluster.client()
    for (let at = 0; at < 20; at++) await cluster.settle(client.put('k', `${at}`))
    expect(cluster.member('a:1').requests.length).toBe(1)
    expect(cluster.member('b:1').requests.length).toBe(0)
    cluster.leader = 'b:1'
    await cluster.settle(client.put('k', 'x'))
    expect(cluster.value('k')).toBe('x')
    expect(cluster.member('a:1').requests.length).toBe(1)
  })

  it('learns members that it was not told of', async () => {
    const cluster = new ScriptedCluster()
    cluster.leader = 'c:1'
    const client = cluster.client({ endpoints: ['a:1'] })
    await cluster.settle(client.put('k', 'v'))
    expect(client.endpoints).toEqual(['a:1', 'c:1'])
  })

  it('asks now and then who the members are, and outlives the only one that it was told of', async () => {
    const cluster = new ScriptedCluster()
    const first = cluster.member('a:1')
    const client = cluster.client({ endpoints: ['a:1'] })
    await cluster.settle(client.put('k', 'v'))
    await cluster.clock.advanceAsync(29_000)
    cluster.advertised = ['a:1', 'b:1', 'c:1']
    await cluster.settle(client.put('k', 'v'))
    expect([client.endpoints, first.requests.some(({ type }) => type === 'status')]).toEqual([['a:1'], false])
    await cluster.clock.advanceAsync(2000)
    for (let count = 0; count < 3; count++) await cluster.settle(client.put('k', 'v'))
    expect([client.endpoints, first.requests.filter(({ type }) => type === 'status').length]).toEqual([['a:1', 'b:1', 'c:1'], 1])
    cluster.leader = 'b:1'
    first.dumb = true
    first.breakConnections()
    await cluster.settle(client.put('k', 'after'))
    expect(cluster.value('k')).toBe('after')
    await cluster.settle(client.close())
  })

  it('goes on to the next member on silence, with the same request', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client({ attemptTimeoutMs: 1000 })
    await cluster.settle(client.append('k', '0'))
    const before = cluster.clock.now()
    cluster.member('a:1').script = () => 'executeMutely'
    const appended = client.append('k', '1')
    cluster.clock.advance(500)
    cluster.leader = 'b:1'
    expect(await cluster.settle(appended)).toMatchObject({ valueBytes: 2 })
    expect(cluster.value('k')).toBe('01')
    expect(cluster.clock.now() - before).toBeGreaterThanOrEqual(1000)
    expect(cluster.clock.now() - before).toBeLessThan(1100)
  })

  it('takes silence for silence on a clock that moves while it is read', async () => {
    const cluster = new ScriptedCluster()
    let readings = 0
    const { clock } = cluster
    const moving = {
      now: () => clock.now() + ++readings / 1000,
      setTimer: (delayMs: number, callback: () => void) => clock.setTimer(delayMs, callback),
      defer: (callback: () => void) => clock.defer(callback),
    }
    const client = cluster.client({ attemptTimeoutMs: 1000, clock: moving })
    await cluster.settle(client.append('k', '0'))
    cluster.member('a:1').script = () => 'executeMutely'
    cluster.leader = 'b:1'
    const before = cluster.member('a:1').requests.length
    expect(await cluster.settle(client.append('k', '1'))).toMatchObject({ valueBytes: 2 })
    expect(cluster.member('a:1').requests.length - before).toBe(1)
  })

  const attemptsIn10s = async (arrange: (cluster: ScriptedCluster) => void): Promise<number> => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.put('k', 'v'))
    const before = [...cluster.members.values()].reduce((sum, member) => sum + member.requests.length, 0)
    const startMs = cluster.clock.now()
    cluster.leader = null
    arrange(cluster)
    expect(await cluster.outcome(client.put('k', 'w', { deadlineMs: 10_000 }))).toBe('DEADLINE refused')
    expect(cluster.clock.now() - startMs).toBe(10_000)
    expect(cluster.value('k')).toBe('v')
    return [...cluster.members.values()].reduce((sum, member) => sum + member.requests.length, 0) - before
  }

  it('does not run in a circle of hints, nor after a member that points to itself, nor without any hint', async () => {
    const circle = await attemptsIn10s((cluster) => {
      for (const [from, to] of [
        ['a:1', 'b:1'],
        ['b:1', 'c:1'],
        ['c:1', 'a:1'],
      ] as const)
        cluster.member(from).hint = () => to
    })
    const pingPong = await attemptsIn10s((cluster) => {
      for (const member of cluster.members.values()) member.hint = () => (member.endpoint === 'a:1' ? 'b:1' : 'a:1')
    })
    const itself = await attemptsIn10s((cluster) => {
      for (const member of cluster.members.values()) member.hint = () => member.endpoint
    })
    const none = await attemptsIn10s(() => undefined)
    let fresh = 0
    const invented = await attemptsIn10s((cluster) => {
      for (const member of cluster.members.values()) member.hint = () => `nowhere-${fresh++}:1`
    })
    for (const attempts of [circle, pingPong, itself, none, invented]) {
      // A round of three members, then a wait of up to 400 ms that is never shorter than half of it.
      expect(attempts).toBeLessThan(200)
      expect(attempts).toBeGreaterThan(20)
    }
  })

  it('moves on at once from a member that cannot be reached', async () => {
    const cluster = new ScriptedCluster()
    cluster.leader = 'b:1'
    const client = cluster.client({ endpoints: ['nobody:1', 'b:1'] })
    await cluster.settle(client.put('k', 'v'))
    expect(cluster.clock.now()).toBeLessThan(20)
  })

  it('moves on from a member that accepts and then says nothing', async () => {
    const cluster = new ScriptedCluster()
    cluster.member('a:1').dumb = true
    cluster.leader = 'b:1'
    const client = cluster.client()
    await cluster.settle(client.put('k', 'v'))
    expect(cluster.clock.now()).toBeLessThan(1100)
  })

  it('never writes into another cluster', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client({ endpoints: ['a:1', 'b:1'] })
    await cluster.settle(client.put('k', 'v'))
    cluster.member('a:1').breakConnections()
    cluster.member('a:1').script = () => 'break'
    cluster.member('b:1').welcome = { clusterId: 78 }
    cluster.leader = 'b:1'
    const put = client.put('k', 'w', { deadlineMs: 3000 })
    expect(await cluster.outcome(put)).toBe('OUTCOME_UNKNOWN unknown')
    expect(cluster.member('b:1').requests.length).toBe(0)
  })
})

describe('outcomes', () => {
  const put = async (cluster: ScriptedCluster, deadlineMs = 2500): Promise<unknown> => {
    const client = cluster.client()
    return cluster.outcome(client.put('k', 'v', { deadlineMs }))
  }

  it('takes a stale read that is too old to the next member, and what nobody can answer to its deadline; LEASES_OFF is final', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.put('k', 'v'))
    const bounded = { consistency: 'stale', maxStaleMs: 200, deadlineMs: 500 } as const
    cluster.member('a:1').script = () => ({ refuse: new BalsaError('TOO_STALE', 'may be 300 ms old') })
    expect((await cluster.settle(client.get('k', bounded)))?.text()).toBe('v')
    expect(cluster.member('b:1').requests.at(-1)).toMatchObject({ type: 'get', consistency: 'stale', maxStaleMs: 200 })
    cluster.script(() => ({ refuse: new BalsaError('TOO_STALE', 'may be 300 ms old') }))
    await expect(cluster.settle(client.get('k', bounded))).rejects.toMatchObject({ code: 'DEADLINE', cause: { code: 'TOO_STALE' } })
    cluster.script(() => ({ refuse: new BalsaError('LEASES_OFF', 'off') }))
    const beganMs = cluster.clock.now()
    await expect(cluster.settle(client.get('k', { consistency: 'lease' }))).rejects.toMatchObject({ code: 'LEASES_OFF' })
    expect(cluster.clock.now() - beganMs).toBeLessThan(50)
    for (const options of [
      { maxStaleMs: 5 },
      { consistency: 'stale', maxStaleMs: -1 },
      { consistency: 'stale', maxStaleMs: 0.5 },
    ] as const) {
      await expect(client.get('k', options)).rejects.toMatchObject({ code: 'INVALID' })
    }
  })

  it('follows a transfer of leadership at once, and does not hammer a leader whose transfer drags on', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.put('k', 'before'))
    const { clock } = cluster
    for (const [lastsMs, limitMs, asked] of [
      [6, 15, 4],
      [250, 500, 12],
    ] as const) {
      const [from, to] = cluster.leader === 'a:1' ? ['a:1', 'b:1'] : ['b:1', 'a:1']
      const beganMs = clock.now()
      const before = cluster.member(from).requests.length
      cluster.member(from).script = () =>
        clock.now() < beganMs + lastsMs ? { refuse: new BalsaError('TRANSFER_IN_PROGRESS', 'moving') } : 'serve'
      clock.setTimer(lastsMs, () => {
        cluster.leader = to
      })
      await cluster.settle(client.put('k', 'after'))
      expect(clock.now() - beganMs).toBeLessThan(limitMs)
      expect(cluster.member(from).requests.length - before).toBeLessThanOrEqual(asked)
      // The next transfer is another one.
      clock.advance(5000)
    }
    await cluster.settle(client.close())
  })

  it('refused: certainly never applied', async () => {
    const unreachable = new ScriptedCluster([])
    expect(await cluster_(unreachable)).toBe('DEADLINE refused')
    for (const code of ['NOT_LEADER', 'NO_LEADER', 'OVERLOADED', 'UNAVAILABLE', 'STOPPED'] as const) {
      const cluster = new ScriptedCluster()
      cluster.script(onWrites({ refuse: new BalsaError(code, 'no') }))
      expect(await put(cluster)).toBe('DEADLINE refused')
    }
    for (const code of ['INVALID', 'TOO_LARGE'] as const) {
      const cluster = new ScriptedCluster()
      cluster.script(onWrites({ refuse: new BalsaError(code, 'no') }))
      expect(await put(cluster)).toBe(`${code} refused`)
      expect(cluster.clock.now()).toBeLessThan(50)
    }
  })

  async function cluster_(cluster: ScriptedCluster): Promise<unknown> {
    return cluster.outcome(cluster.client({ endpoints: ['nobody:1'] }).put('k', 'v', { deadlineMs: 700 }))
  }

  it('names the last error at the deadline', async () => {
    const cluster = new ScriptedCluster([])
    const client = cluster.client({ endpoints: ['nobody:1'] })
    await expect(cluster.settle(client.put('k', 'v', { deadlineMs: 500 }))).rejects.toMatchObject({
      code: 'DEADLINE',
      message: expect.stringContaining('nobody:1'),
      cause: { code: 'UNAVAILABLE' },
    })
    await expect(cluster.settle(client.get('k', { deadlineMs: 500 }))).rejects.toMatchObject({
      code: 'DEADLINE',
      cause: { code: 'UNAVAILABLE' },
    })
  })

  it('unknown: some attempt may have been applied', async () => {
    const reactions: Reaction[] = [
      'ignore',
      'break',
      'executeMutely',
      { refuse: new BalsaError('LEADERSHIP_LOST', 'lost') },
      { refuse: new BalsaError('SYNC_FAILED', 'disk') },
      { answerAfterMs: 60_000 },
    ]
    for (const reaction of reactions) {
      const cluster = new ScriptedCluster()
      cluster.script(onWrites(reaction))
      expect(await put(cluster)).toBe('OUTCOME_UNKNOWN unknown')
    }
  })

  it('an attempt that was refused does not hide an earlier one that is unknown', async () => {
    for (const last of ['NOT_LEADER', 'INVALID', 'TOO_LARGE'] as const) {
      const cluster = new ScriptedCluster()
      let writes = 0
      cluster.script((request) => (!isUserWrite(request) ? 'serve' : writes++ === 0 ? 'break' : { refuse: new BalsaError(last, 'no') }))
      expect(await put(cluster)).toBe('OUTCOME_UNKNOWN unknown')
    }
  })

  it('a later answer of the same request decides', async () => {
    const cluster = new ScriptedCluster()
    firstWrites(cluster, { answerAfterMs: 1500 }, 'ignore', 'ignore')
    const client = cluster.client()
    expect(await cluster.settle(client.append('k', 'x'))).toMatchObject({ valueBytes: 1 })
    expect(cluster.clock.now()).toBeLessThan(1700)
    expect(cluster.value('k')).toBe('x')
  })

  it('reads have no unknown outcome', async () => {
    for (const reaction of ['ignore', 'break'] as const) {
      const cluster = new ScriptedCluster()
      cluster.script(() => reaction)
      expect(await cluster.outcome(cluster.client().get('k', { deadlineMs: 2500 }))).toBe('DEADLINE refused')
      expect(cluster.clock.now()).toBe(2500)
    }
  })

  it('is executed once, whatever is broken on the way', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    firstWrites(
      cluster,
      'executeAndBreak',
      'break',
      'executeMutely',
      { refuse: new BalsaError('LEADERSHIP_LOST', 'lost') },
      'executeAndBreak',
      'ignore',
    )
    expect(await cluster.settle(client.append('k', 'once'))).toMatchObject({ valueBytes: 4, version: 1 })
    expect(cluster.value('k')).toBe('once')
  })
})

describe('abort, deadline and close', () => {
  it('ends at the deadline in virtual time, not before and not later', async () => {
    for (const deadlineMs of [1, 50, 999, 12_345]) {
      const cluster = new ScriptedCluster()
      cluster.script(() => 'ignore')
      await cluster.outcome(cluster.client().put('k', 'v', { deadlineMs }))
      expect(cluster.clock.now()).toBe(deadlineMs)
    }
    const cluster = new ScriptedCluster()
    cluster.script(() => 'ignore')
    await cluster.outcome(cluster.client().get('k'))
    expect(cluster.clock.now()).toBe(10_000)
  })

  it('abort: ABORTED when nothing was sent, OUTCOME_UNKNOWN afterwards', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    const early = new AbortController()
    early.abort('because')
    await expect(cluster.settle(client.put('k', 'v', { signal: early.signal }))).rejects.toMatchObject({
      code: 'ABORTED',
      cause: 'because',
    })

    const beforeSession = new AbortController()
    const waiting = client.put('k', 'v', { signal: beforeSession.signal })
    beforeSession.abort()
    expect(await cluster.outcome(waiting)).toBe('ABORTED refused')

    await cluster.settle(client.put('k', 'v'))
    cluster.script(onWrites('ignore'))
    const afterSending = new AbortController()
    const sent = client.put('k', 'w', { signal: afterSending.signal })
    cluster.clock.advance(10)
    afterSending.abort()
    expect(await cluster.outcome(sent)).toBe('OUTCOME_UNKNOWN unknown')

    const read = new AbortController()
    cluster.script(() => 'ignore')
    const reading = client.get('k', { signal: read.signal })
    cluster.clock.advance(10)
    read.abort()
    expect(await cluster.outcome(reading)).toBe('ABORTED refused')
  })

  it('close ends what waits: STOPPED when it was never sent, OUTCOME_UNKNOWN when it was', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client({ maxInFlight: 1 })
    await cluster.settle(client.put('k', 'v'))
    cluster.script(onWrites('ignore'))
    const outcomes = Promise.all(
      [client.put('k', '1'), client.put('k', '2'), client.get('other')].map((promise) => cluster.outcome(promise)),
    )
    cluster.clock.advance(0)
    const closed = client.close()
    expect(await cluster.settle(outcomes)).toEqual(['OUTCOME_UNKNOWN unknown', 'STOPPED refused', 'STOPPED refused'])
    await cluster.settle(closed)
    cluster.clock.advance(5)
    expect(cluster.clock.pending).toBe(0)
  })

  it('knows that a request never left a connection that was not open yet', async () => {
    const cluster = new ScriptedCluster(['a:1'])
    const client = cluster.client()
    await cluster.settle(client.put('k', 'v'))
    cluster.member('a:1').dumb = true
    cluster.member('a:1').breakConnections()
    cluster.clock.advance(5)
    expect(await cluster.outcome(client.put('k', 'w', { deadlineMs: 5000 }))).toBe('DEADLINE refused')
    const controller = new AbortController()
    const aborted = client.put('k', 'w', { signal: controller.signal })
    cluster.clock.advance(100)
    controller.abort()
    expect(await cluster.outcome(aborted)).toBe('ABORTED refused')
    cluster.member('a:1').dumb = false
    cluster.clock.advance(60_000)
    expect(cluster.value('k')).toBe('v')
  })
})
