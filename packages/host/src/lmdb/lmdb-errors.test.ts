import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BalsaError } from '@balsa/raft'
import { expect, it } from 'vitest'
import { lmdbFailure } from './lmdb-errors.js'

const path = join(tmpdir(), 'state.mdb')
const failure = (code: number): BalsaError => lmdbFailure('write', path, Object.assign(new Error('words of the engine'), { code }))

it.each([
  ['no space', 28, 'DISK_FULL'],
  ['a used up quota', 122, 'DISK_FULL'],
  ['a full map', -30792, 'DISK_FULL'],
  ['a damaged page', -30796, 'CORRUPT'],
  ['a write that failed although there is space', 5, 'IO_ERROR'],
  ['a read-only file system', 30, 'IO_ERROR'],
])('%s is told as what it is, with what to do next', (_, code, expected) => {
  const error = failure(code)
  expect(error).toMatchObject({ code: expected, family: 'fatal', message: `write ${path}: words of the engine` })
  expect(error.hint).toMatch(/\.$/)
})

it('errors that have a code keep it', () => {
  const error = new BalsaError('STOPPED', 'closed')
  expect(lmdbFailure('write', path, error)).toBe(error)
})
