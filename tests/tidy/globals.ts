/** Rule: packages that run in the simulator take time, chance and I/O from their ports only. */
import { builtinModules } from 'node:module'
import ts from 'typescript'
import { importsOf } from './imports.js'
import type { Finding, Source } from './source.js'
import { isPackageSource, isTest, lineOf, packageOf, parse, walk } from './source.js'

const DETERMINISTIC_PACKAGES = new Set(['raft', 'kv', 'proto', 'client', 'sim'])

/** Name -> what to use instead. */
const FORBIDDEN_GLOBALS = new Map<string, string>([
  ['Date', 'the Clock port'],
  ['performance', 'the Clock port'],
  ['setTimeout', 'the Clock port'],
  ['setInterval', 'the Clock port'],
  ['setImmediate', 'the Clock port'],
  ['clearTimeout', 'the Clock port'],
  ['clearInterval', 'the Clock port'],
  ['clearImmediate', 'the Clock port'],
  ['queueMicrotask', 'a promise that is awaited'],
  ['process', 'a port or an option'],
  ['Buffer', 'Uint8Array and DataView'],
  ['require', 'import'],
  ['WeakRef', 'explicit ownership: collection is not deterministic'],
  ['FinalizationRegistry', 'explicit ownership: collection is not deterministic'],
  ['crypto', 'the Random port'],
  ['fetch', 'a port'],
])

/** Members that differ between machines or runs although their object does not. */
const FORBIDDEN_MEMBERS = new Map<string, string>([
  ['Math.random', 'the Random port'],
  ['AbortSignal.timeout', 'the Clock port'],
])

/** Methods whose result depends on the machine's locale, whatever they are called on. */
const LOCALE_METHODS = new Set(['localeCompare', 'toLocaleString', 'toLocaleLowerCase', 'toLocaleUpperCase'])

export function forbiddenGlobals(source: Source): Finding[] {
  const owner = packageOf(source.path)
  if (owner === undefined || !DETERMINISTIC_PACKAGES.has(owner) || !isPackageSource(source.path)) return []
  const tree = parse(source)
  const findings: Finding[] = []
  const find = (node: ts.Node, name: string, instead: string): void => {
    findings.push({
      path: source.path,
      line: lineOf(tree, node.getStart(tree)),
      message: `${name} is forbidden in ${owner}: use ${instead}`,
    })
  }
  walk(tree, (node) => {
    if (ts.isIdentifier(node)) {
      const instead = FORBIDDEN_GLOBALS.get(node.text)
      if (instead !== undefined && refersToGlobal(node)) find(node, node.text, instead)
      if (node.text === 'globalThis' && refersToGlobal(node) && !ts.isTypeQueryNode(node.parent)) findThroughGlobalThis(node, find)
      return
    }
    const member = memberAccess(node)
    if (member === undefined) return
    const full = `${member.object}.${member.name}`
    const instead = FORBIDDEN_MEMBERS.get(full)
    if (instead !== undefined) find(node, full, instead)
    if (LOCALE_METHODS.has(member.name)) find(node, member.name, 'a comparison that is the same on every machine')
  })
  return findings
}

/** Node's own modules, with and without the prefix, belong to host, server and balsa. */
export function nodeImports(source: Source): Finding[] {
  const owner = packageOf(source.path)
  if (owner === undefined || !/^packages\/[^/]+\/src\//.test(source.path)) return []
  const findings: Finding[] = []
  for (const { specifier, line } of importsOf(source)) {
    const builtin = specifier.startsWith('node:') || builtinModules.includes(specifier)
    if (!builtin) continue
    if (DETERMINISTIC_PACKAGES.has(owner) && !isTest(source.path)) {
      findings.push({ path: source.path, line, message: `import of ${specifier}: ${owner} runs without Node.js` })
    } else if (!specifier.startsWith('node:')) {
      findings.push({ path: source.path, line, message: `import of ${specifier}: write node:${specifier}` })
    }
  }
  return findings
}

function findThroughGlobalThis(node: ts.Identifier, find: (node: ts.Node, name: string, instead: string) => void): void {
  const access = memberAccess(node.parent)
  if (access === undefined || access.object !== 'globalThis') {
    find(node, 'globalThis as a value', 'the one global that is needed, by name')
    return
  }
  const instead = FORBIDDEN_GLOBALS.get(access.name)
  if (instead !== undefined) find(node, `globalThis.${access.name}`, instead)
}

/** `object.name` and `object['name']` alike. */
function memberAccess(node: ts.Node): { object: string; name: string } | undefined {
  if (ts.isPropertyAccessExpression(node)) return { object: simpleName(node.expression), name: node.name.text }
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    return { object: simpleName(node.expression), name: node.argumentExpression.text }
  }
  return undefined
}

