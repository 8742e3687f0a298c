import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeFileSystem } from '@balsa/host'
import { type ClientRequest, encodeCommand } from '@balsa/kv'
import { BalsaError, type FileSystem } from '@balsa/raft'
import { afterEach, describe, expect, it } from 'vitest'
import { formatId } from './ids.js'
import { Member } from './member.js'
import { eventually, MemberCluster } from './member-cluster.test-support.js'
import { parseExposition, sampleOf } from './metrics/exposition.test-support.js'
import { frames, RawClient } from './socket.test-support.js'

let cluster: MemberCluster | null = null
const clients: RawClient[] = []

async function start(...options: Parameters<typeof MemberCluster.start>): Promise<MemberCluster> {
  cluster = await MemberCluster.start(...options)
  return cluster
}

async function client(member: Member): Promise<RawClient> {
  const made = await RawClient.balsa(member.clientAddress)
  clients.push(made)
  return made
}

const put = (id: number, key: string, value = 'v') =>
  ({ type: 'write', id, command: encodeCommand({ type: 'put', stamp: null, key: Buffer.from(key), value: Buffer.from(value) }) }) as const
const get = (id: number, key: string, consistency: 'linearizable' | 'stale' = 'linearizable') =>
  ({ type: 'get', id, key: Buffer.from(key), consistency }) as const

async function ask(made: RawClient, request: ClientRequest) {
  const before = made.responses.length
  made.send(frames(request))
  await made.until(() => made.responses.length > before)
  return made.responses[before]
}

const http = async (member: Member, path: string) => {
  const response = await fetch(`http://${member.clientAddress}${path}`)
  return { code: response.status, text: await response.text() }
}

afterEach(async () => {
  for (const made of clients.splice(0)) made.destroy()
  await cluster?.close()
  cluster = null
})

