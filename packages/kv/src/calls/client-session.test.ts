import { describe, expect, it } from 'vitest'
import { ClientSession } from './client-session.js'

describe('ClientSession', () => {
  it('knows the first unanswered number, whatever order answers come in', () => {
    const session = new ClientSession(7, 1000)
    const [first, second, third] = [session.nextSequence(), session.nextSequence(), session.nextSequence()]
    expect([first, second, third]).toEqual([1, 2, 3])
    session.answered(3)
    expect([session.firstUnanswered, session.span]).toEqual([1, 3])
    session.answered(1)
    expect([session.firstUnanswered, session.span]).toEqual([2, 2])
    session.answered(2)
    expect([session.firstUnanswered, session.span]).toEqual([4, 0])
    expect(session.nextSequence()).toBe(4)
  })
})
