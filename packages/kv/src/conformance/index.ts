export * from './backend.js'
export * from './key-value-store.js'
