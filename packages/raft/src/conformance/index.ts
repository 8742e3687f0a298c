export * from './case.js'
export * from './transport.js'
