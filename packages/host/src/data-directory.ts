/**
 * A data directory belongs to one user and one process.
 *
 * The lock. Node has no flock, and a file with a process id can be fooled: ids are used again, and "read it, see that the owner is dead,
 * replace it" lets two starters replace each other. So:
 *  - A claim is a Unix socket in the directory, with a name that nobody else ever uses (`lock-<pid>-<random>.sock`), on which its
 *    process listens. Whether the owner of a claim lives is asked by connecting: the kernel refuses when nobody listens, and stops
 *    listening for a process however it ends (also kill -9). A stopped process (SIGSTOP) still counts as listening. Neither process
 *    ids nor clocks matter, and it works across containers that share the directory on one machine.
 *  - To lock: first listen on one's own claim, then list the directory and knock at every other claim. A living one: give up one's own
 *    claim, LOCKED. A dead one: remove it (its name is never used again, so nobody else's claim can be hit).
 *  Why no two can hold it: each makes its claim before it lists. Of two starters, the one that lists later sees the other's claim
 *  (Dekker's argument), and gives up. The only file that a starter removes is one whose socket refused it; its owner was dead, or was
 *  between bind and listen. The latter lists after it listens, hence after the remover made its claim: it sees the remover,
 *  or, when that one has already gone, that its own claim is missing; in both cases it gives up.
 *  Two that start at once may both see each other: each gives up and tries again a few times after a random pause.
 * Not covered: two machines that share a directory over a network. A log does not belong on a network file system.
 */
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { BalsaError } from '@balsa/raft'
import { NodeFileSystem } from './node-file-system.js'

const CLAIM_NAME = /^lock-(\d+)-[0-9a-f]{16}\.sock$/
const ATTEMPTS = 4
const LONGEST_PAUSE_MS = 40
/** What fits into sockaddr_un on every system that Node runs on (macOS 104, Linux 108, with the final zero). */
const MAX_SOCKET_PATH_BYTES = 103
const WRITABLE_BY_OTHERS = 0o022

export interface DataDirectory {
  /** Absolute. */
  readonly path: string
  /** Frees the lock. */
  close(): Promise<void>
}

export interface DataDirectoryOptions {
  /** Waits between two attempts when two processes start at the same moment. Default: setTimeout. For tests. */
  readonly pause?: (ms: number) => Promise<void>
}

/**
 * Creates the directory when it is missing (0700), makes sure that nobody else can write to it, and locks it until `close` or the end of the
 * process. Throws, all fatal: DATA_DIRECTORY (with the command that repairs it), LOCKED (names the process), IO_ERROR.
 */
export async function openDataDirectory(path: string, options: DataDirectoryOptions = {}): Promise<DataDirectory> {
  const directory = resolve(path)
  await guard(directory)
  const pause = options.pause ?? ((ms) => new Promise<void>((wake) => setTimeout(wake, ms)))
  for (let attempt = 1; ; attempt++) {
    const claim = await Claim.make(directory)
    const owner = await claim.findOther()
    if (owner === null) return { path: directory, close: () => claim.release() }
    await claim.release()
    if (attempt === ATTEMPTS) {
      throw new BalsaError('LOCKED', `${directory} is in use by process ${owner}`, {
        hint: 'One process per data directory: stop that one first, or give this member a directory of its own.',
      })
    }
    await pause(Math.random() * LONGEST_PAUSE_MS)
  }
}

async function guard(directory: string): Promise<void> {
  const refuse = (what: string, hint: string): never => {
    throw new BalsaError('DATA_DIRECTORY', `${directory} ${what}`, { hint })
  }
  const before = await fs.lstat(directory).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw new BalsaError('DATA_DIRECTORY', `${directory}: ${String(cause)}`, { cause, hint: 'Check the path and its permissions.' })
  })
  if (before === null) await new NodeFileSystem().makeDirectory(directory)
  // Looked at again, not assumed: somebody else may have made it in between.
  const stats = before ?? (await fs.lstat(directory))
  if (stats.isSymbolicLink())
    refuse('is a symbolic link', `Give the real path: ${await fs.realpath(directory).catch(() => 'the link leads nowhere')}`)
  if (!stats.isDirectory()) refuse('is not a directory', 'Give a directory, or a path that does not exist yet.')
  const user = process.getuid?.()
  if (user !== undefined && stats.uid !== user) {
    refuse(`belongs to user ${stats.uid}, this process runs as user ${user}`, `Run as that user, or: chown -R ${user} ${directory}`)
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    refuse(`can be written by other users (mode ${(stats.mode & 0o7777).toString(8).padStart(4, '0')})`, `Run: chmod 700 ${directory}`)
  }
}

class Claim {
  readonly #directory: string
  readonly #name: string
  readonly #server: Server
  /** Open when the path is too long for a socket: then the sockets are reached through this descriptor. */
  readonly #handle: fs.FileHandle | null

  private constructor(directory: string, name: string, server: Server, handle: fs.FileHandle | null) {
    this.#directory = directory
    this.#name = name
    this.#server = server
    this.#handle = handle
  }

  static async make(directory: string): Promise<Claim> {
    const name = `lock-${process.pid}-${randomBytes(8).toString('hex')}.sock`
    const needsHandle = Buffer.byteLength(join(directory, name)) > MAX_SOCKET_PATH_BYTES
    const handle = needsHandle ? await fs.open(directory, 'r') : null
    const server = createServer((socket) => socket.destroy())
    // A lock must not keep the process alive.
    server.unref()
    try {
      await new Promise<void>((listening, failed) => {
        server.once('error', failed)
        server.listen(socketPath(directory, name, handle), listening)
      })
    } catch (cause) {
      await handle?.close()
      throw new BalsaError('DATA_DIRECTORY', `${directory} cannot be locked: ${String(cause)}`, {
        cause,
        hint: 'The directory must be writable and on a local file system that can hold sockets.',
      })
    }
    return new Claim(directory, name, server, handle)
  }

  /** The process id of another living claim, or null. Removes the claims of the dead. */
  async findOther(): Promise<string | null> {
    const names = await fs.readdir(this.#directory)
    // Taken for dead by a starter that knocked a moment too early, and that may be gone by now.
    if (!names.includes(this.#name)) return 'unknown (one that is just starting)'
    for (const name of names) {
      const owner = CLAIM_NAME.exec(name)?.[1]
      if (owner === undefined || name === this.#name) continue
      if (await answers(socketPath(this.#directory, name, this.#handle))) return owner
      await fs.rm(join(this.#directory, name), { force: true })
    }
    return null
  }

  async release(): Promise<void> {
    await new Promise<void>((closed) => this.#server.close(() => closed()))
    await fs.rm(join(this.#directory, this.#name), { force: true })
    await this.#handle?.close()
  }
}

function socketPath(directory: string, name: string, handle: fs.FileHandle | null): string {
  if (handle === null) return join(directory, name)
  if (process.platform === 'linux') return `/proc/self/fd/${handle.fd}/${name}`
  // Elsewhere a relative path may be short enough; if not, listening fails with the reason.
  return join(relative(process.cwd(), directory), name)
}

/** Whether somebody listens. Only a clear "nobody" counts as dead: with any other answer the owner is taken to live. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolveAnswer) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolveAnswer(true)
    })
    socket.once('error', (error) => {
      const code = 'code' in error ? error.code : ''
      resolveAnswer(code !== 'ECONNREFUSED' && code !== 'ENOENT')
    })
  })
}
