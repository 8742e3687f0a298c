/** Work in steps: it may be interrupted wherever it yields. */
export type Steps<Result> = Generator<void, Result, void>

/** All of it at once. */
export function toEnd<Result>(steps: Steps<Result>): Result {
  let next = steps.next()
  while (next.done !== true) next = steps.next()
  return next.value
}
