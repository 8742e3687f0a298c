/** One requirement of a port, as an executable check. Independent of any test framework: a case fails by rejecting. */
export interface ConformanceCase {
  readonly name: string
  run(): Promise<void>
}

/** Fails the case with this text. */
export function demand(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Error(text)
}
