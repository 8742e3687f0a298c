import { describe, expect, it } from 'vitest'
import { parseTransaction } from './transaction-text.js'

describe('transactions as text', () => {
  it('has conditions and two branches, comments and quotes', () => {
    const text = `
      # move it
      if
        modified "app/con fig" = 42   # as it was read
        created --prefix jobs/ = 0
        version n > 1
        lease n != ff
        value n < 'it''s'
      then
        put app/config "new\\tvalue # no comment" --lease 1f --prev
        put k 'single "quotes"' --keep-lease
        del --prefix app/old/ --prev
      else
        get app/config --prefix --keys-only --limit 3 --rev 7
        get a --count
        append log late
    `.replace("'it''s'", "'its'")
    expect(parseTransaction(text)).toEqual({
      compare: [
        { key: 'app/con fig', is: '=', modRevision: 42 },
        { key: { prefix: 'jobs/' }, is: '=', createRevision: 0 },
        { key: 'n', is: '>', version: 1 },
        { key: 'n', is: '!=', lease: 255n },
        { key: 'n', is: '<', value: 'its' },
      ],
      success: [
        { type: 'put', key: 'app/config', value: 'new\tvalue # no comment', lease: 31n, previous: true },
        { type: 'put', key: 'k', value: 'single "quotes"', lease: 'keep', previous: false },
        { type: 'delete', key: { prefix: 'app/old/' }, previous: true },
      ],
      failure: [
        { type: 'range', key: { prefix: 'app/config' }, keysOnly: true, countOnly: false, limit: 3, revision: 7 },
        { type: 'range', key: 'a', keysOnly: false, countOnly: true },
        { type: 'append', key: 'log', value: 'late' },
      ],
    })
  })

  it('needs no section for operations that are always done, and takes JSON', () => {
    expect(parseTransaction('put a 1')).toMatchObject({ compare: [], success: [{ type: 'put', key: 'a' }] })
    const json = '{"success":[{"type":"put","key":"a","value":"1","lease":"ff"},{"type":"put","key":"b","value":"1","lease":"keep"}]}'
    expect(parseTransaction(json)).toMatchObject({ success: [{ lease: 255n }, { lease: 'keep' }] })
  })

  it.each([
    ['', 'the transaction is empty'],
    ['put a', 'line 1: the operation is: put'],
    ['then\njump a', 'line 2: "jump" is no operation'],
    ['if\nversion a 1', 'line 2: a condition is'],
    ['if\nsize a = 1', 'line 2: "size" cannot be compared'],
    ['if\nversion a = x', 'line 2: version must be a whole number'],
    ['put a "open', 'line 1: what is'],
    ['put a "\\x"', 'line 1: "\\x" is not a text'],
    ['get a --sorted', 'line 1: --sorted is not known here'],
    ['put a b --lease zz', 'line 1: --lease must be hexadecimal'],
    ['put "" 1', 'the key is empty'],
    ['{"success":', 'the transaction is not JSON'],
    ['{}', 'the transaction is empty'],
    ['{"then":[]}', 'a transaction has compare, success, failure, not "then"'],
    ['{"success":5}', 'success is a list'],
    ['{"failure":{}}', 'failure is a list'],
    ['{"compare":["a"]}', 'compare is a list of objects'],
    ['{"success":[{"type":"jump"}]}', 'an operation is a range, put, append, delete or transaction, not "jump"'],
    ['{"success":[{"type":"put","key":"a"}]}', 'the value must be a string or a Uint8Array'],
    ['{"success":[{"type":"put","key":"","value":""}]}', 'the key is empty'],
    ['{"compare":[{"key":"a","is":"~","version":1}]}', 'a condition compares with one of'],
    ['{"compare":[{"key":"a"}]}', 'a condition names a version'],
    ['{"success":[{"type":"transaction","success":[null]}]}', 'success is a list of objects'],
    ['{"success":[{"type":"put","key":"a","value":"1","lease":"zz"}]}', 'must be hexadecimal'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseTransaction(text)).toThrow(reason)
  })
})
