import { expect, it } from 'vitest'
import { refusalError } from './refusal.js'

it('says why a command was refused and what to do next; a code without a text of its own is named', () => {
  expect(refusalError('LEASE_NOT_FOUND')).toMatchObject({ code: 'LEASE_NOT_FOUND', hint: expect.stringContaining('Grant') })
  expect(refusalError('NO_SPACE').hint).toContain('compact')
  expect(refusalError('COMPACTED', 'n1: gone')).toMatchObject({ message: 'n1: gone', hint: expect.stringContaining('later revision') })
  const other = refusalError('SESSION_LIMIT')
  expect([other.message, other.hint]).toEqual(['the state machine refused the command: SESSION_LIMIT', undefined])
})
