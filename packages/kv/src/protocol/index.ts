export type {
  AdminAnswer,
  AdminRequest,
  AlarmDetail,
  AlarmsView,
  LeaderRequest,
  MemberDetail,
  MembershipRole,
  MembershipStage,
  MembersView,
} from './admin.js'
export type { ClientQuery, ClientQueryAnswer } from './queries.js'
export type { Consistency, ReadMode } from './read-mode.js'
export * from './requests.js'
export * from './responses.js'
export type { WatchedEvents } from './watching.js'
export type { MemberRole, MemberStatus, MemberSummary } from './status.js'
