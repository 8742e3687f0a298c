import { connect } from 'balsa'

// Who is here? Everybody has a key that vanishes with its lease: at once when it leaves, and after the lease's time when it dies.
const store = await connect({ endpoints: (process.env.BALSA_ENDPOINTS ?? '127.0.0.1:2379').split(',') })
const name = process.env.NAME ?? `guest ${process.pid}`
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())

const present = new Set()
const tell = () => console.log(`present: ${[...present].join(', ')}`)

async function beThere() {
  while (!stop.signal.aborted) {
    const lease = await store.lease(Number(process.env.TTL_MS ?? 10_000))
    await store.put(`presence/${name}`, new Date().toISOString(), { lease: lease.id })
    // After a long pause of this process the lease may be gone: then it comes back with a new one.
    await ended(AbortSignal.any([lease.signal, stop.signal]))
    await lease.release()
  }
}

const ended = (signal) => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', resolve, { once: true })))

/** First everybody who is there, then what changes behind that revision: nothing is missed in between. */
async function look() {
  const { entries, revision } = await store.range({ prefix: 'presence/' })
  present.clear()
  for (const { key } of entries) present.add(nameOf(key))
  tell()
  for await (const event of store.watch({ prefix: 'presence/' }, { fromRevision: revision + 1, signal: stop.signal })) {
    if (event.type === 'put') present.add(nameOf(event.key))
    else if (event.type === 'delete') present.delete(nameOf(event.key))
    if (event.type !== 'progress' && !event.more) tell()
  }
}

const nameOf = (key) => new TextDecoder().decode(key).slice('presence/'.length)

async function lookForever() {
  while (!stop.signal.aborted) {
    try {
      await look()
    } catch (error) {
      // COMPACTED: what was missed is gone from the history, so begin with what is there now.
      if (error.code !== 'COMPACTED' && error.code !== 'ABORTED') throw error
    }
  }
}

await Promise.all([beThere(), lookForever()])
await store.close()
