/** Rules: imports between packages go down the floors only, through the published entry points, and package.json says the same. */
import { posix } from 'node:path'
import ts from 'typescript'
import type { Finding, Source } from './source.js'
import { isTest, lineOf, packageOf, parse, walk } from './source.js'

/** ARCHITECTURE: a package imports only packages of lower floors, never one of its own. */
export const FLOORS: ReadonlyMap<string, number> = new Map([
  ['raft', 0],
  ['kv', 1],
  ['proto', 1],
  ['host', 2],
  ['client', 2],
  ['server', 3],
  ['sim', 3],
  ['console', 4],
  ['balsa', 5],
])

export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface ImportedModule {
  readonly specifier: string
  readonly line: number
}

/** Every module that the file names: import, export from, `import()`, `import('x').Type`. */
export function importsOf(source: Source): readonly ImportedModule[] {
  const tree = parse(source)
  const found: ImportedModule[] = []
  const add = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push({ specifier: node.text, line: lineOf(tree, node.getStart(tree)) })
  }
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0])
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
  })
  return found
}

/** `@balsa/raft/conformance` -> package raft, entry `./conformance`. Undefined for everything that is not ours. */
function ownPackage(specifier: string): { name: string; entry: string } | undefined {
  const match = /^(?:@balsa\/([\w-]+)|(balsa))(\/.*)?$/.exec(specifier)
  const name = match?.[1] ?? match?.[2]
  return name === undefined ? undefined : { name, entry: `.${match?.[3] ?? ''}` }
}

/** `manifests` by folder name below packages/. */
export function importDirection(source: Source, manifests: ReadonlyMap<string, Manifest>): Finding[] {
  const owner = packageOf(source.path)
  if (owner === undefined || !source.path.startsWith(`packages/${owner}/src/`)) return []
  const findings: Finding[] = []
  for (const { specifier, line } of importsOf(source)) {
    const message = specifier.startsWith('.')
      ? relativeFault(source.path, owner, specifier)
      : (ownFault(owner, specifier, manifests) ?? (isTest(source.path) ? undefined : dependencyFault(owner, specifier, manifests)))
    if (message !== undefined) findings.push({ path: source.path, line, message })
  }
  return findings
}

function relativeFault(path: string, owner: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  if (!target.startsWith(`packages/${owner}/src/`)) return `import of ${specifier} leaves the package`
  if (!/\.(js|json)$/.test(specifier)) return `import of ${specifier}: relative imports end in .js`
  if (!isTest(path) && isTest(target.replace(/\.js$/, '.ts'))) return `import of ${specifier}: a test`
  return undefined
}

function ownFault(owner: string, specifier: string, manifests: ReadonlyMap<string, Manifest>): string | undefined {
  const target = ownPackage(specifier)
  if (target === undefined) return undefined
  const from = FLOORS.get(owner)
  const to = FLOORS.get(target.name)
  if (from === undefined) return `package ${owner} has no floor: add it to FLOORS and to the architecture`
  if (to === undefined) return `import of ${specifier}: no such package`
  if (to >= from) return `import of ${specifier}: ${owner} is on floor ${from}, ${target.name} on floor ${to}; imports go down only`
  const exported = manifests.get(target.name)?.exports ?? {}
  if (!Object.hasOwn(exported, target.entry)) return `import of ${specifier}: ${target.name} does not export ${target.entry}`
  return undefined
}

function dependencyFault(owner: string, specifier: string, manifests: ReadonlyMap<string, Manifest>): string | undefined {
  if (specifier.startsWith('node:')) return undefined
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? specifier)
  const manifest = manifests.get(owner)
  const known = { ...manifest?.dependencies, ...manifest?.peerDependencies }
  return Object.hasOwn(known, name) ? undefined : `import of ${specifier}: not a dependency in packages/${owner}/package.json`
}

/** The manifests and the compiler's project references tell the same story as the floors. */
export function manifestFaults(folder: string, manifest: Manifest, references: readonly string[]): Finding[] {
  const path = `packages/${folder}/package.json`
  const findings: Finding[] = []
  const find = (message: string): void => {
    findings.push({ path, line: 1, message })
  }
  const expectedName = folder === 'balsa' ? 'balsa' : `@balsa/${folder}`
  if (manifest.name !== expectedName) find(`is named ${manifest.name} instead of ${expectedName}`)
  const floor = FLOORS.get(folder)
  if (floor === undefined) find('has no floor')
  const below = new Set<string>()
  for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) find(`dependency ${name} is not pinned to one version: ${version}`)
    const target = ownPackage(name)?.name
    if (target === undefined) continue
    below.add(target)
    if ((FLOORS.get(target) ?? Number.POSITIVE_INFINITY) >= (floor ?? 0)) find(`depends on ${name}, which is not on a lower floor`)
    if (version !== manifest.version) find(`depends on ${name} ${version}, but all packages are released together as ${manifest.version}`)
  }
  const referenced = new Set(references.map((reference) => posix.basename(reference)))
  for (const name of below) if (!referenced.has(name)) find(`depends on ${name}, but tsconfig.json has no reference to it`)
  for (const name of referenced) if (!below.has(name)) find(`tsconfig.json refers to ${name}, which is not a dependency`)
  return findings
}
