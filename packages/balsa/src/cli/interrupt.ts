const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Runs `work` until it ends; its signal fires when this process is asked to stop. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  for (const signal of SIGNALS) process.once(signal, stop)
  try {
    return await work(controller.signal)
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, stop)
  }
}
