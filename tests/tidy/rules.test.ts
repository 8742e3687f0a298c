/** Each tidy rule fires on a bad sample, at the right line, and stays silent on what only looks like it. */
import { describe, expect, it } from 'vitest'
import { forbiddenGlobals, nodeImports } from './globals.js'
import type { Manifest } from './imports.js'
import { importDirection, manifestFaults } from './imports.js'
import { fileLength, functionLength, leftOutTests, untested } from './shape.js'
import type { Finding, Source } from './source.js'
import { brokenLinks, machinePaths, privatePapers, unfinishedMarks } from './texts.js'

const file = (path: string, text: string): Source => ({ path, text })
const inRaft = (text: string): Source => file('packages/raft/src/core/sample.ts', text)
const messages = (findings: readonly Finding[]): readonly string[] => findings.map((finding) => finding.message)

const raft: Manifest = { name: '@balsa/raft', version: '0.1.0', exports: { '.': {}, './conformance': {} } }
const kv: Manifest = { name: '@balsa/kv', version: '0.1.0', exports: { '.': {} }, dependencies: { '@balsa/raft': '0.1.0' } }
const host: Manifest = { name: '@balsa/host', version: '0.1.0', exports: { '.': {} }, dependencies: { '@balsa/raft': '0.1.0' } }
const manifests = new Map([
  ['raft', raft],
  ['kv', kv],
  ['host', host],
])

describe('import direction', () => {
  const faults = (path: string, text: string): readonly string[] => messages(importDirection(file(path, text), manifests))

  it.each([
    ['packages/raft/src/a.ts', `import { x } from '@balsa/kv'`, /floor 0, kv on floor 1/],
    ['packages/host/src/a.ts', `import { x } from '@balsa/client'`, /host is on floor 2, client on floor 2/],
    ['packages/host/src/a.ts', `export * from '@balsa/host'`, /go down only/],
    ['packages/host/src/a.test.ts', `import { x } from 'balsa'`, /go down only/],
    ['packages/raft/src/a.ts', `const load = () => import('@balsa/kv')`, /go down only/],
    ['packages/raft/src/a.ts', `let x: import('@balsa/kv').Store`, /go down only/],
    ['packages/kv/src/a.ts', `import { x } from '@balsa/raft/dist/index.js'`, /does not export .\/dist\/index.js/],
    ['packages/kv/src/a.ts', `import { x } from '../../raft/src/index.js'`, /leaves the package/],
    ['packages/kv/src/a.ts', `import { x } from './b'`, /end in .js/],
    ['packages/kv/src/a.ts', `import { x } from './b.test.js'`, /a test/],
    ['packages/kv/src/a.ts', `import { x } from '@balsa/nowhere'`, /no such package/],
    ['packages/kv/src/a.ts', `import pino from 'pino'`, /not a dependency/],
    ['packages/kv/src/a.ts', `import { it } from 'vitest'`, /not a dependency/],
    ['packages/attic/src/a.ts', `import { x } from '@balsa/raft'`, /has no floor/],
  ])('%s: %s', (path, text, expected) => {
    const found = faults(path, text)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(expected)
  })

  it.each([
    ['packages/kv/src/a.ts', `import { x } from '@balsa/raft'`],
    ['packages/kv/src/deep/a.ts', `import { x } from '../b.js'`],
    ['packages/host/src/a.ts', `import { x } from '@balsa/raft/conformance'`],
    ['packages/kv/src/a.test.ts', `import { it } from 'vitest'`],
    ['packages/raft/src/a.ts', `// import { x } from '@balsa/kv'\nconst text = "import '@balsa/kv'"`],
    ['tests/process/a.test.ts', `import { x } from 'balsa'`],
  ])('silent: %s: %s', (path, text) => expect(faults(path, text)).toEqual([]))
})

