/** Alarms: those that an operator has raised by hand last until one clears them, on every member and over restarts; `full` comes and goes by itself. */
import type { ByteReader, ByteWriter } from '@balsa/raft'
import { readLease, writeLease } from './txn-codec.js'

/** `noSpace`: what would add is refused. `corrupt`: nothing is written. `full`: as `noSpace`; raised and cleared by the member itself, whose quota is used up though the leader's is not. */
export type AlarmKind = 'noSpace' | 'corrupt' | 'full'

/** For whom it was raised is only told, never looked at. */
export interface RaisedAlarm {
  readonly kind: AlarmKind
  /** 64 bits. */
  readonly member: bigint
}

/** More are not taken: nobody has as many members. */
const MAX_ALARMS = 100
/** Position + 1 = number in bytes: only ever append. */
const KINDS: readonly AlarmKind[] = ['noSpace', 'corrupt', 'full']

const isSame = (a: RaisedAlarm, b: RaisedAlarm): boolean => a.kind === b.kind && a.member === b.member

/** Whether one of them refuses what would add. */
export const saysFull = (alarms: readonly RaisedAlarm[]): boolean => alarms.some(({ kind }) => kind === 'noSpace' || kind === 'full')

/** The list with the alarm, or without it. */
export function alarmsWith(alarms: readonly RaisedAlarm[], alarm: RaisedAlarm, raise: boolean): readonly RaisedAlarm[] {
  const others = alarms.filter((other) => !isSame(other, alarm))
  return raise && others.length < MAX_ALARMS ? [...others, alarm] : others
}

export function writeAlarm(writer: ByteWriter, { kind, member }: RaisedAlarm): void {
  writer.u8(KINDS.indexOf(kind) + 1)
  writeLease(writer, member)
}

export function readAlarm(reader: ByteReader): RaisedAlarm {
  const kind = KINDS[reader.u8('alarm') - 1]
  if (kind === undefined) reader.fail('alarm', 'unknown')
  return { kind, member: readLease(reader) }
}
