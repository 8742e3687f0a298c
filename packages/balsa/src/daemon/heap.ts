import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

const GROWING = '--heap-growing-percent'
const PARALLEL = '--parallel-scavenge'

/**
 * So much larger than what lives in it may the old generation become before it is collected. V8 chooses 30 to 300 % by itself, and what lives in a member is little
 * (the data are outside): it would collect everything several times a second, because of buffers that have long served their purpose.
 */
const PERCENT = 400

/**
 * On so few cores the helpers of a young collection come too late: the thread that waits for its end waits for them to get a core that others use. Alone it is done
 * sooner, measured with three members on two cores.
 */
const FEW_CORES = 2

/** What is chosen of V8's flags; not those that whoever started the process has chosen. */
export function heapFlags(execArgv: readonly string[], cores: number): readonly string[] {
  const chosen = execArgv.map((argument) => argument.replaceAll('_', '-').replace(/^--no-?/, '--'))
  const isFree = (flag: string): boolean => !chosen.some((argument) => argument.startsWith(flag))
  const flags: string[] = []
  if (isFree(GROWING)) flags.push(`${GROWING}=${PERCENT}`)
  if (cores <= FEW_CORES && isFree(PARALLEL)) flags.push('--no-parallel-scavenge')
  return flags
}

/** Fewer, not longer pauses of a server: for the whole process, so only a program does it, never a library. */
export function tuneHeap(): void {
  for (const flag of heapFlags(process.execArgv, availableParallelism())) setFlagsFromString(flag)
}
