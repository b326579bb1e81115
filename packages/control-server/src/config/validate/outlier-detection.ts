import { child } from '../field-path.ts'
import type { OutlierDetectionSettings } from '../spec/destination-rule.ts'
import { checkDuration } from './durations.ts'
import type { Report } from './report.ts'

/** Istio `validateOutlierDetection`. */
export function checkOutlierDetection(
  settings: OutlierDetectionSettings | undefined,
  field: string,
  report: Report,
): void {
  if (settings === undefined) return
  const { consecutiveErrors = 0, consecutiveLocalOriginFailures = 0, splitExternalLocalOriginErrors } = settings
  if (consecutiveErrors !== 0) {
    report.warning(
      child(field, 'consecutiveErrors'),
      'deprecated and ignored; use consecutive5xxErrors or consecutiveGatewayErrors',
      'deprecated',
    )
  }
  if (consecutiveLocalOriginFailures > 0 && splitExternalLocalOriginErrors !== true) {
    const at = child(field, 'consecutiveLocalOriginFailures')
    report.violation(at, 'is only counted where splitExternalLocalOriginErrors is true: set it, or leave this out')
  }
  checkDuration(settings.interval, child(field, 'interval'), report)
  checkDuration(settings.baseEjectionTime, child(field, 'baseEjectionTime'), report)
  for (const name of ['maxEjectionPercent', 'minHealthPercent'] as const) {
    const percent = settings[name] ?? 0
    if (percent < 0 || percent > 100) report.violation(child(field, name), `must be from 0 to 100, not ${percent}`)
  }
}
