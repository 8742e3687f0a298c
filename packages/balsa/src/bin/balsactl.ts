import { EXIT } from '../cli/io.js'
import { main } from '../cli/main.js'

const { stdout, stderr } = process

// A reader that has had enough (`balsactl get big | head -1`) is no error, as for every other tool in a pipe.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed))
stderr.on('error', () => undefined)

process.exitCode = await main(process.argv.slice(2), {
  environment: process.env,
  stdin: process.stdin,
  stdoutIsTerminal: stdout.isTTY === true,
  out: (bytes) => new Promise((resolve) => stdout.write(bytes, () => resolve())),
  err: (text) => void stderr.write(text),
})
