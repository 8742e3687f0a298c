import { connect } from 'balsa'

// Configuration that changes while the program runs: read once, then followed. A bad one is told and not used.
const store = await connect({ endpoints: (process.env.BALSA_ENDPOINTS ?? '127.0.0.1:2379').split(',') })
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())

let config = { requestsPerSecond: 10 }

function use(entry) {
  try {
    const wanted = entry.json()
    if (!(wanted.requestsPerSecond > 0)) throw new Error('requestsPerSecond must be above 0')
    config = wanted
    console.log(`using ${JSON.stringify(config)}`)
  } catch (error) {
    console.log(`kept ${JSON.stringify(config)}: ${error.message}`)
  }
}

/** From the value that is there on: no change is missed between reading and watching. */
async function follow() {
  const { entries, revision } = await store.range('config/limits')
  for (const entry of entries) use(entry)
  for await (const event of store.watch('config/limits', { fromRevision: revision + 1, only: 'puts', signal: stop.signal }))
    if (event.type === 'put') use(event.entry)
}

console.log(`using ${JSON.stringify(config)}`)
while (!stop.signal.aborted) {
  await follow().catch((error) => {
    // COMPACTED: this process slept through the history. The newest value is what counts, so read it again.
    if (error.code !== 'COMPACTED' && error.code !== 'ABORTED') throw error
  })
}
await store.close()
