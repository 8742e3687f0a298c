import type { Model } from './model.js'

export type RegisterInput =
  | { readonly f: 'get' }
  | { readonly f: 'put'; readonly value: string }
  | { readonly f: 'append'; readonly value: string }
  | { readonly f: 'delete' }
  /** Writes `value` if the register holds `expected` (null = absent). */
  | { readonly f: 'cas'; readonly expected: string | null; readonly value: string }

/**
 * What a register answered: `value` of a get (null = absent), `swapped` of a cas; writes answer nothing worth comparing.
 */
export type RegisterOutput = { readonly value: string | null } | { readonly swapped: boolean } | 'done'

/** Absent, or a string. Exact: values are compared as they are. */
export const registerModel: Model<string | null, RegisterInput, RegisterOutput> = {
  name: 'register',
  initial: null,
  step(state, input, output) {
    switch (input.f) {
      case 'get':
        return output === null || (output !== 'done' && 'value' in output && output.value === state) ? state : undefined
      case 'put':
        return input.value
      case 'append':
        return (state ?? '') + input.value
      case 'delete':
        return null
      case 'cas': {
        const swaps = state === input.expected
        const answered = output !== null && output !== 'done' && 'swapped' in output ? output.swapped : swaps
        if (answered !== swaps) return undefined
        return swaps ? input.value : state
      }
    }
  },
  fingerprint: (state) => (state === null ? 'absent' : `=${state}`),
  describeState: quote,
  describe(input, output) {
    switch (input.f) {
      case 'get':
        return `get -> ${output === null ? '?' : output !== 'done' && 'value' in output ? quote(output.value) : '?'}`
      case 'cas': {
        const answer = output !== null && output !== 'done' && 'swapped' in output ? (output.swapped ? 'swapped' : 'differs') : '?'
        return `cas ${quote(input.expected)} to ${quote(input.value)} -> ${answer}`
      }
      case 'delete':
        return `delete${output === null ? ' -> ?' : ''}`
      default:
        return `${input.f} ${quote(input.value)}${output === null ? ' -> ?' : ''}`
    }
  },
}

const LONGEST_SHOWN = 60

export function quote(value: string | null): string {
  if (value === null) return 'absent'
  if (value.length <= LONGEST_SHOWN) return JSON.stringify(value)
  return `${JSON.stringify(value.slice(0, 20))}..${JSON.stringify(value.slice(-30))} (${value.length} characters)`
}
