/** What a user gets from the registry: the right files, entries that exist, a tree that runs nothing at installation. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missingOptional } from '../../scripts/complete-lock.mjs'
import { repositoryRoot } from './source.js'

interface Packed {
  readonly name: string
  readonly files: readonly { readonly path: string }[]
}

interface LockedPackage {
  readonly dev?: boolean
  readonly link?: boolean
  readonly hasInstallScript?: boolean
  readonly resolved?: string
  readonly integrity?: string
  readonly optional?: boolean
  readonly cpu?: readonly string[]
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Record<string, string>
}

interface PackageJson {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly bin?: Readonly<Record<string, string>>
}

const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')
const folderOf = (name: string): string => `packages/${name.replace('@balsa/', '')}`

const SHIPPED = /^(package\.json|README\.md|LICENSE|bin\/\w+\.js|dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts|proto\/.+\.proto)$/
const NOT_SHIPPED = /\.(test|test-support)\./

/** Files that must not be in the package. */
const strays = (paths: readonly string[]): readonly string[] => paths.filter((path) => !SHIPPED.test(path) || NOT_SHIPPED.test(path))

/** Packages of the runtime tree that run something when they are installed. */
const withScripts = (packages: Readonly<Record<string, LockedPackage>>): readonly string[] =>
  Object.entries(packages).flatMap(([path, entry]) => (entry.hasInstallScript === true && entry.dev !== true ? [path] : []))

/** Addresses that only one machine can reach, and downloads that nothing verifies. (Packages of other platforms: see scripts/complete-lock.mjs.) */
const unsound = (packages: Readonly<Record<string, LockedPackage>>): readonly string[] =>
  Object.entries(packages).flatMap(([path, { link, resolved, integrity, optional, cpu }]) => {
    if (link === true || !path.includes('node_modules/')) return []
    if (optional === true && cpu !== undefined && resolved === undefined) return []
    const elsewhere = resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')
    return elsewhere || integrity === undefined ? [path] : []
  })

const packed = pack()

function pack(): readonly Packed[] {
  const npm = ['pack', '--dry-run', '--json', '--workspaces', '--ignore-scripts', '--loglevel=error']
  const output: unknown = JSON.parse(execFileSync('npm', npm, { cwd: repositoryRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }))
  return (Array.isArray(output) ? output : Object.values(output as object)) as readonly Packed[]
}

describe.each(packed)('package $name', ({ name, files }) => {
  const paths = files.map((file) => file.path)
  const manifest = JSON.parse(read(`${folderOf(name)}/package.json`)) as PackageJson

  it('holds built code, sources, types, licence and readme, nothing else', () => {
    expect(strays(paths)).toEqual([])
    expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
  })

  it('has the licence of the project', () => expect(read(`${folderOf(name)}/LICENSE`)).toBe(read('LICENSE')))

  it('points to entries that the compiler writes', () => {
    const targets = Object.values(manifest.exports).flatMap((conditions) => Object.values(conditions))
    expect(targets.length).toBeGreaterThan(0)
    for (const target of targets) {
      const source = target.replace(/^(\.\/)?dist\//, 'src/').replace(/\.(d\.ts|js)$/, '.ts')
      expect(existsSync(join(repositoryRoot, folderOf(name), source)), `${name}: ${target} has no source ${source}`).toBe(true)
    }
  })
})

describe('programs', () => {
  const programs = packed.flatMap(({ name }) => {
    const { bin = {} } = JSON.parse(read(`${folderOf(name)}/package.json`)) as PackageJson
    return Object.values(bin).map((path) => join(repositoryRoot, folderOf(name), path))
  })

  it('are files of the repository, executable: npm links them before anything is built', () => {
    expect(programs.length).toBeGreaterThan(0)
    for (const path of programs) {
      expect(statSync(path).mode & 0o111, path).toBe(0o111)
      expect(readFileSync(path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    }
  })
})

describe('package-lock.json', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, LockedPackage>> }

  // LMDB is the store on disk; it and its optional decoder bring prebuilt binaries, and work with their scripts skipped.
  it('has no install scripts in the runtime tree beside the one exception', () =>
    expect(withScripts(packages)).toEqual(['node_modules/lmdb', 'node_modules/msgpackr-extract']))
  it('agrees with every package.json (or `npm ci` refuses it): run `npm install` and commit both', () => {
    for (const { name } of packed) {
      const { dependencies = {} } = JSON.parse(read(`${folderOf(name)}/package.json`)) as LockedPackage
      expect(packages[folderOf(name)]?.dependencies ?? {}, name).toEqual(dependencies)
    }
  })
  it('knows the packages of all platforms (or `npm ci` refuses it): run `npm run fix:lock`', () => {
    expect([...missingOptional(packages).keys()]).toEqual([])
  })
  it('names no address of one machine and verifies every download', () => expect(unsound(packages)).toEqual([]))
})

describe('these rules', () => {
  it('find what does not belong', () => {
    const bad = ['dist/.tsbuildinfo', 'src/a.test.ts', 'src/a.test-support.ts', 'tsconfig.json', 'dist/a.test.js', '.env']
    expect(strays([...bad, 'dist/a.js', 'dist/a.d.ts.map', 'src/deep/a.ts', 'LICENSE'])).toEqual(bad)
    expect(withScripts({ 'node_modules/a': { hasInstallScript: true }, 'node_modules/b': { hasInstallScript: true, dev: true } })).toEqual([
      'node_modules/a',
    ])
    const parent = { optionalDependencies: { 'tool-linux-x64': '1.0.0', 'tool-darwin-x64': '1.0.0' } }
    expect([...missingOptional({ 'node_modules/tool': parent, 'node_modules/tool-linux-x64': {} }).keys()]).toEqual([
      'node_modules/tool-darwin-x64',
    ])
    const integrity = 'sha512-x'
    expect(
      unsound({
        'node_modules/a': { resolved: 'http://localhost:4873/a.tgz', integrity },
        'node_modules/b': {},
        'node_modules/c': { integrity },
      }),
    ).toEqual(['node_modules/a', 'node_modules/b'])
  })
})