describe('manifests', () => {
  const faults = (folder: string, manifest: Manifest, references: readonly string[]): readonly string[] =>
    messages(manifestFaults(folder, manifest, references))

  it('accepts agreement', () => expect(faults('kv', kv, ['../raft'])).toEqual([]))
  it('finds a missing reference', () => expect(faults('kv', kv, [])[0]).toMatch(/no reference/))
  it('finds a reference too many', () => expect(faults('raft', raft, ['../kv'])[0]).toMatch(/not a dependency/))
  it('finds a wrong name', () => expect(faults('client', kv, ['../raft'])[0]).toMatch(/instead of @balsa\/client/))
  it('finds a package without a floor', () => expect(faults('attic', { name: '@balsa/attic' }, [])[0]).toMatch(/no floor/))
  it('finds a loose version', () => {
    expect(faults('kv', { ...kv, dependencies: { '@balsa/raft': '0.1.0', pino: '^10.4.0' } }, ['../raft'])[0]).toMatch(/not pinned/)
  })
  it('finds two releases in one tree', () => {
    expect(faults('kv', { ...kv, dependencies: { '@balsa/raft': '0.0.9' } }, ['../raft'])[0]).toMatch(/released together/)
  })
  it('finds a dependency on a higher floor', () => {
    const upward = { ...raft, dependencies: { '@balsa/kv': '0.1.0' } }
    expect(faults('raft', upward, ['../kv'])[0]).toMatch(/not on a lower floor/)
  })
})

describe('forbidden globals', () => {
  const faults = (text: string): readonly string[] => messages(forbiddenGlobals(inRaft(text)))

  it.each([
    ['const now = Date.now()', /^Date is/],
    ['const now = new Date()', /^Date is/],
    ['const now = performance.now()', /^performance is/],
    ['setTimeout(() => {}, 1)', /^setTimeout is/],
    ['const later = setInterval', /^setInterval is/],
    ['setImmediate(f)', /^setImmediate is/],
    ['queueMicrotask(f)', /^queueMicrotask is/],
    ['const { pid } = process', /^process is/],
    ['const b = Buffer.from([1])', /^Buffer is/],
    ['let b: Buffer', /^Buffer is/],
    ['const fs = require("fs")', /^require is/],
    ['new WeakRef(x)', /^WeakRef is/],
    ['new FinalizationRegistry(f)', /^FinalizationRegistry is/],
    ['crypto.getRandomValues(x)', /^crypto is/],
    ['const o = { crypto }', /^crypto is/],
    ['const x = Math.random()', /^Math.random is/],
    ['const x = Math["random"]()', /^Math.random is/],
    ['AbortSignal.timeout(5)', /^AbortSignal.timeout is/],
    ['globalThis.Date.now()', /^globalThis.Date is/],
    ['globalThis["process"]', /^globalThis.process is/],
    ['const { Date: D } = globalThis', /^globalThis as a value/],
    ['declare const process: { pid: number }', /^process is/],
    ['names.sort((a, b) => a.localeCompare(b))', /^localeCompare is/],
    ['function f() { const Date = 1 }\nconst now = Date', /^Date is/],
  ])('%s', (text, expected) => {
    const found = faults(text)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(expected)
  })

  it.each([
    '// Date.now() and setTimeout\n/* process */ const a = "Math.random()"',
    'const a = message.process, b = options?.Date, c = { crypto: 1 }',
    'interface Port { setTimeout(ms: number): void; readonly process: string }',
    'class Store { crypto = 1; get performance() { return this.crypto } process() {} }',
    'function f(process: Step) { return process.next }',
    'const g = ({ Buffer }: Ports) => Buffer',
    'for (const process of steps) process.run()',
    'try { f() } catch (performance) { g(performance) }',
    "import { performance } from './clock.js'\nperformance.now()",
    'const { Date: started } = options',
    'const text = `Date ${1}`',
    'Math.floor(1); new AbortController()',
  ])('silent: %s', (text) => expect(faults(text)).toEqual([]))

  it('says where', () => expect(forbiddenGlobals(inRaft('\n\nDate.now()'))[0]?.line).toBe(3))
  it('leaves tests and other packages alone', () => {
    expect(forbiddenGlobals(file('packages/raft/src/a.test.ts', 'Date.now()'))).toEqual([])
    expect(forbiddenGlobals(file('packages/host/src/a.ts', 'Date.now()'))).toEqual([])
  })
})

