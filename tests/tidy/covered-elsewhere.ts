/** Source files with logic that no test imports directly, and what covers them instead. Keep it short; every entry says where to look. */
export const COVERED_ELSEWHERE: ReadonlyMap<string, string> = new Map<string, string>([])
