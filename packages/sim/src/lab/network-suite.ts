import type { Link, Reply, RpcServer } from './network.js'
import { check, type Lab, type Scenario } from './scenario.js'

/** The network's own tests: what every other test relies on. */

const SERVER = 1
const CALLER = 2

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const answering = (reply: string): RpcServer => ({ handle: (_caller, _request, answer) => answer(bytesOf(reply)) })

function linked(lab: Lab, caller = CALLER): Link {
  const link = lab.network.link(caller, SERVER)
  link.enabled = true
  return link
}

async function basic(lab: Lab): Promise<void> {
  lab.network.setServer(SERVER, answering('handled'))
  const reply = await lab.network.call(linked(lab), bytesOf('call'))
  check(reply !== null && new TextDecoder().decode(reply) === 'handled', 'a call on a reliable network gets its reply')
}

async function disconnected(lab: Lab): Promise<void> {
  lab.network.setServer(SERVER, answering('handled'))
  const link = linked(lab)
  link.enabled = false
  check((await lab.network.call(link, bytesOf('call'))) === null, 'a disabled link gives no reply')
  link.enabled = true
  check((await lab.network.call(link, bytesOf('call'))) !== null, 'an enabled link gives one')
}

async function counts(lab: Lab): Promise<void> {
  lab.network.setServer(SERVER, answering('handled'))
  const link = linked(lab)
  for (let i = 0; i < 17; i++) await lab.network.call(link, bytesOf('call'))
  check(lab.network.handled(SERVER) === 17, `17 calls are counted as ${lab.network.handled(SERVER)}`)
  check(lab.network.total === 17, `17 sent requests are counted as ${lab.network.total}`)
}

async function byteCounts(lab: Lab): Promise<void> {
  lab.network.setServer(SERVER, answering('r'.repeat(107)))
  const link = linked(lab)
  for (let i = 0; i < 17; i++) await lab.network.call(link, bytesOf('a'.repeat(284)))
  const requests = 17 * 284
  const replies = lab.network.bytes - requests
  check(lab.network.bytes - replies >= 4828 && requests <= 6000, 'the requests of 284 bytes are counted')
  check(replies >= 1800 && replies <= 2500, `17 replies of 107 bytes are counted as ${replies}`)
}

async function concurrentMany(lab: Lab): Promise<void> {
  lab.network.setServer(SERVER, answering('handled'))
  const callers = 20
  const each = 10
  const replies = await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      const link = linked(lab, CALLER + caller)
      let answered = 0
      for (let i = 0; i < each; i++) if ((await lab.network.call(link, bytesOf('call'))) !== null) answered++
      return answered
    }),
  )
  const answered = replies.reduce((sum, count) => sum + count, 0)
  check(answered === callers * each, `${answered} of ${callers * each} calls were answered`)
  check(lab.network.handled(SERVER) === callers * each, 'every call is handled once')
}

async function unreliable(lab: Lab): Promise<void> {
  lab.network.settings.reliable = false
  lab.network.setServer(SERVER, answering('handled'))
  const replies = await Promise.all(Array.from({ length: 300 }, (_, i) => lab.network.call(linked(lab, CALLER + i), bytesOf('call'))))
  const answered = replies.filter((reply) => reply !== null).length
  check(answered > 0 && answered < 300, `${answered} of 300 calls on an unreliable network were answered`)
  // Expected are 81 of 100; five standard deviations on either side.
  check(answered > 209 && answered < 277, `${answered} of 300 answered is not what losing one in ten requests and replies gives`)
}

/** Calls that fail slowly must not delay later ones on the same link. */
async function concurrentOneLink(lab: Lab): Promise<void> {
  lab.network.settings.reliable = false
  lab.network.setServer(SERVER, answering('handled'))
  const link = linked(lab)
  const replies = await Promise.all(Array.from({ length: 20 }, () => lab.network.call(link, bytesOf('call'))))
  const answered = replies.filter((reply) => reply !== null).length
  check(answered > 0, 'none of 20 calls was answered')
  check(lab.network.handled(SERVER) >= answered, 'no reply without a handled request')
}

