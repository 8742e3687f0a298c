/**
 * What one object may answer, as a sequential machine. The checker asks whether some order of the concurrent operations, compatible with
 * real time, makes this machine give exactly the answers that were seen (Herlihy and Wing, 1990).
 */
export interface Model<State, Input, Output> {
  readonly name: string
  readonly initial: State
  /**
   * The state after the operation, or `undefined` when it could not have answered like that. `output` null: the answer is not known, so
   * every answer is possible.
   */
  step(state: State, input: Input, output: Output | null): State | undefined
  /** Equal for equal states. May differ for equal states at the price of more search, never be equal for different ones. */
  fingerprint(state: State): string | number
  describeState(state: State): string
  describe(input: Input, output: Output | null): string
}

/** One call of one client. `calledAt` and `returnedAt` are positions in the order in which things happened, not times. */
export interface Operation<Input, Output> {
  readonly process: number
  readonly key: string
  readonly input: Input
  /** Null: not known whether, or with which answer, it happened. */
  readonly output: Output | null
  readonly calledAt: number
  /** Infinity: it never returned, so it may take effect at any later moment, or never. */
  readonly returnedAt: number
  /** For people only. */
  readonly calledMs: number
  readonly returnedMs: number
}
