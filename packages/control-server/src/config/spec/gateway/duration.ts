import { fail, ok, type Result } from '@weft/mesh-protocol'

const DURATION = /^(?:[0-9]{1,5}(?:h|ms|m|s)){1,4}$/
const PART = /([0-9]+)(h|ms|m|s)/g
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Reads a duration of Gateway API (GEP-2257: one to four whole numbers with units, added up) into milliseconds. */
export function parseGatewayDuration(text: string): Result<number, string> {
  if (!DURATION.test(text)) {
    const shown = JSON.stringify(text.length > 50 ? `${text.slice(0, 50)}…` : text)
    return fail(`${shown} is not a duration: write up to four whole numbers of h, m, s or ms, such as 1m30s or 500ms`)
  }
  let total = 0
  for (const [, digits, unit] of text.matchAll(PART)) total += Number(digits) * (UNIT_MS[unit as string] as number)
  return ok(total)
}

/** Of a text that passed validation. */
export function gatewayMilliseconds(text: string | undefined): number | undefined {
  const parsed = text === undefined ? undefined : parseGatewayDuration(text)
  return parsed?.ok === true ? parsed.value : undefined
}
