import { UsageError } from './text.js'

/** Leases are shown as 16 hexadecimal digits. */
export const formatLease = (lease: bigint): string => BigInt.asUintN(64, lease).toString(16).padStart(16, '0')

export function parseLease(text: string, what = 'LEASE'): bigint {
  if (!/^[0-9a-f]{1,16}$/i.test(text))
    throw new UsageError(`${what} must be hexadecimal digits, as lease list shows them, not ${JSON.stringify(text)}`)
  return BigInt.asIntN(64, BigInt(`0x${text}`))
}
