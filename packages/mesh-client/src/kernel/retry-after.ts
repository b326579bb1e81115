/**
 * The pause that a `retry-after` header asks for, in milliseconds, 0 or more; `undefined`: it is neither a whole number of
 * seconds nor a date. RFC 9110, 10.2.3.
 */
export function retryAfterMs(value: string, wallNow: number): number | undefined {
  const text = value.trim()
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  const date = Date.parse(text)
  return Number.isNaN(date) || !/^[A-Za-z]/.test(text) ? undefined : Math.max(0, date - wallNow)
}
