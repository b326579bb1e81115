import {
  DEFAULT_FAILURE_PERCENTAGE_DETECTION,
  DEFAULT_OUTLIER_DETECTION,
  DEFAULT_SUCCESS_RATE_DETECTION,
  type OutlierDetection,
} from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import type { OutlierDetectionSettings } from '../config/spec/destination-rule.ts'
import type { OutlierExtrasSpec } from '../config/spec/load-balancer.ts'

const DEFAULTS = DEFAULT_OUTLIER_DETECTION

/**
 * Istio `cluster_traffic_policy.go` `applyOutlierDetection`: an empty block turns detection on with the defaults, none
 * leaves it off. The longest ejection is never shorter than the first (Envoy `outlier_detection.proto`). The block of a
 * LoadBalancer adds what Istio has no field for, and turns detection on just as well.
 */
export function outlierDetection(
  settings: OutlierDetectionSettings | undefined,
  extras?: OutlierExtrasSpec,
): OutlierDetection | undefined {
  if (settings === undefined && extras === undefined) return undefined
  const base = istioOutlierDetection(settings ?? {})
  return extras === undefined ? base : { ...base, ...extraDetection(extras, base) }
}

function extraDetection(
  { successRate, failurePercentage, maxEjectionTime, maxEjectionTimeJitter, alwaysEjectOneHost }: OutlierExtrasSpec,
  { baseEjectionTimeMs, maxEjectionTimeMs }: OutlierDetection,
): Partial<OutlierDetection> {
  const jitterMs = milliseconds(maxEjectionTimeJitter)
  return {
    maxEjectionTimeMs: Math.max(milliseconds(maxEjectionTime) ?? maxEjectionTimeMs, baseEjectionTimeMs),
    ...(successRate === undefined ? {} : { successRate: { ...DEFAULT_SUCCESS_RATE_DETECTION, ...successRate } }),
    ...(failurePercentage === undefined
      ? {}
      : { failurePercentage: { ...DEFAULT_FAILURE_PERCENTAGE_DETECTION, ...failurePercentage } }),
    ...(jitterMs === undefined ? {} : { maxEjectionTimeJitterMs: jitterMs }),
    ...(alwaysEjectOneHost === undefined ? {} : { alwaysEjectOneHost }),
  }
}

function istioOutlierDetection(settings: OutlierDetectionSettings): OutlierDetection {
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
