const WHOLE_NUMBER = /^\d{1,10}$/
const MAX_INT32 = 2 ** 31 - 1

/** The server wants the call not to be made again. */
export const NO_RETRY = -1

/**
 * What `grpc-retry-pushback-ms` asks for: a pause in milliseconds, or {@link NO_RETRY} where it is negative or cannot be
 * read. `undefined`: nothing. Source: gRFC A6, "Pushback".
 */
export function parsePushback(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const text = value.trim()
  if (!WHOLE_NUMBER.test(text)) return NO_RETRY
  const pauseMs = Number(text)
  return pauseMs > MAX_INT32 ? NO_RETRY : pauseMs
}