describe('three members', () => {
  it('replicate writes; every member serves linearizable reads, and names the leader for writes', async () => {
    const { ready, members } = { ready: (await start(3)).ready(), members: cluster?.members ?? [] }
    await ready
    const leader = cluster?.leader()
    const follower = cluster?.follower()
    if (leader === undefined || follower === undefined) throw new Error('no members')
    const [toLeader, toFollower] = [await client(leader), await client(follower)]
    expect(await ask(toLeader, put(1, 'a', 'one'))).toMatchObject({ type: 'result', result: { type: 'written', metadata: { version: 1 } } })
    for (const member of members) {
      const answer = await ask(await client(member), get(2, 'a'))
      expect(answer).toMatchObject({ type: 'value', id: 2, record: { version: 1 } })
    }
    expect(await ask(toFollower, put(3, 'a'))).toMatchObject({
      type: 'error',
      id: 3,
      error: { code: 'NOT_LEADER', family: 'refused', leaderAddress: leader.clientAddress, leaderId: leader.status().memberId },
    })
    expect(await ask(toFollower, get(4, 'none'))).toMatchObject({ type: 'value', id: 4, record: null })
    const welcomed = toFollower.responses[0]
    expect(welcomed).toMatchObject({ welcome: { clusterId: leader.status().clusterId, leaderAddress: leader.clientAddress } })
  })

  it('confirm all reads of one turn together, also on a follower', async () => {
    const { members } = await start(3)
    await cluster?.ready()
    const follower = members.find((member) => member.status().role !== 'leader')
    if (follower === undefined) throw new Error('no follower')
    const made = await client(follower)
    const rounds = () => follower.metrics.messagesSent.get({ type: 'readIndexRequest', lane: 'control' })
    const before = rounds()
    made.send(frames(...Array.from({ length: 500 }, (_, at) => get(at + 1, 'a'))))
    await made.until(() => made.responses.length === 501)
    expect(rounds() - before).toBeGreaterThan(0)
    expect(rounds() - before).toBeLessThan(20)
  })

  it('answers lease reads only where leases are on, and stale reads only as young as they are asked for', async () => {
    await start(3, { leaseReads: { maxClockDrift: 0.1 } })
    await cluster?.ready()
    const [leader, follower] = [cluster?.leader(), cluster?.follower()]
    if (leader === undefined || follower === undefined) throw new Error('no members')
    const [toLeader, toFollower] = [await client(leader), await client(follower)]
    await ask(toLeader, put(1, 'a'))
    const lease = (id: number) => ({ type: 'get', id, key: Buffer.from('a'), consistency: 'lease' }) as const
    for (const made of [toLeader, toFollower]) {
      expect(await ask(made, lease(2))).toMatchObject({ type: 'value', ageMs: 0, record: { version: 1 } })
      const young = { ...get(3, 'a', 'stale'), maxStaleMs: 60_000 }
      const answer = await ask(made, young)
      expect(answer).toMatchObject({ type: 'value', record: { version: 1 } })
      expect(answer?.type === 'value' ? answer.ageMs : null).toBeLessThanOrEqual(60_000)
    }
    expect(await ask(toFollower, { ...get(4, 'a', 'stale'), maxStaleMs: 0 })).toMatchObject({ type: 'error', error: { code: 'TOO_STALE' } })
    const off = await MemberCluster.start(1)
    try {
      await off.ready()
      expect(await ask(await client(off.leader()), lease(5))).toMatchObject({ type: 'error', error: { code: 'LEASES_OFF' } })
    } finally {
      await off.close()
    }
  })

  it('without a majority: writes and reads end by their deadline, stale reads still work, and readiness says why', async () => {
    const { members } = await start(3, { requestTimeoutMs: 400 })
    await cluster?.ready()
    const leader = cluster?.leader()
    if (leader === undefined) throw new Error('no leader')
    const made = await client(leader)
    await ask(made, put(1, 'a'))
    await Promise.all(members.filter((member) => member !== leader).map((member) => member.close()))
    const write = await ask(made, put(2, 'a'))
    expect(write).toMatchObject({ type: 'error', id: 2 })
    expect(['OUTCOME_UNKNOWN', 'LEADERSHIP_LOST', 'NO_LEADER']).toContain(write?.type === 'error' ? write.error.code : '')
    const read = await ask(made, get(3, 'a'))
    expect(['DEADLINE', 'NO_LEADER', 'NOT_LEADER']).toContain(read?.type === 'error' ? read.error.code : '')
    expect(await ask(made, get(4, 'a', 'stale'))).toMatchObject({ type: 'value', record: { version: 1 } })
    await eventually(() => leader.status().leaderId === null)
    expect(await ask(made, put(5, 'a'))).toMatchObject({ type: 'error', error: { family: 'refused', code: 'NO_LEADER' } })
    const { code, text } = await http(leader, '/readyz')
    expect(code).toBe(503)
    expect(text).toMatch(/not ready: no leader is known/)
    expect((await http(leader, '/healthz')).code).toBe(200)
  })

  it('a member that stops hands leadership over, and the next writes go on', async () => {
    const { members } = await start(3)
    await cluster?.ready()
    const leader = cluster?.leader()
    if (leader === undefined) throw new Error('no leader')
    const term = leader.status().term
    await leader.close()
    const rest = members.filter((member) => member !== leader)
    await eventually(() => rest.some((member) => member.status().role === 'leader'))
    const next = rest.find((member) => member.status().role === 'leader')
    // One election is enough; a busy machine may make it two.
    expect(next?.status().term).toBeGreaterThan(term)
    await expect(RawClient.connect(leader.clientAddress || '127.0.0.1:1')).rejects.toThrow()
    const made = await client(next ?? leader)
    expect(await ask(made, put(1, 'b'))).toMatchObject({ type: 'result' })
  })
})

