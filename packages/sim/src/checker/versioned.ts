import type { Model } from './model.js'
import { quote } from './register.js'

/** The versioned register of the course of 2025: a put names the version that it replaces; 0 creates. */
export type VersionedInput = { readonly f: 'get' } | { readonly f: 'put'; readonly value: string; readonly version: number }

/**
 * `maybe`: the put was repeated and the repetition found another version, so the first try may have been what changed it.
 * `noKey`: a put with a version above 0 found nothing.
 */
export type VersionedOutput = { readonly value: string | null; readonly version: number } | 'ok' | 'version' | 'noKey' | 'maybe'

export interface VersionedState {
  readonly value: string | null
  /** Writes so far; 0 while absent. */
  readonly version: number
}

/** Harder than the course's own model: the version that a get answered is compared too. */
export const versionedModel: Model<VersionedState, VersionedInput, VersionedOutput> = {
  name: 'versioned register',
  initial: { value: null, version: 0 },
  step(state, input, output) {
    if (input.f === 'get') {
      if (output === null) return state
      return typeof output === 'object' && output.value === state.value && output.version === state.version ? state : undefined
    }
    if (input.version === state.version) {
      const possible = output === null || output === 'ok' || output === 'maybe'
      return possible ? { value: input.value, version: state.version + 1 } : undefined
    }
    if (output === null || output === 'maybe') return state
    return output === (state.version === 0 ? 'noKey' : 'version') ? state : undefined
  },
  fingerprint: (state) => `${state.version}=${state.value ?? ''}`,
  describeState: (state) => `${quote(state.value)} version ${state.version}`,
  describe(input, output) {
    if (input.f === 'put') return `put ${quote(input.value)} over version ${input.version} -> ${typeof output === 'string' ? output : '?'}`
    return `get -> ${output === null || typeof output === 'string' ? '?' : `${quote(output.value)} version ${output.version}`}`
  },
}
