/**
 * Transactions as text. Either JSON, as `KeyValueStore.transaction` takes it (leases as hexadecimal text), or lines:
 *
 *     if                              # all of these hold (left out: always)
 *       modified app/config = 42      # version, created, modified, lease or value; with =, !=, < or >
 *       created --prefix jobs/ = 0    # for every key that begins so
 *     then
 *       put app/config "new value"    # [--lease LEASE | --keep-lease] [--prev]
 *       del --prefix app/old/         # [--prev]
 *     else
 *       get app/config                # [--prefix] [--keys-only] [--count] [--limit N] [--rev N]
 *       append log "too late"
 *
 * Words are divided by blanks; a word in double quotes is read as JSON has it, one in single quotes as it stands. `#` begins a comment.
 */
import { type Condition, type Operation, type RangeSelection, type Selection, toTxn, type Transaction } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'
import { parseLease } from './leases.js'
import { wholeNumber } from './selection.js'
import { UsageError } from './text.js'

type Section = 'if' | 'then' | 'else'
const isSection = (word: string): word is Section => word === 'if' || word === 'then' || word === 'else'

/** Throws UsageError for all that no store would take. */
export function parseTransaction(text: string): Transaction {
  const transaction = text.trimStart().startsWith('{') ? parseJson(text) : parseLines(text)
  try {
    const { compares, success, failure } = toTxn(transaction)
    if (compares.length + success.length + failure.length === 0) throw new UsageError('the transaction is empty')
  } catch (error) {
    throw error instanceof BalsaError ? new UsageError(error.message) : error
  }
  return transaction
}

function parseLines(text: string): Transaction {
  const compare: Condition[] = []
  const success: Operation[] = []
  const failure: Operation[] = []
  let section: Section = 'then'
  text.split('\n').forEach((line, at) => {
    const words = wordsOf(line, at + 1)
    const [first] = words
    if (first === undefined) return
    if (words.length === 1 && isSection(first)) section = first
    else
      inLine(at + 1, () => {
        if (section === 'if') compare.push(conditionOf(words))
        else (section === 'then' ? success : failure).push(operationOf(words))
      })
  })
  return { compare, success, failure }
}

function inLine(line: number, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`line ${line}: ${error.message}`) : error
  }
}

const WORD = /\s*(?:#.*|"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'#]+))/y

function wordsOf(line: string, number: number): string[] {
  const words: string[] = []
  WORD.lastIndex = 0
  while (line.slice(WORD.lastIndex).trim() !== '') {
    const at = WORD.lastIndex
    const match = WORD.exec(line)
    if (match === null) throw new UsageError(`line ${number}: what is ${JSON.stringify(line.slice(at).trim())}?`)
    const [, quoted, plain, bare] = match
    if (quoted !== undefined) words.push(unquoted(quoted, number))
    else if (plain !== undefined || bare !== undefined) words.push(plain ?? bare ?? '')
  }
  return words
}

function unquoted(text: string, line: number): string {
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    throw new UsageError(`line ${line}: "${text}" is not a text as JSON has it`)
  }
}

const OPERATORS = ['=', '!=', '<', '>'] as const

function conditionOf(words: readonly string[]): Condition {
  const [what = '', ...rest] = words
  const isPrefix = rest[0] === '--prefix'
  const [name, operator, operand, ...more] = isPrefix ? rest.slice(1) : rest
  const is = OPERATORS.find((one) => one === operator)
  if (name === undefined || is === undefined || operand === undefined || more.length > 0)
    throw new UsageError(`a condition is: version|created|modified|lease|value [--prefix] KEY ${OPERATORS.join('|')} OPERAND`)
  const key = isPrefix ? { prefix: name } : name
  switch (what) {
    case 'version':
      return { key, is, version: wholeNumber(operand, what, 0) ?? 0 }
    case 'created':
      return { key, is, createRevision: wholeNumber(operand, what, 0) ?? 0 }
    case 'modified':
      return { key, is, modRevision: wholeNumber(operand, what, 0) ?? 0 }
    case 'lease':
      return { key, is, lease: parseLease(operand) }
    case 'value':
      return { key, is, value: operand }
    default:
      throw new UsageError(`${JSON.stringify(what)} cannot be compared: version, created, modified, lease, value`)
  }
}

/** Options, and what stands beside them. */
interface Parts {
  readonly flags: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
  readonly words: readonly string[]
}

function partsOf(words: readonly string[], flagNames: readonly string[], valueNames: readonly string[]): Parts {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  const plain: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (flagNames.includes(word)) flags.add(word)
    else if (valueNames.includes(word)) values.set(word, words[++at] ?? '')
    else if (word.startsWith('--')) throw new UsageError(`${word} is not known here`)
    else plain.push(word)
  }
  return { flags, values, words: plain }
}

function demand(words: readonly string[], count: number, usage: string): readonly string[] {
  if (words.length !== count) throw new UsageError(`the operation is: ${usage}`)
  return words
}

function operationOf([what = '', ...rest]: readonly string[]): Operation {
  switch (what) {
    case 'put':
      return putOf(rest)
    case 'append': {
      const [key = '', value = ''] = demand(rest, 2, 'append KEY VALUE')
      return { type: 'append', key, value }
    }
    case 'del': {
      const { flags, words } = partsOf(rest, ['--prefix', '--prev'], [])
      const [key = ''] = demand(words, 1, 'del [--prefix] [--prev] KEY')
      return { type: 'delete', key: flags.has('--prefix') ? { prefix: key } : key, previous: flags.has('--prev') }
    }
    case 'get':
      return getOf(rest)
    default:
      throw new UsageError(`${JSON.stringify(what)} is no operation: put, append, del, get`)
  }
}

function putOf(rest: readonly string[]): Operation {
  const { flags, values, words } = partsOf(rest, ['--keep-lease', '--prev'], ['--lease'])
  const [key = '', value = ''] = demand(words, 2, 'put [--lease LEASE | --keep-lease] [--prev] KEY VALUE')
  const lease = values.get('--lease')
  const attached = flags.has('--keep-lease')
    ? ({ lease: 'keep' } as const)
    : lease === undefined
      ? {}
      : { lease: parseLease(lease, '--lease') }
  return { type: 'put', key, value, previous: flags.has('--prev'), ...attached }
}

function getOf(rest: readonly string[]): Operation {
  const { flags, values, words } = partsOf(rest, ['--prefix', '--keys-only', '--count'], ['--limit', '--rev'])
  const [name = ''] = demand(words, 1, 'get [--prefix] [--keys-only] [--count] [--limit N] [--rev N] KEY')
  const key: Selection = flags.has('--prefix') ? { prefix: name } : name
  const limit = wholeNumber(values.get('--limit'), '--limit')
  const revision = wholeNumber(values.get('--rev'), '--rev')
  const cut: RangeSelection = {
    keysOnly: flags.has('--keys-only'),
    countOnly: flags.has('--count'),
    ...(limit === undefined ? {} : { limit }),
    ...(revision === undefined ? {} : { revision }),
  }
  return { type: 'range', key, ...cut }
}

const FIELDS: readonly string[] = ['compare', 'success', 'failure']

function parseJson(text: string): Transaction {
  try {
    const transaction = JSON.parse(text, (name, value: unknown) =>
      name === 'lease' && typeof value === 'string' && value !== 'keep' ? parseLease(value) : value,
    ) as Transaction
    for (const name of Object.keys(transaction))
      if (!FIELDS.includes(name)) throw new UsageError(`a transaction has ${FIELDS.join(', ')}, not ${JSON.stringify(name)}`)
    return transaction
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`the transaction is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
