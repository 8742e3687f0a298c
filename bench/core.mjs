// @ts-check
/**
 * The pure core alone: three members in one process, messages handed over as objects, disks that complete at once. What consensus itself costs.
 * Prints steps/s and committed entries/s for different batch sizes.
 */
import { asIndex, asMemberId, asTerm, EntryType, foundingConfiguration, RaftCore } from '../packages/raft/dist/index.js'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 2)
const PAYLOAD = new Uint8Array(256)
const IDS = [1, 2, 3].map(asMemberId)

function cluster() {
  const members = IDS.map((id) => ({ id, address: `n${id}`, clientAddress: '', name: `n${id}` }))
  const configuration = foundingConfiguration(members)
  const recovered = {
    hardState: { term: asTerm(0), votedFor: null },
    snapshot: null,
    firstIndex: asIndex(1),
    lastIndex: asIndex(0),
    previousTerm: asTerm(0),
    termRuns: [],
    configurations: [],
    baseConfiguration: configuration,
    timeMs: 0,
    tail: [],
  }
  let draw = 0
  const random = { next: () => (draw = (draw + 0.381966) % 1) }
  const cores = new Map(IDS.map((id) => [id, new RaftCore({ id, random, logCacheBytes: 1024 * 1024 }, recovered, 0)]))
  let steps = 0

  /** Delivers everything until nothing moves; writes complete at once. @param {number} now */
  const settle = (now) => {
    for (let moved = true; moved; ) {
      moved = false
      for (const core of cores.values()) {
        const effects = core.takeEffects()
        if (effects.persist !== null) {
          core.step({ type: 'persisted', sequence: effects.persist.sequence }, now)
          steps++
          moved = true
        }
        if (effects.commitIndex !== null) core.step({ type: 'applied', index: effects.commitIndex }, now)
        for (const message of effects.messages) {
          cores.get(message.to)?.step({ type: 'message', message }, now)
          steps++
          moved = true
        }
      }
    }
  }
  return { cores, settle, count: () => steps, counted: (/** @type {number} */ n) => (steps += n) }
}

/** @param {number} batch */
function measure(batch) {
  const { cores, settle, count, counted } = cluster()
  const leader = cores.get(asMemberId(1))
  if (leader === undefined) throw new Error('no leader')
  leader.campaign(0)
  settle(0)
  if (leader.role !== 'leader') throw new Error('not elected')
  const proposals = Array.from({ length: batch }, (_, ref) => ({ ref, type: EntryType.command, payload: PAYLOAD }))
  const started = performance.now()
  let entries = 0
  while (performance.now() - started < SECONDS * 1000) {
    const now = performance.now() - started
    leader.step({ type: 'propose', proposals }, now)
    counted(1)
    settle(now)
    entries += batch
  }
  const seconds = (performance.now() - started) / 1000
  if (leader.commitIndex !== entries + 1) throw new Error(`committed ${leader.commitIndex}, proposed ${entries}`)
  return { steps: count() / seconds, entries: entries / seconds }
}

console.log('core: three members in one process, 256-byte entries, disks that complete at once')
console.log('  entries per proposal    steps/s    entries/s')
for (const batch of [1, 16, 256]) {
  const { steps, entries } = measure(batch)
  console.log(`  ${String(batch).padStart(20)} ${steps.toFixed(0).padStart(10)} ${entries.toFixed(0).padStart(12)}`)
}
console.log(`  peak memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`)
