import { Violation } from '../world/violation.js'

/** The host's global object. */
export type Globals = object

/** What would make a run depend on the machine or on the moment. */
const TRAPPED = [
  'Date',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'WeakRef',
  'FinalizationRegistry',
  'fetch',
  'performance',
  'crypto',
] as const

/**
 * Makes every use of real time, real chance and of the collector throw, until the returned function is called. `found` hears of each use, also
 * when the code under test catches the error.
 */
export function trapGlobals(globals: Globals, found: (violation: Violation) => void): () => void {
  const restores: (() => void)[] = []
  const caught = (name: string): never => {
    const violation = new Violation('only-virtual-time', `${name} was used inside of a simulated run`)
    found(violation)
    throw violation
  }
  const replace = (target: object, key: string, name: string): void => {
    const original = Object.getOwnPropertyDescriptor(target, key)
    if (original?.configurable !== true) return
    const value = new Proxy(function trapped() {}, {
      apply: () => caught(name),
      construct: () => caught(name),
      get: (_target, member) => (typeof member === 'string' ? caught(`${name}.${member}`) : undefined),
    })
    Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: original.enumerable ?? false })
    restores.push(() => Object.defineProperty(target, key, original))
  }
  for (const name of TRAPPED) replace(globals, name, name)
  replace((globals as { readonly Math: object }).Math, 'random', 'Math.random')
  return () => {
    for (const restore of restores) restore()
  }
}
