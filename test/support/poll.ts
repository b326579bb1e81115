/** Tries until `attempt` gives something other than undefined, null or false; the last error is told when time is up. */
export async function poll<T>(
  attempt: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  what: string,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const value = await attempt()
      if (value !== undefined && value !== null && value !== false) return value
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`${what} did not come about in ${timeoutMs} ms`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