const simpleName = (node: ts.Expression): string => (ts.isIdentifier(node) ? node.text : '')

/** Whether this identifier names a global: not a property, not a declaration, not shadowed. An ambient `declare` of it counts as the global. */
function refersToGlobal(node: ts.Identifier): boolean {
  const { parent } = node
  if (isDeclarationName(node)) return isAmbient(parent)
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false
  if (ts.isQualifiedName(parent) && parent.right === node) return false
  if (ts.isPropertyAssignment(parent) && parent.name === node) return false
  if (ts.isBindingElement(parent) && parent.propertyName === node) return false
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false
  for (let scope: ts.Node | undefined = parent; scope !== undefined; scope = scope.parent) {
    if (declaresIn(scope, node.text)) return false
  }
  return true
}

const isDeclarationName = (node: ts.Identifier): boolean => {
  const { parent } = node
  return (
    (ts.isVariableDeclaration(parent) ||
      ts.isBindingElement(parent) ||
      ts.isParameter(parent) ||
      ts.isFunctionDeclaration(parent) ||
      ts.isFunctionExpression(parent) ||
      ts.isClassDeclaration(parent) ||
      ts.isClassExpression(parent) ||
      ts.isInterfaceDeclaration(parent) ||
      ts.isTypeAliasDeclaration(parent) ||
      ts.isTypeParameterDeclaration(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isAccessor(parent) ||
      ts.isNamedTupleMember(parent) ||
      ts.isImportClause(parent) ||
      ts.isNamespaceImport(parent)) &&
    parent.name === node
  )
}

/** `declare const Date: ...` brings the global in by the back door. */
function isAmbient(declaration: ts.Node): boolean {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  const declares =
    (ts.isVariableStatement(statement) || ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) &&
    statement.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DeclareKeyword) === true
  return declares
}

/** Whether `scope` itself (not an inner or outer one) declares the name as a value or type of its own. */
function declaresIn(scope: ts.Node, name: string): boolean {
  if (ts.isFunctionLike(scope)) {
    const own = ts.isFunctionExpression(scope) && scope.name?.text === name
    return own || scope.parameters.some((parameter) => binds(parameter.name, name))
  }
  if (ts.isSourceFile(scope) || ts.isBlock(scope) || ts.isModuleBlock(scope) || ts.isCaseOrDefaultClause(scope)) {
    return scope.statements.some((statement) => statementDeclares(statement, name))
  }
  if (ts.isForStatement(scope) || ts.isForOfStatement(scope) || ts.isForInStatement(scope)) {
    const { initializer } = scope
    return initializer !== undefined && ts.isVariableDeclarationList(initializer) && listDeclares(initializer, name)
  }
  if (ts.isCatchClause(scope)) return scope.variableDeclaration !== undefined && binds(scope.variableDeclaration.name, name)
  return false
}

function statementDeclares(statement: ts.Statement, name: string): boolean {
  if (isAmbient(statement)) return false
  if (ts.isVariableStatement(statement)) return listDeclares(statement.declarationList, name)
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) return statement.name?.text === name
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return statement.name.text === name
  if (!ts.isImportDeclaration(statement)) return false
  const clause = statement.importClause
  if (clause === undefined) return false
  if (clause.name?.text === name) return true
  const bindings = clause.namedBindings
  if (bindings === undefined) return false
  return ts.isNamespaceImport(bindings) ? bindings.name.text === name : bindings.elements.some((element) => element.name.text === name)
}

const listDeclares = (list: ts.VariableDeclarationList, name: string): boolean =>
  list.declarations.some((declaration) => binds(declaration.name, name))

function binds(binding: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(binding)) return binding.text === name
  return binding.elements.some((element) => ts.isBindingElement(element) && binds(element.name, name))
}
