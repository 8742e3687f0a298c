/** What a pool keeps. */
export interface PooledConnection {
  /** New requests may be handed to it. */
  readonly usable: boolean
  close(reason: string): void
}

/** The connections of a client: one to each server that takes new requests, and those that were replaced and still wait for answers. */
export class ConnectionPool<Connection extends PooledConnection> {
  readonly #open: (endpoint: string, onClosed: () => void) => Connection
  readonly #current = new Map<string, Connection>()
  readonly #all = new Set<Connection>()

  /** `open` begins a connection, which calls `onClosed` once it is none any more, and never before `open` returns. */
  constructor(open: (endpoint: string, onClosed: () => void) => Connection) {
    this.#open = open
  }

  /** The usable one; opened when there is none. */
  to(endpoint: string): Connection {
    const existing = this.#current.get(endpoint)
    if (existing?.usable === true) return existing
    const connection = this.#open(endpoint, () => {
      this.#all.delete(connection)
      if (this.#current.get(endpoint) === connection) this.#current.delete(endpoint)
    })
    this.#current.set(endpoint, connection)
    this.#all.add(connection)
    return connection
  }

  /** Every one, also those that were replaced. */
  close(reason: string): void {
    for (const connection of [...this.#all]) connection.close(reason)
  }
}
