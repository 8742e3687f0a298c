export * from './case.js'
export * from './transport.js'
export * from './state-machine.js'
