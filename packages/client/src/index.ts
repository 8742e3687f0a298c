export { Admin, type ChangeMembershipOptions, type MembershipChanged } from './admin.js'
export * from './client.js'
export { type BackOff, LeaderFinder } from './leader-finder.js'
