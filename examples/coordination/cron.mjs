import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'balsa'

// A job once in every period, on one of however many instances run this file. What was done last is in the store, under the fence of the leader: so a
// fail-over repeats no tick, and skips none but those for which nobody ran.
const store = await connect({ endpoints: (process.env.BALSA_ENDPOINTS ?? '127.0.0.1:2379').split(',') })
const periodMs = Number(process.env.PERIOD_MS ?? 60_000)
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort())

await store.lead(
  'cron/report',
  async ({ signal, fence }) => {
    while (!signal.aborted) {
      const tick = Math.floor(Date.now() / periodMs)
      const last = Number((await store.get('cron-done/report'))?.text() ?? 0)
      if (tick > last) {
        // Marked first: at most once. Mark it after the job, and it is at least once.
        await store.put('cron-done/report', String(tick), { fence })
        await report(tick, signal)
      }
      await sleep(periodMs - (Date.now() % periodMs), null, { signal }).catch(() => undefined)
    }
  },
  { signal: stop.signal, ttlMs: Number(process.env.TTL_MS ?? 10_000) },
)
await store.close()

async function report(tick, signal) {
  signal.throwIfAborted()
  console.log(`tick ${tick}`)
}