describe('one member', () => {
  it('keeps what was acknowledged over a restart, and is ready only after it has caught up', async () => {
    const { members, options } = await start(1)
    const [first] = members
    if (first === undefined || options[0] === undefined) throw new Error('no member')
    expect(first.readiness).toMatchObject({ ready: false, reason: expect.stringMatching(/no leader is known/) })
    await first.whenReady()
    expect(first.readiness.ready).toBe(true)
    const made = await client(first)
    for (let at = 1; at <= 20; at++) expect(await ask(made, put(at, `key ${at}`))).toMatchObject({ type: 'result' })
    await first.close()
    expect(first.readiness).toMatchObject({ ready: false, reason: 'the member is stopping' })
    const again = await Member.start(options[0])
    members[0] = again
    expect((await http(again, '/readyz?format=json')).text).toMatch(/"ready":(false|true)/)
    await again.whenReady()
    expect(await ask(await client(again), get(1, 'key 20'))).toMatchObject({ type: 'value', record: { version: 1 } })
  })

  it('refuses what the data model and its own limit refuse, without asking the log', async () => {
    const { members } = await start(1, { maxRequestBytes: 2000 })
    await cluster?.ready()
    const [member] = members
    if (member === undefined) throw new Error('no member')
    const made = await client(member)
    const before = member.status().lastIndex
    expect(await ask(made, put(1, 'k', 'x'.repeat(1999)))).toMatchObject({ type: 'result' })
    expect(await ask(made, put(2, 'k', 'x'.repeat(2000)))).toMatchObject({ type: 'error', error: { code: 'TOO_LARGE', family: 'refused' } })
    expect(await ask(made, put(3, ''))).toMatchObject({ type: 'error', error: { code: 'INVALID' } })
    expect(await ask(made, put(4, 'k'.repeat(8193)))).toMatchObject({ type: 'error', error: { code: 'TOO_LARGE' } })
    expect(await ask(made, get(5, ''))).toMatchObject({ type: 'error', error: { code: 'INVALID' } })
    expect(await ask(made, get(6, 'k'.repeat(8193)))).toMatchObject({ type: 'error', error: { code: 'TOO_LARGE' } })
    expect(await ask(made, get(7, 'k'.repeat(8192)))).toMatchObject({ type: 'value', record: null })
    expect(member.status().lastIndex).toBe(before + 1)
  })

  it('tells its status in both protocols alike', async () => {
    const { members } = await start(1)
    await cluster?.ready()
    const [member] = members
    if (member === undefined) throw new Error('no member')
    const answer = await ask(await client(member), { type: 'status', id: 1 })
    const status = member.status()
    expect(answer).toEqual({ type: 'status', id: 1, status })
    const page = JSON.parse((await http(member, '/status')).text) as Record<string, unknown>
    expect(page).toMatchObject({
      memberId: formatId(status.memberId),
      clusterId: formatId(status.clusterId),
      leaderId: formatId(status.memberId),
      role: 'leader',
      term: status.term,
      ready: true,
      leaderAddress: member.clientAddress,
    })
  })

  it('moves its metrics, in valid exposition format, without a word of its clients', async () => {
    const { members } = await start(1, { maxLogBytes: 4096 })
    await cluster?.ready()
    const [member] = members
    if (member === undefined) throw new Error('no member')
    const made = await client(member)
    for (let at = 1; at <= 50; at++) await ask(made, put(at, `secret-key-${at}`, 'secret-value'.repeat(20)))
    await ask(made, get(51, 'secret-key-1'))
    await ask(made, get(52, 'secret-key-1', 'stale'))
    await ask(made, put(53, ''))
    await http(member, '/secret-path?token=secret')
    await eventually(() => member.status().snapshotIndex > 0)
    const { text } = await http(member, '/metrics')
    parseExposition(text)
    expect(text).not.toContain('secret')
    const value = (name: string, labels: Record<string, string> = {}) => sampleOf(text, `balsa_${name}`, labels)
    expect(value('role', { role: 'leader' })).toBe(1)
    expect(value('keys')).toBe(50)
    expect(value('client_requests_total', { type: 'write', outcome: 'ok' })).toBe(50)
    expect(value('client_requests_total', { type: 'write', outcome: 'refused' })).toBe(1)
    expect(value('client_requests_total', { type: 'getStale', outcome: 'ok' })).toBe(1)
    expect(value('proposals_total', { outcome: 'ok' })).toBe(50)
    expect(value('commit_duration_seconds_count')).toBe(50)
    expect(value('http_requests_total', { path: 'other' })).toBe(1)
    expect(value('client_connections', { protocol: 'balsa' })).toBe(1)
    const moved = [
      'term',
      'commit_index',
      'applied_index',
      'log_last_index',
      'has_leader',
      'ready',
      'elections_started_total',
      'leader_changes_total',
    ]
    const disk = [
      'applied_commands_total',
      'apply_batch_duration_seconds_count',
      'disk_sync_duration_seconds_count',
      'disk_written_bytes_total',
      'snapshots_taken_total',
      'snapshot_bytes',
    ]
    const process = [
      'data_bytes',
      'revision',
      'client_bytes_received_total',
      'client_bytes_sent_total',
      'client_connections_accepted_total',
      'process_heap_bytes',
      'process_cpu_seconds',
    ]
    for (const name of [...moved, ...disk, ...process]) expect(value(name), name).toBeGreaterThan(0)
    expect(sampleOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  })
})

describe('a disk that fails', () => {
  it('stops the member for good: the write is unknown, health says why, later requests are refused', async () => {
    let broken = false
    const real = new NodeFileSystem()
    const fileSystem: FileSystem = {
      list: (directory) => real.list(directory),
      exists: (path) => real.exists(path),
      makeDirectory: (directory) => real.makeDirectory(directory),
      rename: (from, to) => real.rename(from, to),
      remove: (path) => real.remove(path),
      syncDirectory: (directory) => real.syncDirectory(directory),
      open: async (path, mode) => {
        const file = await real.open(path, mode)
        const datasync = file.datasync.bind(file)
        file.datasync = () => (broken ? Promise.reject(new BalsaError('IO_ERROR', 'EIO')) : datasync())
        return file
      },
    }
    const { members } = await start(1, { fileSystem })
    await cluster?.ready()
    const [member] = members
    if (member === undefined) throw new Error('no member')
    const made = await client(member)
    expect(await ask(made, put(1, 'a'))).toMatchObject({ type: 'result' })
    broken = true
    expect(await ask(made, put(2, 'a'))).toMatchObject({ type: 'error', error: { code: 'OUTCOME_UNKNOWN', family: 'unknown' } })
    expect(await member.stopped).toMatchObject({ code: 'SYNC_FAILED', family: 'fatal' })
    expect(await ask(made, put(3, 'a'))).toMatchObject({ type: 'error', error: { code: 'STOPPED', family: 'refused' } })
    expect(await ask(made, get(4, 'a'))).toMatchObject({ type: 'error', error: { code: 'STOPPED' } })
    expect(await http(member, '/healthz')).toEqual({ code: 503, text: 'fatal: SYNC_FAILED\n' })
    expect(await http(member, '/readyz')).toMatchObject({ code: 503, text: 'not ready: stopped after a fatal error: SYNC_FAILED\n' })
  })
})

describe('starting', () => {
  it('a second member on the same data directory is refused, and the first goes on', async () => {
    const { members, options } = await start(1)
    await cluster?.ready()
    if (options[0] === undefined || members[0] === undefined) throw new Error('no member')
    await expect(Member.start(options[0])).rejects.toMatchObject({
      code: 'LOCKED',
      family: 'fatal',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    expect(await ask(await client(members[0]), put(1, 'a'))).toMatchObject({ type: 'result' })
  })

  it('refuses the data directory of another member, one open to others, and a taken port, and holds nothing afterwards', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'balsa-member-'))
    const { members, options } = await start(1)
    const [own] = options
    if (own === undefined || members[0] === undefined) throw new Error('no member')
    const dataDir = join(directory, 'other')
    await expect(Member.start({ ...own, dataDir })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('EADDRINUSE'),
    })
    await members[0].close()
    const clash = { ...own, dataDir, memberId: own.memberId, clusterId: own.clusterId + 1 }
    await expect(Member.start(clash)).rejects.toMatchObject({ code: 'IDENTITY_MISMATCH' })
    await chmod(dataDir, 0o777)
    await expect(Member.start({ ...own, dataDir })).rejects.toMatchObject({
      code: 'DATA_DIRECTORY',
      message: expect.stringContaining('0777'),
    })
    await chmod(dataDir, 0o700)
    const again = await Member.start({ ...own, dataDir })
    await again.close()
    await rm(directory, { recursive: true, force: true })
  })
})
