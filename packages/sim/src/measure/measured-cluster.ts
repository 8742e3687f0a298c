import { Client } from '@balsa/client'
import { KvStateMachine } from '@balsa/kv'
import { type CoreOptions, crc32 } from '@balsa/raft'
import { SimClientPort } from '../clients/client-port.js'
import { CALM_NETWORK, type NetworkConditions } from '../network/sim-network.js'
import { SimStreams } from '../network/sim-streams.js'
import { MemberClock } from '../world/member-clock.js'
import type { EventOwner, ScheduledEvent } from '../world/scheduler.js'
import type { Life, Service, SimMember } from '../world/sim-member.js'
import { type Settle, World } from '../world/world.js'

export interface MeasureOptions {
  readonly size: number
  readonly core?: Omit<CoreOptions, 'id' | 'random'>
  readonly network?: Partial<NetworkConditions>
  /** How the host lets promises go on exactly; see World. */
  readonly settle?: Settle
}

/** A process that never dies and never pauses: clients. */
class ClientProcess implements EventOwner {
  readonly alive = true
  readonly paused = false
  hold(_event: ScheduledEvent): void {}
}

const REQUEST_TIMEOUT_MS = 5000
const LIMIT_MS = 60_000

/** Members with production's default settings on a good network and good disks, and writers that never rest: for measuring, without invariants. */
export class MeasuredCluster {
  readonly world: World
  readonly #streams: SimStreams
  readonly #clients: Client[] = []
  /** When each write was answered, by virtual time. */
  readonly answeredMs: number[] = []
  #writing = true

  constructor(seed: number, { size, core = {}, network = {}, settle }: MeasureOptions) {
    this.world = new World({
      seed,
      size,
      clusterId: 1,
      core,
      snapshots: {},
      limits: {},
      storage: { segmentBytes: 1024 * 1024 },
      network: { ...CALM_NETWORK, ...network },
      disk: {},
      crashStyle: { lost: 0.4, prefix: 0.2, subset: 0.2, torn: 0.2 },
      killShare: 1,
      clock: (_member, random) => ({ offsetMs: random.int(1_000_000), rate: 1, turnMs: 0 }),
      service: (life) => this.#service(life),
      observers: [],
      ...(settle === undefined ? {} : { settle }),
    })
    this.#streams = new SimStreams(this.world.scheduler, this.world.random.fork(), this.world.coverage)
    for (const member of this.world.members) member.start()
  }

  #service(life: Life): Service {
    const endpoint = `m${life.member.id}:client`
    const machine = new KvStateMachine({ clock: life.clock })
    return {
      machine,
      fingerprint: null,
      opened: (replica) => {
        const port = new SimClientPort(life, replica, machine.watches, REQUEST_TIMEOUT_MS)
        this.#streams.listen(endpoint, life, (connection) => port.accept(connection))
      },
      ended: () => this.#streams.close(endpoint, life, false),
    }
  }

  get leader(): SimMember | null {
    const { members } = this.world
    const leaders = members.filter(({ life }) => life?.core?.role === 'leader')
    const newest = leaders.sort((a, b) => (b.life?.core?.term ?? 0) - (a.life?.core?.term ?? 0))[0]
    const followers = members.filter(({ life }) => life?.core?.leaderId === newest?.id && life?.core?.term === newest?.life?.core?.term)
    return newest !== undefined && followers.length * 2 > members.length ? newest : null
  }

  /** Runs until there is a leader that a majority follows, and answers it. */
  async elected(): Promise<SimMember> {
    await this.world.run(this.world.nowMs + LIMIT_MS, () => this.leader !== null)
    const { leader } = this
    if (leader === null) throw new Error(`seed ${this.world.options.seed}: no leader within ${LIMIT_MS} ms`)
    return leader
  }

  /** Production clients, each of which writes again as soon as it was answered. */
  startWriters(count: number): void {
    const { world } = this
    for (let number = 1; number <= count; number++) {
      const owner = new ClientProcess()
      const random = world.random.fork()
      const client = Client.open({
        endpoints: random.shuffle(world.members.map(({ id }) => `m${id}:client`)),
        dialer: this.#streams.dialer(number, owner),
        clock: new MemberClock(world.scheduler, owner, { offsetMs: 0, rate: 1, turnMs: 0 }),
        random,
        crc32,
      })
      this.#clients.push(client)
      this.#write(client, number)
    }
  }

  #write(client: Client, number: number): void {
    const { scheduler } = this.world
    const again = (): void => {
      scheduler.activity++
      if (this.#writing) this.#write(client, number)
    }
    scheduler.unsettled = true
    client.put(`key ${number}`, 'value').then(
      () => {
        this.answeredMs.push(this.world.nowMs)
        again()
      },
      (error: unknown) => {
        this.world.trace.add(this.world.nowMs, 0, 'write failed', 0, number, 0, String(error))
        again()
      },
    )
  }

  /** The longest time between two answers of which the later one came after `fromMs`; Infinity when none came. */
  longestGapMs(fromMs: number): number {
    let longest = this.answeredMs.some((atMs) => atMs > fromMs) ? 0 : Infinity
    for (const [position, atMs] of this.answeredMs.entries()) {
      if (atMs > fromMs) longest = Math.max(longest, atMs - (this.answeredMs[position - 1] ?? fromMs))
    }
    return longest
  }

  stop(): void {
    this.#writing = false
    for (const client of this.#clients) void client.close()
  }
}
