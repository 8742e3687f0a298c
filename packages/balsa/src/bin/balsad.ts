import { runDaemon } from '../daemon/daemon.js'
import { tuneHeap } from '../daemon/heap.js'

tuneHeap()
await runDaemon(process.argv.slice(2))
