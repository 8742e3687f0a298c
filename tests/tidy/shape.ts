/** Rules on the shape of code: length of files and functions, a test for every file with logic, no test left out. */
import { posix } from 'node:path'
import ts from 'typescript'
import { importsOf } from './imports.js'
import type { Finding, Source } from './source.js'
import { isCode, isGenerated, isPackageSource, isSuite, isTest, lineOf, parse, walk } from './source.js'

const MAX_FILE_LINES = 600
const MAX_FUNCTION_LINES = 70

export function fileLength(source: Source): Finding[] {
  if (!isCode(source.path) || isTest(source.path) || isGenerated(source.path)) return []
  const lines = source.text.replace(/\n$/, '').split('\n').length
  return lines > MAX_FILE_LINES ? [{ path: source.path, line: 1, message: `${lines} lines; at most ${MAX_FILE_LINES}` }] : []
}

export function functionLength(source: Source): Finding[] {
  if (!isCode(source.path) || isTest(source.path) || isSuite(source.path) || isGenerated(source.path)) return []
  const tree = parse(source)
  const findings: Finding[] = []
  walk(tree, (node) => {
    if (!isFunctionWithBody(node)) return
    const first = lineOf(tree, node.getStart(tree))
    const lines = lineOf(tree, node.getEnd()) - first + 1
    if (lines > MAX_FUNCTION_LINES) {
      findings.push({ path: source.path, line: first, message: `${functionName(node)} has ${lines} lines; at most ${MAX_FUNCTION_LINES}` })
    }
  })
  return findings
}

const isFunctionWithBody = (node: ts.Node): node is ts.FunctionLikeDeclaration =>
  ts.isFunctionLike(node) && 'body' in node && node.body !== undefined

function functionName(node: ts.FunctionLikeDeclaration): string {
  if (node.name !== undefined) return `function ${node.name.getText()}`
  if (ts.isConstructorDeclaration(node)) return 'the constructor'
  if (ts.isVariableDeclaration(node.parent)) return `function ${node.parent.name.getText()}`
  return 'a function'
}

/**
 * A file with at least one function needs a test: beside it, or one that imports it directly, or an entry in `elsewhere` (path -> reason).
 * Entries that are no longer needed are findings too, so that the list only shrinks.
 */
export function untested(sources: readonly Source[], elsewhere: ReadonlyMap<string, string>): Finding[] {
  const paths = new Set(sources.map((source) => source.path))
  const imported = new Set<string>()
  for (const source of sources) {
    if (!isCode(source.path) || !isTest(source.path)) continue
    for (const { specifier } of importsOf(source)) {
      if (specifier.startsWith('.')) imported.add(posix.join(posix.dirname(source.path), specifier).replace(/\.js$/, '.ts'))
    }
  }
  const findings: Finding[] = []
  for (const source of sources) {
    if (!isPackageSource(source.path) || isSuite(source.path) || isGenerated(source.path) || !hasLogic(source)) continue
    const covered = paths.has(source.path.replace(/\.ts$/, '.test.ts')) || imported.has(source.path)
    const byRoom = [...elsewhere.keys()].some((key) => key.endsWith('/') && source.path.startsWith(key))
    if (covered && elsewhere.has(source.path)) {
      findings.push({ path: source.path, line: 1, message: 'has a test now: remove it from covered-elsewhere.ts' })
    } else if (!covered && !byRoom && !elsewhere.has(source.path)) {
      findings.push({ path: source.path, line: 1, message: 'has no test beside it and no test imports it (see covered-elsewhere.ts)' })
    }
  }
  for (const path of elsewhere.keys()) {
    const exists = path.endsWith('/') ? [...paths].some((known) => known.startsWith(path)) : paths.has(path)
    if (!exists) findings.push({ path, line: 1, message: 'is listed in covered-elsewhere.ts but does not exist' })
  }
  return findings
}

function hasLogic(source: Source): boolean {
  let found = false
  walk(parse(source), (node) => {
    if (isFunctionWithBody(node)) found = true
  })
  return found
}

const RUNNERS = new Set(['it', 'test', 'describe', 'suite', 'bench'])
const OUTSIDERS = new Set(['only', 'skip', 'todo', 'fails'])
const SHORT_FORMS = new Set(['xit', 'fit', 'xtest', 'xdescribe', 'fdescribe'])

/** A skipped test is a hole that nobody sees; `only` makes all others one. `skipIf(condition)` says why and stays allowed. */
export function leftOutTests(source: Source): Finding[] {
  if (!/\.test\.(ts|mjs)$/.test(source.path) && !isSuite(source.path)) return []
  const tree = parse(source)
  const findings: Finding[] = []
  const find = (node: ts.Node, what: string): void => {
    findings.push({ path: source.path, line: lineOf(tree, node.getStart(tree)), message: `${what} leaves tests out` })
  }
  walk(tree, (node) => {
    if (ts.isPropertyAccessExpression(node) && OUTSIDERS.has(node.name.text)) {
      const runner = firstName(node.expression)
      if (runner !== undefined && RUNNERS.has(runner)) find(node, `${runner}.${node.name.text}`)
    }
    if (!ts.isCallExpression(node)) return
    const called = firstName(node.expression)
    if (called === undefined) return
    if (SHORT_FORMS.has(called) && ts.isIdentifier(node.expression)) find(node, called)
    if (RUNNERS.has(called))
      for (const argument of node.arguments) for (const option of outsiderOptions(argument)) find(option, option.getText(tree))
  })
  return findings
}

/** `it.concurrent.each` -> it */
function firstName(node: ts.Expression): string | undefined {
  let current = node
  while (ts.isPropertyAccessExpression(current)) current = current.expression
  return ts.isIdentifier(current) ? current.text : undefined
}

/** node:test and vitest also take `{ skip: true }`. A computed value is a condition, which is allowed. */
function outsiderOptions(argument: ts.Expression): readonly ts.PropertyAssignment[] {
  if (!ts.isObjectLiteralExpression(argument)) return []
  return argument.properties.filter(ts.isPropertyAssignment).filter((property) => {
    const constant = property.initializer.kind === ts.SyntaxKind.TrueKeyword || ts.isStringLiteralLike(property.initializer)
    return ts.isIdentifier(property.name) && OUTSIDERS.has(property.name.text) && constant
  })
}
