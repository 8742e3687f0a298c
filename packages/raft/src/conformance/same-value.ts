/** Structural equality of plain data: primitives, arrays, byte arrays, maps, sets and objects by their own properties. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (ArrayBuffer.isView(a) || Array.isArray(a)) return sameList(Array.from(a as ArrayLike<unknown>), Array.from(b as ArrayLike<unknown>))
  if (a instanceof Map && b instanceof Map) return sameList([...a], [...b])
  if (a instanceof Set && b instanceof Set) return sameList([...a], [...b])
  const keys = Object.keys(a)
  if (!sameList([...keys].sort(), Object.keys(b).sort())) return false
  return keys.every((key) => sameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}

const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, position) => sameValue(value, b[position]))
