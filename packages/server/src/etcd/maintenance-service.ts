import { createHash } from 'node:crypto'
import { crc32 } from '@balsa/host'
import { type AlarmKind, keyFromString, type KvStats, PLAIN_RANGE, type RangeResult } from '@balsa/kv'
import {
  type AlarmMember,
  type AlarmRequest,
  AlarmRequest_AlarmAction,
  type AlarmResponseInit,
  AlarmType,
  type DowngradeRequest,
  DowngradeRequest_DowngradeAction,
  type HashKVRequest,
  type HashKVResponseInit,
  type HashResponseInit,
  MaintenanceService as MaintenanceMethods,
  type MoveLeaderRequest,
  type MoveLeaderResponseInit,
  type SnapshotResponseInit,
  type StatusResponseInit,
} from '@balsa/proto/etcdserverpb'
import { type Endpoint, serverStream, type Sink, unary } from './endpoint.js'
import { ETCD_ERRORS, etcdError } from './errors.js'
import type { EtcdMember } from './member.js'
import { resultOf } from './range.js'
import { ETCD_API_VERSION } from './version.js'

/** What etcdctl expects of a saved snapshot: whole blocks, and the hash of all of them behind. */
const BLOCK_BYTES = 512
const LENGTH_BYTES = 8

/** etcdserverpb.Maintenance */
export class MaintenanceService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = MaintenanceMethods
    return [
      unary(methods.Alarm, (request) => this.alarm(request)),
      unary(methods.Status, () => this.status()),
      // Nothing here becomes larger by use and smaller by tidying up.
      unary(methods.Defragment, () => ({})),
      unary(methods.Hash, () => this.hash()),
      unary(methods.HashKV, (request) => this.hashKv(request)),
      serverStream(methods.Snapshot, (_request, sink) => this.snapshot(sink)),
      unary(methods.MoveLeader, (request) => this.moveLeader(request)),
      unary(methods.Downgrade, (request) => this.downgrade(request)),
    ]
  }

  /** Alarms that members raise themselves are not cleared by hand: they last as long as what they tell of. */
  async alarm({ action, memberID, alarm }: AlarmRequest): Promise<AlarmResponseInit> {
    const before = await this.#member.alarms(false)
    if (action === AlarmRequest_AlarmAction.GET) {
      const alarms = before.filter((entry) => alarm === AlarmType.NONE || entry.alarm === alarm)
      return { header: this.#member.header(), alarms }
    }
    const kind = KINDS[alarm]
    if (kind === undefined) return { header: this.#member.header(), alarms: [] }
    const raise = action === AlarmRequest_AlarmAction.ACTIVATE
    await this.#member.command({ type: 'alarm', raise, alarm: { kind, member: BigInt.asIntN(64, memberID) } })
    const isIt = (entry: AlarmMember): boolean => entry.memberID === memberID && entry.alarm === alarm
    const after = await this.#member.alarms(false)
    return {
      header: this.#member.header(),
      alarms: raise ? after.filter(isIt) : before.filter((entry) => isIt(entry) && !after.some(isIt)),
    }
  }

  /** Nothing can be gone back to; in etcd's words, the target is never the right one. */
  downgrade({ action, version }: DowngradeRequest): never {
    if (action === DowngradeRequest_DowngradeAction.CANCEL) throw etcdError('noDowngrade')
    throw etcdError(/^\d+\.\d+(?:\.\d+(?:-[\w.-]+)?)?$/.test(version) ? 'badDowngradeTarget' : 'wrongDowngradeFormat')
  }

  /** As this member knows it, also without a majority. */
  async status(): Promise<StatusResponseInit> {
    const { dataBytes, historyBytes, revision } = await this.#stats()
    const { leaderId, memberId, members, term, commitIndex, appliedIndex } = this.#member.store.status()
    const alarms = await this.#member.alarms()
    return {
      header: this.#member.header(revision),
      version: ETCD_API_VERSION,
      dbSize: dataBytes + historyBytes,
      dbSizeInUse: dataBytes + historyBytes,
      leader: BigInt(leaderId ?? 0),
      raftIndex: commitIndex,
      raftTerm: term,
      raftAppliedIndex: appliedIndex,
      errors: [...(leaderId === null ? [ETCD_ERRORS.noLeader[1]] : []), ...alarms.map(textOf)],
      isLearner: members.some(({ id, role }) => id === memberId && role === 'learner'),
      storageVersion: ETCD_API_VERSION,
    }
  }

  /** Over all living pairs as they are now. */
  async hash(): Promise<HashResponseInit> {
    const { revision, result } = await this.#pairsAt(0)
    return { header: this.#member.header(revision), hash: hashOf(result) }
  }

  /** Over all pairs that lived at the revision, with their revisions and leases: equal on all members. */
  async hashKv({ revision }: HashKVRequest): Promise<HashKVResponseInit> {
    const { compactedRevision, revision: now } = await this.#stats()
    const at = revision <= 0 ? now : revision
    const { result, revision: newest } = await this.#pairsAt(at)
    return { header: this.#member.header(newest), hash: hashOf(result), compactRevision: compactedRevision, hashRevision: at }
  }

  /**
   * The state as members send it to each other, in our own format: then zeros up to whole blocks whose last eight bytes say how long the state is,
   * and the SHA-256 of everything before.
   */
  async snapshot(sink: Sink<SnapshotResponseInit>): Promise<void> {
    const { dataBytes, historyBytes } = await this.#stats()
    const hash = createHash('sha256')
    let bytes = 0
    const send = async (blob: Uint8Array, remainingBytes: number): Promise<void> => {
      hash.update(blob)
      bytes += blob.length
      const taken = sink.send({ header: this.#member.header(), remainingBytes, blob, version: ETCD_API_VERSION })
      if (!taken) await sink.writable()
    }
    // How long it will be is not known before: what is left is a guess, but never 0 before the end.
    for await (const chunk of this.#member.snapshot()) await send(chunk, Math.max(1, dataBytes + historyBytes - bytes))
    const padding = new Uint8Array(BLOCK_BYTES - ((bytes + LENGTH_BYTES) % BLOCK_BYTES) + LENGTH_BYTES)
    new DataView(padding.buffer).setBigUint64(padding.length - LENGTH_BYTES, BigInt(bytes))
    await send(padding, 1)
    sink.send({ header: this.#member.header(), remainingBytes: 0, blob: new Uint8Array(hash.digest()), version: ETCD_API_VERSION })
  }

  async moveLeader({ targetID }: MoveLeaderRequest): Promise<MoveLeaderResponseInit> {
    const target = this.#member.store.status().members.find(({ id }) => BigInt(id) === targetID)
    if (target === undefined || target.role !== 'voter') throw etcdError('badTransferee')
    await this.#member.admin({ type: 'transfer', target: target.id })
    return {}
  }

  #stats(): Promise<KvStats> {
    return this.#member.read({ type: 'stats' }, true)
  }

  async #pairsAt(revision: number): Promise<{ readonly revision: number; readonly result: RangeResult }> {
    const request = { ...PLAIN_RANGE, key: ZERO, rangeEnd: ZERO, revision }
    const answer = await this.#member.read({ type: 'range', request, maxBytes: Number.POSITIVE_INFINITY }, true)
    return { revision: answer.revision, result: resultOf(answer) }
  }
}

/** As etcd writes them. */
const NAMES: Readonly<Record<number, string>> = { [AlarmType.NOSPACE]: 'NOSPACE', [AlarmType.CORRUPT]: 'CORRUPT' }
const KINDS: Readonly<Record<number, AlarmKind>> = { [AlarmType.NOSPACE]: 'noSpace', [AlarmType.CORRUPT]: 'corrupt' }

const textOf = ({ memberID, alarm }: AlarmMember): string => `memberID:${memberID} alarm:${NAMES[alarm]} `

const ZERO = Uint8Array.of(0)

function hashOf({ entries }: RangeResult): number {
  let hash = 0
  const numbers = new DataView(new ArrayBuffer(40))
  for (const entry of entries) {
    const key = keyFromString(entry.key)
    numbers.setUint32(0, key.length)
    numbers.setUint32(4, entry.value.length)
    numbers.setFloat64(8, entry.createRevision)
    numbers.setFloat64(16, entry.modRevision)
    numbers.setFloat64(24, entry.version)
    numbers.setBigInt64(32, entry.lease)
    for (const part of [new Uint8Array(numbers.buffer), key, entry.value]) hash = crc32(part, hash)
  }
  return hash >>> 0
}