describe('node: imports', () => {
  const faults = (path: string, text: string): readonly string[] => messages(nodeImports(file(path, text)))

  it('are refused in the deterministic packages', () => {
    expect(faults('packages/raft/src/a.ts', `import fs from 'node:fs'`)[0]).toMatch(/without Node.js/)
    expect(faults('packages/kv/src/conformance/a.ts', `await import('node:fs/promises')`)[0]).toMatch(/without Node.js/)
    expect(faults('packages/sim/src/a.ts', `import fs from 'fs'`)[0]).toMatch(/without Node.js/)
  })
  it('need the prefix', () => expect(faults('packages/host/src/a.ts', `import fs from 'fs'`)[0]).toMatch(/write node:fs/))
  it('are fine in host and in tests', () => {
    expect(faults('packages/host/src/a.ts', `import fs from 'node:fs'`)).toEqual([])
    expect(faults('packages/raft/src/a.test.ts', `import fs from 'node:fs'`)).toEqual([])
  })
})

describe('length', () => {
  const lines = (count: number): string => 'x()\n'.repeat(count)

  it('of files', () => {
    expect(fileLength(inRaft(lines(600)))).toEqual([])
    expect(messages(fileLength(inRaft(lines(601))))).toEqual(['601 lines; at most 600'])
    expect(fileLength(file('packages/raft/src/a.test.ts', lines(601)))).toEqual([])
    expect(fileLength(file('packages/proto/src/generated/a.ts', lines(601)))).toEqual([])
  })

  it.each([
    ['function long() {\n', '}', 'function long has 71 lines; at most 70'],
    ['const long = () => {\n', '}', 'function long has 71 lines; at most 70'],
    ['class A { async long() {\n', '} }', 'function long has 71 lines; at most 70'],
    ['class A { constructor() {\n', '} }', 'the constructor has 71 lines; at most 70'],
    ['f(() => {\n', '})', 'a function has 71 lines; at most 70'],
  ])('of functions: %s', (head, tail, message) => {
    expect(functionLength(inRaft(head + lines(68) + tail))).toEqual([])
    expect(messages(functionLength(inRaft(`/** Not\n counted. */\n${head}${lines(69)}${tail}`)))).toEqual([message])
    expect(functionLength(file('packages/raft/src/conformance/a.ts', head + lines(69) + tail))).toEqual([])
  })
})

describe('tests beside the code', () => {
  const logic = file('packages/raft/src/a.ts', 'export const f = () => 1')
  const types = file('packages/raft/src/b.ts', 'export interface B { f(): void }')
  const none = new Map<string, string>()

  it('are demanded for logic, not for types', () => {
    expect(untested([logic, types], none).map((finding) => finding.path)).toEqual([logic.path])
  })
  it('may stand beside or import from elsewhere', () => {
    expect(untested([logic, file('packages/raft/src/a.test.ts', '')], none)).toEqual([])
    expect(untested([logic, file('packages/raft/src/deep/c.test.ts', `import { f } from '../a.js'`)], none)).toEqual([])
  })
  it('may be excused, but not for ever', () => {
    const excused = new Map([[logic.path, 'covered by c.test.ts']])
    expect(untested([logic], excused)).toEqual([])
    expect(messages(untested([logic, file('packages/raft/src/a.test.ts', '')], excused))[0]).toMatch(/has a test now/)
    expect(messages(untested([], excused))[0]).toMatch(/does not exist/)
  })
  it('may be excused by room', () => {
    const room = new Map([['packages/raft/src/', 'covered as a whole']])
    expect(untested([logic], room)).toEqual([])
    expect(untested([logic], new Map([['packages/kv/src/', 'another room'], ...room])).map(({ path }) => path)).toEqual([
      'packages/kv/src/',
    ])
  })
})

