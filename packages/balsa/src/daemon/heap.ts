import { setFlagsFromString } from 'node:v8'

const FLAG = '--heap-growing-percent'

/**
 * So much larger than what lives in it may the old generation become before it is collected. V8 chooses 30 to 300 % by itself, and what lives in a member is little
 * (the data are outside): it would collect everything several times a second, because of buffers that have long served their purpose.
 */
const PERCENT = 400

/** The flag to set; null when whoever started the process has chosen. */
export function heapFlag(execArgv: readonly string[]): string | null {
  const isChosen = execArgv.some((argument) => argument.replaceAll('_', '-').startsWith(FLAG))
  return isChosen ? null : `${FLAG}=${PERCENT}`
}

/** Fewer, not longer pauses of a server: for the whole process, so only a program does it, never a library. */
export function tuneHeap(): void {
  const flag = heapFlag(process.execArgv)
  if (flag !== null) setFlagsFromString(flag)
}
