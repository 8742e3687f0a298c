import { connect } from 'balsa'

// A queue of jobs. Adding one is a put; a worker claims one with a key that vanishes with the worker's lease, so the job of a dead worker is taken by
// another one; finishing takes job and claim away in one transaction, which works only for the one who still holds the claim.
//
//   node jobs.mjs add 'some work' 'more work'
//   node jobs.mjs work
const store = await connect({ endpoints: (process.env.BALSA_ENDPOINTS ?? '127.0.0.1:2379').split(',') })
const [, , command, ...words] = process.argv

if (command === 'add') {
  for (const [at, word] of words.entries()) await store.put(`jobs/${Date.now()}-${process.pid}-${at}`, word)
  await store.close()
} else await work()

async function work() {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort())
  while (!stop.signal.aborted) {
    const lease = await store.lease(Number(process.env.TTL_MS ?? 10_000))
    const until = AbortSignal.any([lease.signal, stop.signal])
    while (!until.aborted) await change(await workOff(lease, until), until)
    await lease.release()
  }
  await store.close()
}

/** Oldest first. Answers the revision at which nothing was left to claim. */
async function workOff(lease, until) {
  for (;;) {
    const { entries, revision } = await store.range({ prefix: 'jobs/' }, { sortBy: 'createRevision', limit: 100 })
    let claimed = 0
    for (const job of entries) {
      if (until.aborted) return revision
      if (await claim(job, lease)) claimed += await perform(job, lease, until)
    }
    if (claimed === 0) return revision
  }
}

function claimOf(job) {
  return `claims/${new TextDecoder().decode(job.key).slice('jobs/'.length)}`
}

async function claim(job, lease) {
  const { succeeded } = await store.transaction({
    compare: [
      { key: job.key, modRevision: job.modRevision },
      { key: claimOf(job), createRevision: 0 },
    ],
    success: [{ type: 'put', key: claimOf(job), value: '', lease: lease.id }],
  })
  return succeeded
}

async function perform(job, lease, until) {
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.WORK_MS ?? 10)))
  if (until.aborted) return 0
  const { succeeded } = await store.transaction({
    compare: [{ key: claimOf(job), lease: lease.id }],
    success: [
      { type: 'delete', key: job.key },
      { type: 'delete', key: claimOf(job) },
      { type: 'append', key: 'jobs-done', value: `${job.text()}\n` },
    ],
  })
  if (succeeded) console.log(`done: ${job.text()}`)
  return 1
}

/** Returns when a job has come, or a claim has ended, since that revision. */
async function change(revision, signal) {
  const wake = new AbortController()
  const either = AbortSignal.any([signal, wake.signal])
  const first = async (prefix, only) => {
    for await (const _ of store.watch({ prefix }, { only, fromRevision: revision + 1, signal: either })) return
  }
  const ignored = (error) => {
    if (error.code !== 'ABORTED' && error.code !== 'COMPACTED') throw error
  }
  const both = [first('jobs/', 'puts').catch(ignored), first('claims/', 'deletes').catch(ignored)]
  await Promise.race(both)
  wake.abort()
  await Promise.all(both)
}
