/** Generated documents are current. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_FAMILIES } from '../../packages/raft/src/errors.js'
import { documentPath, readCodes, renderErrors, sourcePath } from '../../scripts/docs-errors.mjs'
import { repositoryRoot } from './source.js'

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')

describe(documentPath, () => {
  it('is what `npm run docs:errors` writes', () => {
    expect(read(documentPath)).toBe(renderErrors(readCodes(read(sourcePath))))
  })

  it('knows every code', () => {
    const codes = readCodes(read(sourcePath))
    expect(Object.fromEntries(codes.map(({ code, family }) => [code, family]))).toEqual(ERROR_FAMILIES)
  })

  it('is not written for a code without a meaning', () => {
    expect(() => readCodes(`const ERROR_FAMILIES = { LOST: 'refused' }`)).toThrow(/LOST has no comment/)
    expect(() => readCodes('')).toThrow(/not found/)
  })
})
