import { Replica } from 'balsa'

class Flags {
  flags = {}
  apply(batch) {
    return batch.map(({ command }) => Object.assign(this.flags, JSON.parse(Buffer.from(command))))
  }
  query(name) {
    return this.flags[name]
  }
  snapshot() {
    const bytes = Buffer.from(JSON.stringify(this.flags)) // what it is now; it may be read later
    return (async function* () { yield bytes })()
  }
  async restore(chunks) {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
    this.flags = JSON.parse(text || '{}')
  }
}

// Run it three times, as `node own-machine.mjs a`, `… b` and `… c`: two of the three suffice.
const members = { a: '127.0.0.1:7001', b: '127.0.0.1:7002', c: '127.0.0.1:7003' }
const id = process.argv[2] ?? 'a'
const replica = await Replica.open({ id, dataDir: `./data/${id}`, members, stateMachine: new Flags() })
process.once('SIGINT', () => replica.close())
await replica.waitFor('caught-up')
if (replica.status().role === 'leader') await replica.propose(Buffer.from('{"dark-mode":"on"}'))
console.log(id, replica.status().role, await replica.read('dark-mode'))
