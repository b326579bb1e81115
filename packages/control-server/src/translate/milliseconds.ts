import { parseDuration } from '../config/duration.ts'

/** A duration of a stored resource in whole milliseconds; `undefined` for one that is absent. */
export function milliseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const parsed = parseDuration(text)
  return parsed.ok && parsed.value >= 0 ? Math.round(parsed.value) : undefined
}
