/**
 * Limits of the replicated data model. They decide what a command does, so they are part of the command format: every member must have the
 * same ones, and a change of any of them needs a new format (see command.ts).
 */

/** Longest key, in bytes. */
export const MAX_KEY_BYTES = 8 * 1024
/** Most bytes of key and value in one write, as etcd's request limit. */
export const MAX_REQUEST_BYTES = 1536 * 1024
/** Longest command as it goes into the log: what a replica must accept at least. */
export const MAX_COMMAND_BYTES: number = MAX_REQUEST_BYTES + 256
/** Longest value that appends may build, in bytes. */
export const MAX_VALUE_BYTES = 1536 * 1024

/** An answer of entries that goes over a network is cut behind the one that brings it to so many bytes. */
export const MAX_PAGE_BYTES: number = 1024 * 1024

/** Most sessions at a time; one more ends the one that has been idle longest. */
export const MAX_SESSIONS = 10_000
/** Most answers that one session keeps for requests whose answers its client has not confirmed. */
export const MAX_SESSION_RESULTS = 4096
/** Most such answers in all sessions together, so that memory stays bounded whatever clients do. */
export const MAX_RESULTS = 400_000
/** Sessions end after this much idle cluster time at the earliest and at the latest, whatever their client asks for. */
export const MIN_SESSION_TTL_MS = 1000
export const MAX_SESSION_TTL_MS = 24 * 60 * 60 * 1000
/** Bytes of the number that a client draws to recognise its own repeated openSession. */
export const CLIENT_NONCE_BYTES = 16

/** Most compares, and most operations of one branch, in a transaction; nested ones share it. */
export const MAX_TXN_OPERATIONS = 128
export const MAX_TXN_DEPTH = 16
/** Most bytes that a transaction may answer. One that might answer more is refused before it changes anything. */
export const MAX_TXN_ANSWER_BYTES = 1536 * 1024
/** Longest answer that a session keeps for repetitions of its request; of longer ones it keeps that the request was done. */
export const MAX_KEPT_ANSWER_BYTES = 16 * 1024

/** Leases end after this much cluster time without renewal at the earliest and at the latest, whatever is asked for. */
export const MIN_LEASE_TTL_MS = 1000
export const MAX_LEASE_TTL_MS = 9_000_000_000_000
/** Overdue leases that one command ends at most, before its own effect. */
export const LEASES_ENDED_PER_COMMAND = 16
/** Keys that vanish with leases in one command at most. Those of a lease with more go with the commands that follow. */
export const LEASE_KEYS_ENDED_PER_COMMAND = 256
/** Leases, or keys of a lease, in one answer at most. */
export const MAX_LEASE_PAGE = 4096
/** Compacted blocks of the history that one command removes at most, and one `advance`; a block has up to 128 events. */
export const SWEPT_BLOCKS_PER_COMMAND = 4
export const SWEPT_BLOCKS_PER_ADVANCE = 32

/**
 * Old revisions stay readable, and can be watched from, until somebody compacts them, or until there are this many of them or they take this many
 * bytes; then the older half of what is too much goes.
 */
export const MAX_HISTORY_REVISIONS = 100_000
export const MAX_HISTORY_BYTES = 64 * 1024 * 1024
