/** The files of the repository as the tidy rules see them: text, and a syntax tree on demand. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url))

export interface Source {
  /** Path from the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** What a rule has to say about one place. */
export interface Finding {
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly message: string
}

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'coverage', '.git', '.demo', '.bench'])
const TEXT_FILE = /\.(ts|mts|mjs|js|json|md|txt|yml|yaml|sh|html|css|proto)$|(^|\/)(LICENSE|\.gitignore|\.editorconfig|\.npmrc|\.ci\/run)$/
const CODE_FILE = /\.(ts|mts|mjs|js)$/

export function readRepository(root: string = repositoryRoot): readonly Source[] {
  const found: Source[] = []
  const visit = (folder: string): void => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name).split(sep).join('/')
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(entry.name)) visit(path)
      } else if (entry.isFile() && TEXT_FILE.test(path)) {
        found.push({ path, text: readFileSync(join(root, path), 'utf8') })
      }
    }
  }
  visit('')
  return found
}

export const isCode = (path: string): boolean => CODE_FILE.test(path)

/** Code that ships in a package, in contrast to its tests. */
export const isPackageSource = (path: string): boolean => /^packages\/[^/]+\/src\/.+\.ts$/.test(path) && !isTest(path)

export const isTest = (path: string): boolean => /\.(test|test-support)\.(ts|mjs)$/.test(path)

/** Exported suites ship, but have the shape of tests: one long function per suite, run by the tests of others. */
export const isSuite = (path: string): boolean => /\/(conformance|testing)\//.test(path)

/** Written by a program of ours, which has tests of its own: how long such files are is nobody's decision. */
export const isGenerated = (path: string): boolean => /\/generated\//.test(path)

export const packageOf = (path: string): string | undefined => /^packages\/([^/]+)\//.exec(path)?.[1]

const trees = new WeakMap<Source, ts.SourceFile>()

export function parse(source: Source): ts.SourceFile {
  let tree = trees.get(source)
  if (tree === undefined) {
    const kind = /\.m?js$/.test(source.path) ? ts.ScriptKind.JS : ts.ScriptKind.TS
    tree = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.ES2023, true, kind)
    trees.set(source, tree)
  }
  return tree
}

export const lineOf = (tree: ts.SourceFile, position: number): number => tree.getLineAndCharacterOfPosition(position).line + 1

/** Calls `visitor` for every node, parents first. */
export function walk(node: ts.Node, visitor: (node: ts.Node) => void): void {
  visitor(node)
  ts.forEachChild(node, (child) => walk(child, visitor))
}

/** One line per finding, for the message of a failed test. */
export const report = (findings: readonly Finding[]): string =>
  findings.map((finding) => `${finding.path}:${finding.line} ${finding.message}`).join('\n')
