export { Admin, type ChangeMembershipOptions, type MembershipChanged } from './admin.js'
export * from './client.js'
export { ServerConnection, type ServerConnectionOptions } from './connection.js'
export { type BackOff, LeaderFinder } from './leader-finder.js'
