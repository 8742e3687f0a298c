export { deliveredBytes, EventJournal } from './events.js'
export { WatchHub, type WatchHubOptions, type WatchLimits, type WatchSource } from './hub.js'
export type { KeyValueRecord, StoreEvent, WatchDelivery, Watcher, WatchRequest } from './types.js'
