import {
  type BreakerFallback,
  clusterName,
  DEFAULT_ERROR_RATE_BREAKER,
  type ErrorRateBreaker,
} from '@weft/mesh-protocol'
import { milliseconds } from '../config/duration.ts'
import type { FallbackSpec } from '../config/spec/circuit-breaker.ts'
import type { Model } from '../registry/model.ts'
import type { CircuitBreaker } from './circuit-breakers.ts'
import { destinationHost } from './host-map.ts'

/** The breaker of a cluster on `port`, from the kind `CircuitBreaker`. */
export function errorRateBreaker({ namespace, spec }: CircuitBreaker, port: number, model: Model): ErrorRateBreaker {
  const fallback = spec.fallback === undefined ? undefined : translateFallback(spec.fallback, namespace, port, model)
  return {
    errorThresholdPercentage: spec.errorThresholdPercentage ?? DEFAULT_ERROR_RATE_BREAKER.errorThresholdPercentage,
    requestVolumeThreshold: spec.requestVolumeThreshold ?? DEFAULT_ERROR_RATE_BREAKER.requestVolumeThreshold,
    rollingWindowMs: milliseconds(spec.rollingWindow) ?? DEFAULT_ERROR_RATE_BREAKER.rollingWindowMs,
    openDurationMs: milliseconds(spec.openDuration) ?? DEFAULT_ERROR_RATE_BREAKER.openDurationMs,
    ...(fallback === undefined ? {} : { fallback }),
  }
}

/** Another host's port defaults as a route's destination does. */
function translateFallback(spec: FallbackSpec, namespace: string, calledPort: number, model: Model): BreakerFallback {
  if ('response' in spec) {
    const { status, headers = {}, body = '' } = spec.response
    return { response: { status, headers, body } }
  }
  const host = destinationHost(spec.host, namespace, model)
  const ports = model.services.get(host)?.ports ?? []
  const port = spec.port ?? (ports.length === 1 ? ports[0]?.number : undefined) ?? calledPort
  return { cluster: clusterName({ port, subset: spec.subset ?? '', host }) }
}
