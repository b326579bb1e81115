import { parseDurationNanoseconds } from '../duration.ts'
import type { Report } from './report.ts'

const MILLISECOND = 1_000_000n

/** A duration of at least 1 ms in whole milliseconds (Istio `ValidateDuration`). */
export function checkDuration(text: string | undefined, field: string, report: Report): void {
  const nanoseconds = readDuration(text, field, report)
  if (nanoseconds === undefined) return
  if (nanoseconds < MILLISECOND) report.violation(field, 'must be at least 1ms; to have no limit, leave it out')
  else if (nanoseconds % MILLISECOND !== 0n) report.violation(field, 'must be whole milliseconds')
}

/** As {@link checkDuration}, or less than a millisecond: that turns the limit off. */
export function checkDurationOrOff(text: string | undefined, field: string, report: Report): void {
  const nanoseconds = readDuration(text, field, report)
  if (nanoseconds === undefined || (nanoseconds > -MILLISECOND && nanoseconds < MILLISECOND)) return
  checkDuration(text, field, report)
}

/** At least 1 ms, however precise: where Istio's CRD looks at it but its webhook does not. */
export function checkMinimumDuration(text: string | undefined, field: string, report: Report): void {
  const nanoseconds = readDuration(text, field, report)
  if (nanoseconds !== undefined && nanoseconds < MILLISECOND) report.violation(field, 'must be at least 1ms')
}

/** Any duration that can be read. */
export function checkAnyDuration(text: string | undefined, field: string, report: Report): void {
  readDuration(text, field, report)
}

function readDuration(text: string | undefined, field: string, report: Report): bigint | undefined {
  if (text === undefined) return undefined
  const parsed = parseDurationNanoseconds(text)
  if (parsed.ok) return parsed.value
  report.violation(field, parsed.error)
  return undefined
}
