import { EXIT, type ExitCode, type Io } from '../io.js'
import { type CommonFlags, commonOptions } from '../options.js'
import { json } from '../output.js'
import { wholeNumber } from '../selection.js'
import { withStore } from '../store.js'

export async function compact(revisionText: string, flags: CommonFlags, io: Io): Promise<ExitCode> {
  const options = commonOptions(flags, io)
  const revision = wholeNumber(revisionText, 'REVISION') ?? 0
  const result = await withStore(options, (store) => store.compact(revision))
  await io.out(options.output === 'json' ? json({ compactedRevision: revision, ...result }) : `compacted to revision ${revision}\n`)
  return EXIT.ok
}