async function regression(lab: Lab): Promise<void> {
  lab.network.settings.longDelays = true
  lab.network.setServer(SERVER, answering('handled'))
  const link = linked(lab)
  link.enabled = false
  let failed = 0
  const slow = Array.from({ length: 20 }, () =>
    lab.network.call(link, bytesOf('call')).then(() => {
      failed++
    }),
  )
  await lab.sleep(100)
  link.enabled = true
  check(failed < 20, 'slow failures take long')
  const startMs = lab.clock.now()
  const reply = await lab.network.call(link, bytesOf('call'))
  check(reply !== null, 'the enabled link answers')
  check(lab.clock.now() - startMs <= 30, 'earlier slow failures delay a call')
  check(lab.network.handled(SERVER) === 1, 'requests into a disabled link are not handled')
  await Promise.all(slow)
}

async function killed(lab: Lab): Promise<void> {
  let handled = 0
  const slow: RpcServer = {
    handle: (_caller, _request, answer) => {
      handled++
      lab.clock.setTimer(20_000, () => answer(bytesOf('late')))
    },
  }
  lab.network.setServer(SERVER, slow)
  const call: { reply: Reply | undefined; atMs: number } = { reply: undefined, atMs: 0 }
  const ended = lab.network.call(linked(lab), bytesOf('call')).then((reply) => {
    call.reply = reply
    call.atMs = lab.clock.now()
  })
  await lab.sleep(1100)
  check(call.reply === undefined && handled === 1, 'the handler is at work')
  const removedMs = lab.clock.now()
  lab.network.removeServer(SERVER)
  await ended
  check(call.reply === null, 'a removed server gives no reply')
  check(call.atMs - removedMs <= 100, `the caller was released ${call.atMs - removedMs} ms after the server was removed`)
}

async function replaced(lab: Lab): Promise<void> {
  let release: (() => void) | null = null
  let effects = 0
  const waiting: RpcServer = {
    handle: (_caller, _request, answer) => {
      effects++
      release = () => answer(bytesOf('from the old one'))
    },
  }
  lab.network.setServer(SERVER, waiting)
  const reply = lab.network.call(linked(lab), bytesOf('call'))
  await lab.sleep(50)
  lab.network.setServer(SERVER, answering('from the new one'))
  release = release as (() => void) | null
  release?.()
  check((await reply) === null, 'a reply of a replaced server is never seen')
  check(effects === 1, 'but what its handler did stays')
}

async function longReordering(lab: Lab): Promise<void> {
  lab.network.settings.longReordering = true
  lab.network.setServer(SERVER, answering('handled'))
  const times = await Promise.all(
    Array.from({ length: 300 }, async (_, i) => {
      const reply = await lab.network.call(linked(lab, CALLER + i), bytesOf('call'))
      check(reply !== null, 'late is not lost')
      return lab.clock.now()
    }),
  )
  const late = times.filter((ms) => ms >= 200)
  const mean = late.reduce((sum, ms) => sum + ms, 0) / late.length
  check(late.length > 150 && late.length < 250, `${late.length} of 300 replies were late, expected are two of three`)
  check(mean > 550 && mean < 850 && Math.max(...late) < 2201, `late replies took ${mean.toFixed(0)} ms, expected are about 700`)
}

const scenario = (name: string, run: (lab: Lab) => Promise<void>): Scenario => ({ name, suite: 'network', servers: 1, run })

export const NETWORK_SCENARIOS: readonly Scenario[] = [
  scenario('Basic', basic),
  scenario('Disconnect', disconnected),
  scenario('Counts', counts),
  scenario('Bytes', byteCounts),
  scenario('ConcurrentMany', concurrentMany),
  scenario('Unreliable', unreliable),
  scenario('ConcurrentOne', concurrentOneLink),
  scenario('Regression1', regression),
  scenario('Killed', killed),
  scenario('Replaced', replaced),
  scenario('LongReordering', longReordering),
]
