import { BalsaError } from '@balsa/raft'
import { FLAG_NAMES, parseConfig } from '@balsa/server'
import type { MemberStatus } from '@balsa/kv'
import { describe, expect, it } from 'vitest'
import { fatalLine, readyLine } from './daemon.js'
import { daemonHelp } from './help.js'

describe('fatalLine', () => {
  it('is one line: code, reason and what to do', () => {
    expect(fatalLine(new BalsaError('LOCKED', '/d is in use by process 7', { hint: 'Stop it.' }))).toBe(
      'balsad: LOCKED: /d is in use by process 7. Stop it.',
    )
    expect(fatalLine(new TypeError('bug\nin two lines'))).toBe('balsad: bug\\u000ain two lines')
    expect(fatalLine('text')).toBe('balsad: text')
  })
})

describe('readyLine', () => {
  it('tells names, ids, addresses and the directory', () => {
    const config = parseConfig([], {})
    const { clusterId, memberId } = config
    const member = { id: memberId, name: 'default', address: '', clientAddress: '', role: 'voter' as const }
    const status = { name: 'default', clusterId, memberId, members: [member] } as unknown as MemberStatus
    const line = readyLine(config, { status: () => status, dataDir: '/data' })
    expect(line).toBe(
      `ready: default (member 6e7b3532385e, cluster 99140fdd84ad of 1), clients at 127.0.0.1:2379, peers at 127.0.0.1:2380, data in /data, pid ${process.pid}`,
    )
  })
})

describe('balsad --help', () => {
  it('names every flag, shows examples and the exit codes', () => {
    const help = daemonHelp()
    for (const name of FLAG_NAMES) expect(help).toContain(`--${name}`)
    expect(help).toMatch(/\nExamples:\n/)
    expect(help).toMatch(/Exit codes: 0 .*, 1 .*, 2 /)
  })
})
