/** The rules of the house, applied to the whole repository. That each rule can fail is shown in rules.test.ts. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COVERED_ELSEWHERE } from './covered-elsewhere.js'
import { forbiddenGlobals, nodeImports } from './globals.js'
import type { Manifest } from './imports.js'
import { FLOORS, importDirection, manifestFaults } from './imports.js'
import { fileLength, functionLength, leftOutTests, untested } from './shape.js'
import type { Finding, Source } from './source.js'
import { isCode, packageOf, readRepository, report, repositoryRoot } from './source.js'
import { brokenLinks, machinePaths, privatePapers, unfinishedMarks } from './texts.js'

const repository = readRepository()
const code = repository.filter((source) => isCode(source.path))
const json = (path: string): unknown => JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8'))

const folders = [...new Set(repository.flatMap((source) => packageOf(source.path) ?? []))].filter((folder) =>
  existsSync(join(repositoryRoot, `packages/${folder}/package.json`)),
)
const manifests = new Map(folders.map((folder) => [folder, json(`packages/${folder}/package.json`) as Manifest]))

/** Compared as text, so that a failure lists each place. */
const expectNone = (findings: readonly Finding[]): void => expect(report(findings)).toBe('')
const expectTidy = (sources: readonly Source[], rule: (source: Source) => Finding[]): void => expectNone(sources.flatMap(rule))

describe('tidy', () => {
  it('sees the packages', () => {
    expect(folders).toContain('raft')
    expect(code.length).toBeGreaterThan(20)
  })

  it('imports go down the floors, through published entries, and are declared', () =>
    expectTidy(code, (source) => importDirection(source, manifests)))

  it.each(folders)('packages/%s/package.json agrees with the floors and with tsconfig.json', (folder) => {
    expect(FLOORS.has(folder)).toBe(true)
    const manifest = manifests.get(folder)
    const { references } = json(`packages/${folder}/tsconfig.json`) as { references?: readonly { path: string }[] }
    expectNone(
      manifest === undefined
        ? []
        : manifestFaults(
            folder,
            manifest,
            (references ?? []).map(({ path }) => path),
          ),
    )
  })

  it('the deterministic packages use no clock, chance, timer or machine of their own', () => expectTidy(code, forbiddenGlobals))
  it('node: imports only where allowed, always with the prefix', () => expectTidy(code, nodeImports))
  it('files are short', () => expectTidy(code, fileLength))
  it('functions are short', () => expectTidy(code, functionLength))
  it('every file with logic has a test', () => expectNone(untested(repository, COVERED_ELSEWHERE)))
  it('no test is left out', () => expectTidy(code, leftOutTests))
  it('no marks of unfinished work', () => expectTidy(repository, unfinishedMarks))
  it('no paths of one machine', () => expectTidy(repository, machinePaths))

  it('no references to papers that readers do not have', () => expectTidy(repository, privatePapers))

  it('links in the documents lead somewhere', () => {
    const exists = (path: string): boolean => existsSync(join(repositoryRoot, path))
    const read = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8')
    expectTidy(repository, (source) => brokenLinks(source, exists, read))
  })
})
