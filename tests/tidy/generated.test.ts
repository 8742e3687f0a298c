/** Generated codecs are current. */
import { expect, it } from 'vitest'
import { generatedFolder, protoFolder, readFolder } from '../../scripts/codegen.mjs'
import { generate } from '../../scripts/codegen/generate.mjs'

it(`${generatedFolder} is what \`npm run codegen\` writes`, () => {
  const expected = generate(readFolder(protoFolder, '.proto'), protoFolder)
  const present = readFolder(generatedFolder, '.ts')
  expect([...present.keys()]).toEqual([...expected.keys()])
  for (const [path, text] of expected) expect(present.get(path) === text, `${path} differs`).toBe(true)
})
