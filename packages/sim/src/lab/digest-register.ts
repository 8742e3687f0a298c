import type { Model } from '../checker/index.js'

/**
 * The course's register of strings, for long histories of appends: the state is the length of the value and two hashes of it, so that a
 * history of thousands of reads of long values fits into memory. Different values of equal digest are not to be expected in the
 * lifetime of the universe.
 */
export interface Digest {
  readonly length: number
  readonly high: number
  readonly low: number
}

/** A get answers the value, an append how long the value became, a put nothing worth comparing. */
export type DigestOutput = Digest | { readonly becameLength: number } | 'done'

export type DigestInput = { readonly f: 'get' } | { readonly f: 'put' | 'append'; readonly value: string }

export const EMPTY_DIGEST: Digest = { length: 0, high: 0x811c9dc5, low: 0x1000193 }

export function extendDigest({ length, high, low }: Digest, text: string): Digest {
  let a = high
  let b = low
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b + code, 0x85ebca6b) ^ (b >>> 13)
  }
  return { length: length + text.length, high: a, low: b }
}

const isEqual = (a: Digest, b: Digest): boolean => a.length === b.length && a.high === b.high && a.low === b.low

const show = ({ length, high, low }: Digest): string => `${length} characters #${(high >>> 0).toString(16)}${(low >>> 0).toString(16)}`

export const digestModel: Model<Digest, DigestInput, DigestOutput> = {
  name: 'register of strings',
  initial: EMPTY_DIGEST,
  step(state, input, output) {
    if (input.f === 'get') return output === null || (output !== 'done' && 'low' in output && isEqual(state, output)) ? state : undefined
    const next = extendDigest(input.f === 'put' ? EMPTY_DIGEST : state, input.value)
    const lengthFits = output === null || output === 'done' || !('becameLength' in output) || output.becameLength === next.length
    return lengthFits ? next : undefined
  },
  fingerprint: ({ length, high, low }) => `${length}.${high}.${low}`,
  describeState: show,
  describe(input, output) {
    if (input.f === 'get') return `get -> ${output !== null && output !== 'done' && 'low' in output ? show(output) : '?'}`
    return `${input.f} ${JSON.stringify(input.value)}${output === null ? ' -> ?' : ''}`
  },
}
