export * from './case.js'
export * from './file-system.js'
export * from './transport.js'
export * from './state-machine.js'
