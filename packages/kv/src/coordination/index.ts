export { Coordinator } from './coordinator.js'
export type { CoordinationEnvironment } from './environment.js'
export type { CampaignOptions, Coordination, Election, Held, Lead, Leadership, LeadOptions, Lease, LockOptions } from './types.js'
