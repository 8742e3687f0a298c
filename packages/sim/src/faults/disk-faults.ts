import { SECTOR_BYTES } from '../disk/wal-reader.js'
import type { DiskConditions } from '../disk/disk-port.js'
import type { SimFile } from '../disk/sim-file.js'
import type { SimMember } from '../world/sim-member.js'
import { GOOD_DISK } from '../world/world.js'
import { type Arena, duration, type Fault } from './fault.js'

/** Changes what the disk of one member does, for a while. */
function forAWhile(arena: Arena, name: string, victim: SimMember, change: Partial<DiskConditions>, forMs: number): void {
  const { world } = arena
  const usual: DiskConditions = { ...GOOD_DISK, ...arena.plan.disk }
  world.coverage.hit(`fault ${name}`)
  world.trace.add(world.nowMs, victim.id, `fault ${name}`, 0, Math.round(forMs))
  Object.assign(victim.diskConditions, change)
  arena.later(forMs, () => {
    for (const key of Object.keys(change) as (keyof DiskConditions)[]) Object.assign(victim.diskConditions, { [key]: usual[key] })
  })
}

export const slowDisk: Fault = (arena) => {
  const { random } = arena
  forAWhile(arena, 'slowDisk', random.pick(arena.world.members), { syncMinMs: 5 * 600 ** random.next() }, duration(arena))
}

export const diskFull: Fault = (arena) => {
  forAWhile(arena, 'diskFull', arena.random.pick(arena.world.members), { full: true }, 500 + arena.random.next() * 5000)
}

export const readErrors: Fault = (arena) => {
  forAWhile(
    arena,
    'readErrors',
    arena.random.pick(arena.world.members),
    { readErrorRate: 0.001 * 300 ** arena.random.next() },
    duration(arena),
  )
}

export const writeErrors: Fault = (arena) => {
  forAWhile(
    arena,
    'writeErrors',
    arena.random.pick(arena.world.members),
    { writeErrorRate: 0.001 * 100 ** arena.random.next() },
    duration(arena),
  )
}

/** After a failed sync the pages are gone, and the next sync says that all is well (Linux). */
export const syncErrors: Fault = (arena) => {
  forAWhile(
    arena,
    'syncErrors',
    arena.random.pick(arena.world.members),
    { syncErrorRate: 0.002 * 250 ** arena.random.next() },
    duration(arena),
  )
}

function drawSpare(arena: Arena): SimMember | null {
  const candidates = arena.world.members.filter((member) => !member.out && arena.survival.mayLose(member))
  return candidates.length === 0 ? null : arena.random.pick(candidates)
}

export const lostWrite: Fault = (arena) => {
  const victim = drawSpare(arena)
  if (victim === null) return
  victim.doomed = true
  victim.diskConditions.nextWriteLost = true
}

export const misdirectedWrite: Fault = (arena) => {
  const victim = drawSpare(arena)
  if (victim === null) return
  victim.doomed = true
  victim.diskConditions.nextWriteMisdirected = true
}

/**
 * One bit at rest: in the log (with a durable batch behind it, so that it cannot be taken for a torn write; a mark that is not there yet makes the
 * last batch the documented exception), in a header, or in a snapshot.
 */
export const bitFlip: Fault = (arena) => {
  const { world, random } = arena
  const victim = drawSpare(arena)
  if (victim === null) return
  const ending = random.pick(['.log', '.log', '.snap', '.snap', 'identity'])
  const names = victim.disk.durableNames().filter((each) => each.endsWith(ending))
  if (names.length === 0) return
  const name = random.pick(names)
  const file = victim.disk.durableFile(name)
  const place = file === undefined ? null : placeOfFlip(arena, name, file)
  if (file === undefined || place === null) return
  victim.damaged = true
  file.flip(place, random.int(8))
  world.coverage.hit(`disk bitFlip ${name === 'identity' ? name : name.slice(name.lastIndexOf('.') + 1)}`)
  world.trace.add(world.nowMs, victim.id, 'fault bitFlip', 0, place, 0, name)
  restartSometimes(arena, victim)
}

function placeOfFlip(arena: Arena, name: string, file: SimFile): number | null {
  const { random } = arena
  if (!name.endsWith('.log')) return file.durable.size === 0 ? null : random.int(file.durable.size)
  if (random.bool(0.1)) return random.int(64)
  const provable = file.batches.slice(0, -1)
  if (provable.length === 0) return null
  const batch = random.pick(provable)
  return batch.offset + random.int(Math.min(batch.sizeBytes, SECTOR_BYTES))
}

/** A file is gone when the member comes back. */
export const lostFile: Fault = (arena) => {
  const { world, random } = arena
  const victim = drawSpare(arena)
  if (victim === null) return
  if (victim.life !== null) world.crash(victim, 'loses a file')
  const names = victim.disk.durableNames().filter((name) => isNoticed(victim, name))
  arena.restartLater(victim, random.next() * 1000)
  if (names.length === 0) return
  // Of snapshots there are few beside all the segments.
  const snapshots = names.filter((each) => each.endsWith('.snap'))
  const name = random.pick(snapshots.length > 0 && random.bool() ? snapshots : names)
  victim.damaged = true
  victim.disk.loseFile(name)
  world.coverage.hit(`disk lostFile ${name.slice(name.lastIndexOf('.') + 1)}`)
  world.trace.add(world.nowMs, victim.id, 'fault lostFile', 0, 0, 0, name)
}

/** The newest segment is missed only once the one before it was closed. */
function isNoticed(victim: SimMember, name: string): boolean {
  if (name.endsWith('.snap')) return true
  if (!name.endsWith('.log')) return false
  const logs = victim.disk.durableNames().filter((other) => other.endsWith('.log'))
  if (logs.at(-1) !== name) return true
  const before = logs.at(-2)
  return before !== undefined && victim.disk.durableFile(before)?.batches.at(-1)?.kind === 3
}

function restartSometimes(arena: Arena, victim: SimMember): void {
  if (victim.life === null || arena.random.bool(0.3)) return
  arena.later(arena.random.next() * 500, () => {
    if (victim.life === null) return
    arena.world.crash(victim, 'after damage')
    arena.restartLater(victim, arena.random.next() * 1000)
  })
}
