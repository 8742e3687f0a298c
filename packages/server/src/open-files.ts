import { readFileSync } from 'node:fs'
import type { ClientLimits } from './client-limits.js'

/** Files and connections beside those to clients: log, snapshots, tables, other members, and what the runtime holds itself. */
const RESERVED_FILES = 256
/** Below this nobody could even ask what is wrong. */
const FEWEST_CONNECTIONS = 16

/** How many files and connections this process may have open at once (RLIMIT_NOFILE); null when the system does not say so in /proc. */
export function openFileLimit(limits: string = '/proc/self/limits'): number | null {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync(limits, 'utf8'))?.[1]
    if (soft === undefined) return null
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return null
  }
}

export interface AllowedConnections {
  readonly limits: ClientLimits
  /** For the operator: why there are fewer than were asked for; null when there are not. */
  readonly warning: string | null
}

/**
 * Connections come out of the same number as the files of the log: clients must not be able to use it up, because a member that cannot open its next
 * file stops.
 */
export function withinOpenFiles(limits: ClientLimits, openFiles: number | null): AllowedConnections {
  const most = Math.max(FEWEST_CONNECTIONS, (openFiles ?? Number.POSITIVE_INFINITY) - RESERVED_FILES)
  if (limits.maxConnections <= most) return { limits, warning: null }
  const { maxConnections, maxConnectionsPerAddress } = limits
  return {
    limits: { ...limits, maxConnections: most, maxConnectionsPerAddress: Math.min(most, maxConnectionsPerAddress) },
    warning:
      `this process may open ${openFiles} files: clients get ${most} connections instead of ${maxConnections}; ` +
      `allow it ${maxConnections + RESERVED_FILES} (ulimit -n, LimitNOFILE= of systemd), or lower --max-connections`,
  }
}