describe('left-out tests', () => {
  const faults = (text: string): readonly string[] => messages(leftOutTests(file('packages/raft/src/a.test.ts', text)))

  it.each([
    `it.only('x', f)`,
    `describe.skip('x', f)`,
    `test.concurrent.skip('x', f)`,
    `it.todo('x')`,
    `xit('x', f)`,
    `it('x', { skip: true }, f)`,
    `it('x', { skip: 'later' }, f)`,
  ])('%s', (text) => expect(faults(text)).toHaveLength(1))

  it.each([`it('only .skip', f)`, `reader.skip(3)`, `it.skipIf(isRoot)('x', f)`, `// it.only('x', f)`, `it('x', { skip: isRoot }, f)`])(
    'silent: %s',
    (text) => expect(faults(text)).toEqual([]),
  )
})

describe('texts', () => {
  it('unfinished marks', () => {
    expect(unfinishedMarks(inRaft(`\n// ${'TO' + 'DO'}: later`))[0]).toMatchObject({ line: 2 })
    expect(unfinishedMarks(file('README.md', 'FIX' + 'ME'))).toHaveLength(1)
    expect(unfinishedMarks(inRaft('XX' + 'X'))).toHaveLength(1)
    expect(unfinishedMarks(inRaft('const todo = "mkdtemp-XXXXXX"'))).toEqual([])
  })

  it.each(['/' + 'work/main/a.ts', 'see `/' + 'root`', "'/" + 'home/someone/x', 'cd /' + 'tmp/balsa/run'])('machine path: %s', (text) =>
    expect(machinePaths(file('README.md', `first\n${text}`))[0]).toMatchObject({ line: 2 }),
  )
  it.each(['src/work/main', './root', 'https://example.com/home/x', '/var/lib/balsa', '${base}/root/a', '/workers', '/tmp/balsa-data'])(
    'silent: %s',
    (text) => expect(machinePaths(file('README.md', text))).toEqual([]),
  )

  it('papers that readers do not have', () => {
    expect(privatePapers(inRaft(`\n// so the log goes (${'LES' + 'SONS'} C9)`))[0]).toMatchObject({ line: 2 })
    expect(privatePapers(file('README.md', 'MIS' + 'SION.md'))).toHaveLength(1)
    expect(privatePapers(inRaft('// the lessons of C9, a mission, FAULTS'))).toEqual([])
  })

  const documents = new Map([
    ['README.md', '# Balsa'],
    ['docs/errors.md', '# Errors\n## `NOT_LEADER` (refused)\n## Same\n## Same'],
  ])
  const links = (text: string): readonly string[] =>
    messages(
      brokenLinks(
        file('docs/README.md', text),
        (path) => documents.has(path),
        (path) => documents.get(path) ?? '',
      ),
    )

  it.each([
    ['[a](missing.md)', /docs\/missing.md does not exist/],
    ['![picture](picture.svg)', /does not exist/],
    ['[a]: ../missing.md', /missing.md does not exist/],
    ['[a](errors.md#unknown)', /no such heading/],
    ['# Here\n[a](#there)', /no such heading/],
    ['[a](../../outside.md)', /does not exist/],
    ['[a](/etc/hosts)', /absolute/],
  ])('broken link: %s', (text, expected) => {
    expect(links(text)).toHaveLength(1)
    expect(links(text)[0]).toMatch(expected)
  })
  it.each([
    '[a](errors.md) [b](../README.md "title") [c](https://example.com/x) [d](mailto:a@b.c)',
    '[a](errors.md#not_leader-refused) [b](errors.md#same-1)',
    '# Here now\n[a](#here-now)',
    '`[a](missing.md)`\n```\n[a](missing.md)\n```',
  ])('sound link: %s', (text) => expect(links(text)).toEqual([]))
})
