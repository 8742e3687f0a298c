export type { AdminAnswer, AdminRequest, MemberDetail, MembershipRole, MembershipStage, MembersView } from './admin.js'
export * from './requests.js'
export * from './responses.js'
export type { MemberRole, MemberStatus, MemberSummary } from './status.js'
