export * from './client.js'
export type { BackOff } from './leader-finder.js'
