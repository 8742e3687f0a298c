/** A member that came back under another address, or was added without a name, tells the cluster, so that the log, and everybody who reads it, knows where and who it is. */
import type { Client } from '@balsa/client'
import type { Clock, Member, ReplicaStatus, Timer } from '@balsa/raft'
import { errorFields, type Logger } from '@balsa/server'

export interface AddressKeeperOptions {
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Of this member. */
  readonly status: () => Pick<ReplicaStatus, 'id' | 'configuration'>
  readonly name: string
  /** Under which the other members reach this one. */
  readonly advertisePeer: string
  readonly advertiseClient: string
  readonly admin: Pick<Client['admin'], 'changeMembership'>
}

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000
const CALL_DEADLINE_MS = 10_000

/** What the log should say of this member; null when it does, or when it does not know the member at all (yet, or any more). */
export function addressUpdate({ status, name: ownName, advertisePeer, advertiseClient }: AddressKeeperOptions): Member | null {
  const { id, configuration } = status()
  const own = configuration.members.find((member) => member.id === id)
  if (own === undefined) return null
  // Where clients reach a member is told between members with every connection: the log need not know it, but must not be wrong.
  const clientAddress = own.clientAddress === '' ? '' : advertiseClient
  const name = own.name === '' ? ownName : own.name
  if (own.address === advertisePeer && own.clientAddress === clientAddress && own.name === name) return null
  return { ...own, name, address: advertisePeer, clientAddress }
}

/** Asks the leader for the change until the log says what is true. Ends by itself, or when it is stopped. */
export class AddressKeeper {
  readonly #options: AddressKeeperOptions
  #timer: Timer | null = null
  #failures = 0
  #stopped = false

  constructor(options: AddressKeeperOptions) {
    this.#options = options
  }

  /** To be called once the member serves. */
  async run(): Promise<void> {
    const member = addressUpdate(this.#options)
    if (this.#stopped || member === null) return
    const { admin, clock, logger } = this.#options
    const { address } = member
    const before = this.#options.status().configuration.members.find(({ id }) => id === member.id)?.address ?? ''
    try {
      await admin.changeMembership([{ type: 'update', member }], { deadlineMs: CALL_DEADLINE_MS })
      logger.info({ before, address }, 'the cluster knows the new address of this member')
    } catch (error) {
      if (this.#stopped) return
      const retryInMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++)
      logger.warn({ before, address, retryInMs, ...errorFields(error) }, 'the cluster could not be told the new address of this member yet')
      this.#timer = clock.setTimer(retryInMs, () => void this.run())
    }
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }
}
