const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/** `grpc-timeout`: up to eight digits and a unit. Milliseconds; null when it is malformed. */
export function parseGrpcTimeout(value: string): number | null {
  const unitMs = UNIT_MS[value.slice(-1)]
  return unitMs === undefined || !/^\d{1,8}.$/.test(value) ? null : Number(value.slice(0, -1)) * unitMs
}
