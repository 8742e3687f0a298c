import { Violation } from '../world/violation.js'
import type { World } from '../world/world.js'

/** Stops the run. The world remembers it, also when the code under test catches what is thrown here. */
export function violate(world: World, invariant: string, message: string): never {
  const violation = new Violation(invariant, message)
  world.fail(violation)
  throw violation
}
