import { runDaemon } from '../daemon/daemon.js'

await runDaemon(process.argv.slice(2))
