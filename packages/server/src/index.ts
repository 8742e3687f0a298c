export { type ClientLimits, DEFAULT_CLIENT_LIMITS } from './client-limits.js'
export { DEFAULT_IDENTITY, parseConfig, type ServerConfig, soleMember } from './config.js'
export { describeFlags, environmentName, FLAG_NAMES, type FlagName } from './flags.js'
export type { HttpLimits, Readiness } from './http.js'
export { clusterIdOf, drawId, formatId, type FoundingMember, memberIdOf, parseId } from './ids.js'
export {
  createLogger,
  errorFields,
  escapeControl,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  SILENT_LOGGER,
} from './logger.js'
export { Member, type MemberOptions } from './member.js'
export { nearest } from './nearest.js'
export { VERSION } from './version.js'
