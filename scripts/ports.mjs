// @ts-check
/** Ports of this machine for members that are about to be started. */
import { createServer } from 'node:net'

export const HOST = '127.0.0.1'

/** Given out by this process, in use yet or not. @type {Set<number>} */
const given = new Set()

/**
 * A port that nobody listens on, and never the same twice. Below the range that systems give to outgoing connections: a member that is down for a
 * moment would lose such a port to any connection, and a port that the system picks comes back as soon as it is closed.
 * @param {number} [wanted] taken when it is free
 * @returns {Promise<number>}
 */
export async function pickPort(wanted) {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = attempt === 0 && wanted !== undefined ? wanted : 12_000 + Math.floor(Math.random() * 18_000)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`no free port on ${HOST}`)
}

/** Those of a member. */
export const pickPorts = async () => ({ peer: await pickPort(), client: await pickPort() })

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, HOST, () => server.close(() => resolve(true)))
  })
}
