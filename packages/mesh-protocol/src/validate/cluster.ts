import { UNLIMITED } from '../defaults.ts'
import { loadBalancing } from './load-balancing.ts'
import {
  count,
  exactlyOne,
  finalStatus,
  milliseconds,
  percent,
  port,
  positiveMilliseconds,
  serviceFields,
  statusCode,
} from './scalars.ts'
import {
  type Check,
  type Fields,
  flag,
  integer,
  isRecord,
  list,
  nonEmptyText,
  number,
  oneOf,
  optional,
  record,
  text,
  textMap,
} from './shape.ts'

const circuitBreakers = record({
  maxConnections: count,
  maxPendingRequests: count,
  maxRequests: count,
  maxRetries: count,
  retryBudget: optional(
    record({
      budgetPercent: percent,
      minRetryConcurrency: number(0, UNLIMITED),
      intervalMs: optional(positiveMilliseconds),
    }),
  ),
})

const outlierDetection = record({
  consecutive5xx: count,
  consecutiveGatewayFailure: count,
  consecutiveLocalOriginFailure: count,
  splitExternalLocalOriginErrors: flag,
  intervalMs: positiveMilliseconds,
  baseEjectionTimeMs: milliseconds,
  maxEjectionTimeMs: milliseconds,
  maxEjectionPercent: integer(0, 100),
  httpErrorCodes: optional(list(statusCode)),
  successRate: optional(
    record({ minimumHosts: count, requestVolume: count, stdevFactor: count, enforcingPercent: percent }),
  ),
  failurePercentage: optional(
    record({ threshold: percent, minimumHosts: count, requestVolume: count, enforcingPercent: percent }),
  ),
  maxEjectionTimeJitterMs: optional(milliseconds),
  alwaysEjectOneHost: optional(flag),
})

const healthCheck = record({
  intervalMs: positiveMilliseconds,
  timeoutMs: positiveMilliseconds,
  unhealthyThreshold: integer(1, 1000),
  healthyThreshold: integer(1, 1000),
  port: optional(port),
  check: exactlyOne({
    http: record({
      path: nonEmptyText,
      host: optional(nonEmptyText),
      method: optional(nonEmptyText),
      expectedStatuses: optional(list(record({ start: integer(100, 600), end: integer(100, 600) }))),
    }),
    tcp: record({}),
    grpc: record({ serviceName: optional(text) }),
  }),
})

const tls = record({
  mode: oneOf('SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
  sni: optional(nonEmptyText),
  subjectAltNames: optional(list(nonEmptyText)),
  caCertificates: optional(nonEmptyText),
  clientCertificate: optional(nonEmptyText),
  privateKey: optional(nonEmptyText),
  caCrl: optional(nonEmptyText),
  insecureSkipVerify: optional(flag),
})

const fallback: Check = (value, field, out) => {
  if (isRecord(value) && value.cluster !== undefined) return nonEmptyText(value.cluster, `${field}.cluster`, out)
  record({ response: record({ status: finalStatus, headers: textMap, body: text }) })(value, field, out)
}

const errorRateBreaker = record({
  errorThresholdPercentage: number(1, 100),
  requestVolumeThreshold: count,
  rollingWindowMs: positiveMilliseconds,
  openDurationMs: milliseconds,
  fallback: optional(fallback),
})

const connections: Fields = {
  connectTimeoutMs: milliseconds,
  maxRequestsPerConnection: count,
  idleTimeoutMs: milliseconds,
  maxConnectionDurationMs: optional(positiveMilliseconds),
  tcpKeepalive: optional(
    record({ timeMs: optional(milliseconds), intervalMs: optional(milliseconds), probes: optional(count) }),
  ),
  http2ProtocolOptions: optional(
    record({
      maxConcurrentStreams: optional(integer(1, 2 ** 31 - 1)),
      connectionKeepalive: optional(record({ intervalMs: positiveMilliseconds, timeoutMs: positiveMilliseconds })),
    }),
  ),
  tls: optional(tls),
  autoMtls: optional(record({ sni: nonEmptyText, subjectAltNames: optional(list(nonEmptyText)) })),
}

/** A cluster, but for the fields that every resource has. */
export const cluster: Fields = {
  service: record(serviceFields),
  subset: text,
  subsetLabels: optional(textMap),
  port,
  protocol: oneOf('http', 'http2', 'grpc', 'tcp'),
  edsServiceName: nonEmptyText,
  discoveryType: optional(oneOf('STRICT_DNS', 'LOGICAL_DNS', 'ORIGINAL_DST')),
  dnsRefreshRateMs: optional(positiveMilliseconds),
  upstreamPortOverride: optional(port),
  ...loadBalancing,
  ...connections,
  healthChecks: optional(list(healthCheck)),
  circuitBreakers,
  outlierDetection: optional(outlierDetection),
  errorRateBreaker: optional(errorRateBreaker),
}
