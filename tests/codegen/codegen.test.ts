/** The generator of codecs: what it refuses, and what it makes of names, comments and directives. */
import { describe, expect, it } from 'vitest'
import { generate } from '../../scripts/codegen/generate.mjs'
import { jsonName } from '../../scripts/codegen/parser.mjs'

const HEAD = 'syntax = "proto3";\npackage test;\n'
const files = (body: string, others: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
  generate(new Map([['in/test.proto', HEAD + body], ...Object.entries(others)]), 'proto')
const written = (body: string): string => files(body).get('in/test.ts') ?? ''

describe('refuses, with file and line', () => {
  it.each([
    ['proto2', 'syntax = "proto2";', 'test.proto:1: only proto3'],
    ['a file without a package', 'syntax = "proto3";\nmessage A {}', 'test.proto:2: expected "package"'],
  ])('%s', (_name, text, message) => expect(() => generate(new Map([['in/test.proto', text]]), 'proto')).toThrow(message))

  it.each([
    ['options', 'option java_package = "x";', '3: "option" is not part of the subset'],
    ['extensions', 'extend A {}', '3: "extend" is not part'],
    ['maps', 'message A {\n map<string, string> a = 1; }', '4: the type map is not known'],
    ['floating numbers', 'message A { double a = 1; }', '3: the type double'],
    ['groups', 'message A { repeated group B = 1 {} }', '3: the type group'],
    ['options of fields', 'message A { int32 a = 1 [deprecated = true]; }', '3: options in brackets'],
    ['characters from elsewhere', 'message A { § }', '3: cannot read "§'],
    ['block comments', '/* a */', '3: cannot read "/*'],
    ['an end too early', 'message A { int32 a', '3: expected "="'],
    ['a number without a name', 'message A { int32 = 1; }', '3: expected the name of the field'],
    ['a field that is twice there', 'message A { int32 a = 1;\n int32 a = 2; }', '4: a: a belongs to a already'],
    ['a number that is twice there', 'message A { int32 a = 1;\n int32 b = 1; }', '4: b: 1 belongs to a already'],
    ['names that are one in JSON', 'message A { int32 a_b = 1;\n int32 aB = 2; }', '4: aB: aB belongs to a_b already'],
    ['a oneof named like a field', 'message A { int32 a = 1; oneof a { int32 b = 2; } }', 'a belongs to a already'],
    ['field 0', 'message A { int32 a = 0; }', '0 is no field number'],
    ['numbers of protobuf itself', 'message A { int32 a = 19500; }', '19500 is reserved'],
    ['reserved numbers', 'message A { reserved 2, 5 to 7; int32 a = 6; }', '6 is reserved'],
    ['reserved names', 'message A { reserved "a"; int32 a = 6; }', 'the name a is reserved'],
    ['repeated fields in a oneof', 'message A { oneof x { repeated int32 a = 1; } }', 'a field of a oneof cannot be repeated'],
    ['an empty oneof', 'message A { oneof x { } }', 'oneof x is empty'],
    ['an enum that does not begin with 0', 'enum E { A = 1; }', 'the first value must be 0'],
    ['two names for one value', 'enum E { A = 0; B = 0; }', 'B = 0: taken already'],
    ['unknown types', 'message A {\n B b = 1; }', '4: there is no type B here'],
    ['unknown messages of methods', 'message A {}\nservice S {\n rpc M(A) returns (B); }', '5: there is no message B here'],
    [
      'enums as messages of methods',
      'message A {} enum E { Z = 0; }\nservice S { rpc M(A) returns (E); }',
      '4: there is no message E here',
    ],
    [
      'two methods of one name',
      'message A {}\nservice S { rpc M(A) returns (A);\n rpc M(A) returns (A); }',
      '5: method M is there already',
    ],
    ['two things of one name', 'message A {}\nmessage A {}', '4: test.A is declared twice'],
    ['imports of nothing', 'import "other.proto";', '3: there is no file other.proto'],
    ['directives that it does not know', 'message A {\n int64 a = 1; // @big\n}', '4: @big is not known here'],
    ['directives within a sentence', 'message A { int64 a = 1; // as @bigint\n}', 'a directive stands on a line of its own'],
    ['directives where they mean nothing', 'message A { int32 a = 1; // @bigint\n}', '@bigint is for int64 and uint64 only'],
    ['directives against each other', 'message A {\n// @clamp\nint64 a = 1; // @bigint\n}', 'exclude each other'],
    ['paths that are none', 'message A {}\nservice S {\n// @http v3/x\nrpc M(A) returns (A); }', '@http: v3/x is no path'],
  ])('%s', (_name, body, message) => expect(() => files(body)).toThrow(message))

  it('imports in a circle', () => {
    const circle = { 'in/other.proto': 'syntax = "proto3";\npackage other;\nimport "in/test.proto";' }
    expect(() => files('import "in/other.proto";', circle)).toThrow('in/other.proto:3: the import of in/test.proto closes a circle')
  })

  it('types of files that are not imported', () => {
    const other = { 'in/other.proto': 'syntax = "proto3";\npackage other;\nmessage B {}' }
    expect(() => files('message A { other.B b = 1; }', other)).toThrow('test.proto:3: there is no type other.B here')
    expect(files('import "in/other.proto"; message A { other.B b = 1; }', other).get('in/test.ts')).toContain(
      "import * as inOther from '../in/other.js'",
    )
  })
})

describe('writes', () => {
  it('names as the JSON mapping of protobuf has them', () => {
    expect(['a_b', 'ID', 'peerURLs', 'a__b', '_a', 'a_', 'a_1'].map(jsonName)).toEqual(['aB', 'ID', 'peerURLs', 'aB', 'A', 'a', 'a1'])
  })

  it('64-bit fields as their directives say', () => {
    const text = written('message A {\n int64 a = 1;\n uint64 b = 2; // @bigint\n // More.\n // @clamp\n int64 c = 3;\n}')
    expect(text).toContain('readonly a: number\n  readonly b: bigint\n  /** More. */\n  readonly c: number\n')
    expect(text).toContain('m.a = reader.int64()')
    expect(text).toContain('m.b = reader.uint64Big()')
    expect(text).toContain('m.c = reader.int64Clamped()')
  })

  it('inner types from the innermost scope outwards', () => {
    const text = written(
      'message B {}\nmessage A { message B { int32 x = 1; } B b = 1; message C { B b = 1; } C c = 2; test.B outer = 3; }',
    )
    expect(text).toMatch(/interface A \{\n {2}readonly b: A_B \| null\n {2}readonly c: A_C \| null\n {2}readonly outer: B \| null/)
    expect(text).toMatch(/interface A_C \{\n {2}readonly b: A_B \| null/)
  })

  it('fields whose names are used by the code around them', () => {
    const text = written('message A { A message = 1; int32 writer = 2; bytes reader = 3; oneof open { int32 m = 4; } }')
    expect(text).toContain('const v1 = message.message\n  if (v1 !== undefined && v1 !== null) {')
  })

  it('comments that cannot end too early', () => {
    expect(written('// Ends */ here.\nmessage A {}')).toContain('/** Ends * / here. */\nexport interface A {')
  })

  it('the same for the same input, whatever else there is', () => {
    expect(written('message A { int32 a = 1; }')).toBe(written('message A { int32 a = 1; }'))
    expect([...files('message A {}').keys()]).toEqual(['descriptors.ts', 'in/test.ts', 'test.ts'])
    expect(() => generate(new Map([['test.proto', HEAD]]), 'proto')).toThrow('two things want to be written into test.ts')
  })
})
