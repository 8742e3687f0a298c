import type { LogIndex } from '../types.js'

/**
 * A durable state on its way to another member, as it lies on the disk: nobody takes it apart and puts it together again. What the bytes mean only the state machine knows; sender and
 * receiver are of the same kind.
 */
export interface StateTransfer {
  /**
   * The state of one moment, which stays readable while the state goes on changing. Resolves when everything up to its index is durable here. Closing is required:
   * an open one may hold space.
   */
  share(): Promise<SharedState>
  /**
   * A place beside the own state for one of another member. One at a time: an earlier one that is not finished is given up.
   * `DISK_FULL` and `IO_ERROR` (fatal) leave the own state as it is.
   */
  receive(index: LogIndex): Promise<IncomingState>
}

export interface SharedState {
  /** Everything up to this index of the log is in it, and nothing behind it. */
  readonly index: number
  readonly sizeBytes: number
  /** Some bytes at an offset; exactly `length` of them. The same place may be read again, with the same meaning though not always the same bytes. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** May be called again. */
  close(): void
}

export interface IncomingState {
  /** The next bytes. They may be kept, and do not change any more. */
  write(data: Uint8Array): Promise<void>
  /**
   * All of it is there. True when it is whole and durable: from here on `restore` with a reference to its index takes it over, also after a restart. False when it is
   * not what it should be; then nothing is left of it.
   */
  finish(): Promise<boolean>
  /** Throws it away. May be called again, and after `finish` (then without effect). */
  abort(): Promise<void>
}
