// @ts-check
/** How the demo looks: a live table on a terminal, plain lines elsewhere. */

/** @typedef {import('../local-cluster.mjs').LocalCluster} LocalCluster */
/** @typedef {import('../journal.mjs').Journal} Journal */

const TABLE_EVERY_MS = 250
const LINE_EVERY_MS = 2_000
const TITLES = ['member', 'role', 'term', 'commit', 'applied', 'pid']

/** @param {readonly (readonly string[])[]} rows @returns {string[]} */
function align(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

export class DemoView {
  #out
  #live
  /** Lines of the table that stand below the last message and are drawn over. */
  #drawn = 0
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #startedAt = performance.now()

  /** @param {NodeJS.WriteStream} out */
  constructor(out) {
    this.#out = out
    this.#live = out.isTTY === true && process.env.CI === undefined
  }

  #erase() {
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A\u001b[J`)
    this.#drawn = 0
  }

  /** @param {string} text */
  say(text) {
    this.#erase()
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(5)
    this.#out.write(`${seconds} s  ${text}\n`)
  }

  /** @param {LocalCluster} cluster @param {string} directory @param {number} writers */
  introduce(cluster, directory, writers) {
    const rows = cluster.members.map((member) => [
      member.name,
      `pid ${member.child?.pid}`,
      `clients ${member.endpoint}`,
      `peers 127.0.0.1:${member.peerPort}`,
      `data ${member.dataDir}`,
    ])
    const [count, verb] = rows.length === 1 ? ['One member', 'is'] : [`${rows.length} members`, 'are']
    this.say(`${count} ${verb} running, each a process of its own with its data on disk (${directory}):`)
    for (const line of align(rows)) this.say(`  ${line}`)
    this.say(`${writers} writers append numbered pieces all the time, each through a session (exactly once).`)
  }

  /** @param {LocalCluster} cluster @param {Journal} journal */
  watch(cluster, journal) {
    // A table has titles of its own.
    if (!this.#live) this.say(`Then, of every member: ${TITLES.slice(0, 5).join(', ')}.`)
    let busy = false
    const show = async () => {
      if (busy) return
      busy = true
      const rows = await this.#rows(cluster)
      busy = false
      if (this.#timer === undefined) return
      if (this.#live) this.#draw(rows, journal)
      else
        this.say(
          `  ${rows
            .slice(1)
            .map((row) => row.slice(0, 5).join(' '))
            .join(' | ')} | acknowledged ${journal.acknowledged}`,
        )
    }
    this.#timer = setInterval(() => void show(), this.#live ? TABLE_EVERY_MS : LINE_EVERY_MS)
  }

  /** @param {LocalCluster} cluster */
  async #rows(cluster) {
    const rows = [[...TITLES]]
    for (const member of cluster.members) {
      const status = await cluster.status(member)
      const state = member.child === null ? 'down' : member.paused ? 'paused' : 'starting'
      const pid = String(member.child?.pid ?? '-')
      if (status === null) rows.push([member.name, state, '-', '-', '-', pid])
      else rows.push([member.name, status.role, ...[status.term, status.commitIndex, status.appliedIndex].map(String), pid])
    }
    return rows
  }

  /** @param {readonly (readonly string[])[]} rows @param {Journal} journal */
  #draw(rows, journal) {
    this.#erase()
    const lines = ['', ...align(rows).map((line) => `    ${line}`), `    acknowledged writes: ${journal.acknowledged}`]
    this.#out.write(`${lines.join('\n')}\n`)
    this.#drawn = lines.length
  }

  /** No more live table. */
  end() {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#erase()
  }

  /**
   * @param {{ proof: Awaited<ReturnType<Journal['verify']>>, faults: readonly { what: string, gapMs: number }[], holds: boolean, members: readonly any[] }} result
   */
  prove({ proof, faults, holds, members }) {
    const write = (/** @type {string} */ text) => this.#out.write(`${text}\n`)
    write('')
    write('Proof, from a linearizable read of everything that was written:')
    const rows = [
      ['acknowledged writes', String(proof.acknowledged)],
      ['lost', String(proof.lost)],
      ['duplicated', String(proof.duplicated)],
      ['out of order', String(proof.disordered)],
      ['never accepted, but there', String(proof.foreign)],
      ['outcome unknown to the writer', String(proof.unknown)],
      ...faults.map(({ what, gapMs }) => [`longest interruption: ${what}`, `${gapMs.toFixed(0)} ms`]),
    ]
    for (const line of align(rows)) write(`  ${line}`)
    const [first] = members
    const same = members.every((member) => member?.stateHash === first?.stateHash)
    write(
      `  state of all members at index ${first?.appliedIndex}: ${same ? 'the same' : 'DIFFERENT'} (${members.map((member) => member?.stateHash).join(' ')})`,
    )
    for (const problem of proof.problems.slice(0, 20)) write(`  ! ${problem}`)
    write('')
    write(holds ? 'The proof holds: nothing acknowledged was lost, nothing was done twice.' : 'THE PROOF DOES NOT HOLD.')
  }

  /** @param {LocalCluster} cluster @param {string} directory */
  keepRunning(cluster, directory) {
    const endpoints = cluster.endpoints.join(',')
    const [first] = cluster.members
    const pids = cluster.members.map((member) => member.child?.pid).join(' ')
    this.#out.write(`
The cluster keeps running. Try next:

  npx balsactl --endpoints ${endpoints} status
  npx balsactl --endpoints ${endpoints} put greeting hello
  npx balsactl --endpoints ${endpoints} get greeting
  curl http://${first?.endpoint}/readyz
  kill -9 ${first?.child?.pid}

Restart a member with the same flags:

  npx balsad ${first === undefined ? '' : cluster.flags(first).join(' ')}

Stop everything and delete the data:

  kill ${pids}; rm -r ${directory}
`)
  }
}
