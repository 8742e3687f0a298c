import { expect, it } from 'vitest'
import { sameValue } from './same-value.js'

it.each([
  [1, 1],
  [Number.NaN, Number.NaN],
  [null, null],
  [10n, 10n],
  [
    [1, [2]],
    [1, [2]],
  ],
  [
    { a: 1, b: { c: undefined } },
    { b: { c: undefined }, a: 1 },
  ],
  [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  [new Map([['a', [1]]]), new Map([['a', [1]]])],
  [new Set([1]), new Set([1])],
])('%o equals %o', (a, b) => expect(sameValue(a, b)).toBe(true))

it.each([
  [1, 2],
  [1, '1'],
  [null, {}],
  [[1], [1, 2]],
  [{ a: 1 }, { a: 1, b: undefined }],
  [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  [new Uint8Array([1]), [1]],
  [new Map([['a', [1]]]), new Map([['a', [2]]])],
  [new Set([1]), new Set([2])],
])('%o differs from %o', (a, b) => expect(sameValue(a, b)).toBe(false))
