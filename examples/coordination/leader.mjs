import { connect } from 'balsa'

// One instance works, the others stand by. SIGTERM hands over at once, after the work under way has ended; a killed or frozen leader is replaced when its
// lease has run out. Everybody can see who leads.
const store = await connect({ endpoints: (process.env.BALSA_ENDPOINTS ?? '127.0.0.1:2379').split(',') })
const name = process.env.NAME ?? `instance ${process.pid}`
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())

const watching = (async () => {
  for await (const leader of store.election('mailer').observe({ signal: stop.signal }))
    console.log(leader === null ? 'nobody leads' : `${leader.text()} leads`)
})()

await store.lead(
  'mailer',
  async (lead) => {
    console.log(`I lead, with token ${lead.fencingToken}`)
    while (!lead.signal.aborted) await sendOneMail(lead)
    console.log('I stop')
  },
  { value: name, signal: stop.signal, ttlMs: Number(process.env.TTL_MS ?? 10_000) },
)
await watching
await store.close()

/** What goes into the store carries the fence: a leader that was frozen, and does not know yet that it was replaced, is refused. */
async function sendOneMail({ fence, fencingToken, signal }) {
  try {
    await store.append('mailer-log', `${fencingToken} `, { fence, signal })
  } catch (error) {
    if (!signal.aborted && error.code !== 'FENCED') throw error
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
}
