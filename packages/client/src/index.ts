export * from './client.js'
export { type BackOff, LeaderFinder } from './leader-finder.js'
