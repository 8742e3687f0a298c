const NUMBER_BYTES = 8

/** What a data file says of itself. */
export interface UnitState {
  /** Log index up to which it goes. */
  readonly appliedIndex: number
  /** Number of the newest unit. */
  readonly unit: number
  /** What was put aside is valid, and not carried out to its end. */
  readonly isStaged: boolean
}

/** The third number is there only when it is not 0: what was put aside is valid. */
export function encodeState({ appliedIndex, unit, isStaged }: UnitState): Uint8Array {
  const bytes = Buffer.alloc((isStaged ? 3 : 2) * NUMBER_BYTES)
  bytes.writeBigUInt64LE(BigInt(appliedIndex), 0)
  bytes.writeBigUInt64LE(BigInt(unit), NUMBER_BYTES)
  if (isStaged) bytes.writeBigUInt64LE(1n, 2 * NUMBER_BYTES)
  return bytes
}

export function decodeState(bytes: Uint8Array): UnitState {
  const view = Buffer.from(bytes)
  return {
    appliedIndex: Number(view.readBigUInt64LE(0)),
    unit: Number(view.readBigUInt64LE(NUMBER_BYTES)),
    isStaged: view.length > 2 * NUMBER_BYTES,
  }
}
