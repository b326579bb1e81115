import { DEFAULT_OUTLIER_DETECTION, type OutlierDetection } from '@weft/mesh-protocol'
import type { OutlierDetectionSettings } from '../config/spec/destination-rule.ts'
import { milliseconds } from './milliseconds.ts'

const DEFAULTS = DEFAULT_OUTLIER_DETECTION

/**
 * Istio `cluster_traffic_policy.go` `applyOutlierDetection`: an empty block turns detection on with the defaults, none
 * leaves it off. The longest ejection is never shorter than the first (Envoy `outlier_detection.proto`).
 */
export function outlierDetection(settings: OutlierDetectionSettings): OutlierDetection {
  const baseEjectionTimeMs = milliseconds(settings.baseEjectionTime) ?? DEFAULTS.baseEjectionTimeMs
  const percent = settings.maxEjectionPercent ?? 0
  const local = settings.consecutiveLocalOriginFailures ?? 0
  const codes = settings.outlierDetectionHttpErrorCodes ?? []
  return {
    consecutive5xx: settings.consecutive5xxErrors ?? DEFAULTS.consecutive5xx,
    consecutiveGatewayFailure: settings.consecutiveGatewayErrors ?? DEFAULTS.consecutiveGatewayFailure,
    consecutiveLocalOriginFailure: local > 0 ? local : DEFAULTS.consecutiveLocalOriginFailure,
    splitExternalLocalOriginErrors: settings.splitExternalLocalOriginErrors ?? DEFAULTS.splitExternalLocalOriginErrors,
    intervalMs: milliseconds(settings.interval) ?? DEFAULTS.intervalMs,
    baseEjectionTimeMs,
    maxEjectionTimeMs: Math.max(DEFAULTS.maxEjectionTimeMs, baseEjectionTimeMs),
    maxEjectionPercent: percent > 0 ? percent : DEFAULTS.maxEjectionPercent,
    ...(codes.length > 0 ? { httpErrorCodes: codes } : {}),
  }
}
