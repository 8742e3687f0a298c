import { openStore } from 'balsa'

// A durable, linearizable store inside this process: no server, no network.
const store = await openStore({ dataDir: './data/store' })

await store.put('greeting', 'hello')
await store.append('greeting', ', world')
console.log((await store.get('greeting')).text())

// Only one of two writers that saw the same revision wins.
const { modRevision } = await store.get('greeting')
const first = await store.compareAndPut('greeting', { modRevision }, 'first')
const second = await store.compareAndPut('greeting', { modRevision }, 'second')
console.log(first.succeeded, second.succeeded)

await store.close()
