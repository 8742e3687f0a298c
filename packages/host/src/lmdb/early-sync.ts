import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

const PAUSE_MS = 10

/**
 * Syncs a file again and again while somebody else writes very many pages to it, so that the disk is busy with the first ones before the last one is written. Nothing counts on it: whoever writes syncs in
 * the end, and hears then of every failure, because Linux tells each open file of it. Elsewhere that is not certain, and nothing is done there.
 */
export class EarlySync {
  readonly #path: string
  #isWanted = false
  #underWay: Promise<void> | null = null

  constructor(path: string) {
    this.#path = path
  }

  start(): void {
    if (process.platform !== 'linux') return
    this.#isWanted = true
    this.#underWay ??= this.#run()
      // Whoever writes hears of it.
      .catch(() => undefined)
      .finally(() => {
        this.#underWay = null
      })
  }

  stop(): void {
    this.#isWanted = false
  }

  /** Resolves when it has come to rest after `stop`. */
  async rest(): Promise<void> {
    await this.#underWay
  }

  async #run(): Promise<void> {
    const file = await open(this.#path, 'r+')
    try {
      await this.#sync(file)
    } finally {
      await file.close()
    }
  }

  async #sync(file: FileHandle): Promise<void> {
    while (this.#isWanted) {
      await file.datasync()
      if (this.#isWanted) await setTimeout(PAUSE_MS)
    }
  }
}
