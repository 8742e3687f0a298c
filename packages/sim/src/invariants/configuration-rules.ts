import { decodeConfiguration, type Effects, encodeConfiguration, EntryType, type RaftCore } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { violate } from './violate.js'

/**
 * A leader appends no change before the one before it is committed, nor before an entry of its own term is; the configuration in force is the
 * newest in the log (thesis, section 4.1; the single-server bug of 2015).
 */
export class ConfigurationRules implements Observer {
  readonly name = 'configuration-rules'

  effects(life: Life, core: RaftCore, { persist, events }: Effects): void {
    const { world, id } = life.member
    for (const event of events) if (event.type === 'configuration') world.coverage.hit('configuration adopted')
    if (persist === null) return
    let changes = 0
    for (const entry of persist.entries) {
      if (entry.type !== EntryType.configuration) continue
      changes++
      const active = core.configurationAt(entry.index)
      const written = encodeConfiguration(decodeConfiguration(entry.payload))
      if (!equal(encodeConfiguration(active), written))
        violate(world, this.name, `member ${id} wrote a configuration at ${entry.index} and follows another`)
      if (core.role !== 'leader' || entry.term !== core.term) continue
      if (core.termAt(core.commitIndex) !== core.term) {
        violate(
          world,
          this.name,
          `leader ${id} changes the configuration at ${entry.index} before an entry of its term ${core.term} is committed`,
        )
      }
      if (changes > 1) violate(world, this.name, `leader ${id} has two changes under way`)
    }
    const last = core.configurationAt(core.lastIndex)
    if (last !== core.configuration && !equal(encodeConfiguration(last), encodeConfiguration(core.configuration))) {
      violate(world, this.name, `member ${id} does not follow the newest configuration of its log`)
    }
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at])
