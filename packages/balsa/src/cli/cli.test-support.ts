import { Readable } from 'node:stream'
import { main } from './main.js'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly bytes: Buffer
  readonly err: string
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  readonly terminal?: boolean
}

/** Runs a command line in this process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const out: Buffer[] = []
  let err = ''
  const code = await main(args, {
    environment: options.environment ?? {},
    stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
    stdoutIsTerminal: options.terminal ?? false,
    out: async (bytes) => void out.push(Buffer.from(bytes)),
    err: (text) => {
      err += text
    },
  })
  const bytes = Buffer.concat(out)
  return { code, out: bytes.toString('utf8'), bytes, err }
}
