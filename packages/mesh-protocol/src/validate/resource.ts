import { UNLIMITED } from '../defaults.ts'
import { fail, ok, type Result, type Violation } from '../result.ts'
import type { ResourceUpdate } from '../wire/resource.ts'
import type { ResourceType } from '../wire/resource-header.ts'
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
  Violations,
} from './shape.ts'

const count = integer(0, UNLIMITED)
const port = integer(1, 65_535)
const milliseconds = integer(0, Number.MAX_SAFE_INTEGER)
const statusCode = integer(100, 599)

const header = (type: ResourceType): Fields => ({ type: oneOf(type), name: nonEmptyText, version: nonEmptyText })

const STRING_MATCHES = ['exact', 'prefix', 'regex']

const stringMatcher: Check = (value, field, out) => {
  const named = isRecord(value) ? STRING_MATCHES.filter((name) => value[name] !== undefined) : []
  if (!isRecord(value) || named.length !== 1)
    return out.add(field, `must have exactly one of ${STRING_MATCHES.join(', ')}`)
  const name = named[0] as string
  text(value[name], `${field}.${name}`, out)
}

const headerMatcher = record({
  name: nonEmptyText,
  stringMatch: optional(stringMatcher),
  invertMatch: optional(flag),
  treatMissingHeaderAsEmpty: optional(flag),
})

const headerValueOption = record({
  name: nonEmptyText,
  value: text,
  appendAction: oneOf('APPEND_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS_OR_ADD'),
})

const headerMutations: Fields = {
  requestHeadersToRemove: optional(list(nonEmptyText)),
  requestHeadersToAdd: optional(list(headerValueOption)),
  responseHeadersToRemove: optional(list(nonEmptyText)),
  responseHeadersToAdd: optional(list(headerValueOption)),
}

const retryPolicy = record({
  retryOn: list(nonEmptyText),
  numRetries: count,
  perTryTimeoutMs: optional(milliseconds),
  retriableStatusCodes: list(statusCode),
  retryBackOff: record({ baseIntervalMs: milliseconds, maxIntervalMs: milliseconds }),
  avoidPreviousHosts: flag,
})

const weights: Check = (value, field, out) => {
  list(record({ ...headerMutations, cluster: nonEmptyText, weight: count, hostRewrite: optional(nonEmptyText) }), {
    min: 1,
  })(value, field, out)
  if (Array.isArray(value) && value.length > 1 && value.every((entry) => isRecord(entry) && entry.weight === 0)) {
    out.add(field, 'must have at least one weight above 0')
  }
}

const route = record({
  ...headerMutations,
  name: text,
  match: record({
    path: optional(stringMatcher),
    caseSensitive: optional(flag),
    headers: optional(list(headerMatcher)),
    queryParameters: optional(list(record({ name: nonEmptyText, stringMatch: optional(stringMatcher) }))),
  }),
  route: record({ clusters: weights, timeoutMs: milliseconds, retryPolicy, hostRewrite: optional(nonEmptyText) }),
})

const serviceFields: Fields = { host: nonEmptyText, name: text, namespace: text }

const fallback: Check = (value, field, out) => {
  if (isRecord(value) && value.cluster !== undefined) return nonEmptyText(value.cluster, `${field}.cluster`, out)
  record({ response: record({ status: integer(200, 599), headers: textMap, body: text }) })(value, field, out)
}

const endpoint = record({
  id: nonEmptyText,
  address: nonEmptyText,
  port,
  weight: integer(1, UNLIMITED),
  healthStatus: oneOf('HEALTHY', 'UNHEALTHY', 'DRAINING'),
  locality: record({ region: text, zone: text, subZone: text }),
  labels: textMap,
  workload: record({ name: text, namespace: text, serviceAccount: text }),
})

const CHECKS: Readonly<Record<ResourceType, Check>> = {
  HostIndex: record({
    ...header('HostIndex'),
    domain: nonEmptyText,
    hosts: list(nonEmptyText),
    base: optional(nonEmptyText),
    removed: optional(list(nonEmptyText)),
  }),
  InboundPolicy: record(
    {
      ...header('InboundPolicy'),
      services: list(
        record(
          {
            ...serviceFields,
            ports: list(record({ servicePort: port, port, protocol: text }, { closed: true })),
          },
          { closed: true },
        ),
      ),
    },
    { closed: true },
  ),
  Cluster: record({
    ...header('Cluster'),
    service: record(serviceFields),
    subset: text,
    subsetLabels: optional(textMap),
    port,
    protocol: oneOf('http', 'http2', 'grpc', 'tcp'),
    edsServiceName: nonEmptyText,
    lbPolicy: oneOf('ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM'),
    connectTimeoutMs: milliseconds,
    circuitBreakers: record({
      maxConnections: count,
      maxPendingRequests: count,
      maxRequests: count,
      maxRetries: count,
    }),
    outlierDetection: optional(
      record({
        consecutive5xx: count,
        consecutiveGatewayFailure: count,
        consecutiveLocalOriginFailure: count,
        splitExternalLocalOriginErrors: flag,
        intervalMs: integer(1, Number.MAX_SAFE_INTEGER),
        baseEjectionTimeMs: milliseconds,
        maxEjectionTimeMs: milliseconds,
        maxEjectionPercent: integer(0, 100),
        httpErrorCodes: optional(list(statusCode)),
      }),
    ),
    maxRequestsPerConnection: count,
    idleTimeoutMs: milliseconds,
    errorRateBreaker: optional(
      record({
        errorThresholdPercentage: number(1, 100),
        requestVolumeThreshold: count,
        rollingWindowMs: integer(1, Number.MAX_SAFE_INTEGER),
        openDurationMs: milliseconds,
        fallback: optional(fallback),
      }),
    ),
  }),
  ClusterLoadAssignment: record({
    ...header('ClusterLoadAssignment'),
    endpoints: list(endpoint),
    base: optional(nonEmptyText),
    removed: optional(list(nonEmptyText)),
    page: optional(record({ index: count, count: integer(1, UNLIMITED) })),
  }),
  RouteConfiguration: record({
    ...header('RouteConfiguration'),
    virtualHosts: list(record({ name: text, port, routes: list(route) })),
  }),
}

/**
 * Whether a resource that came over the wire has the shape of its type. Reports every violation; does not compile
 * regexes, which only the side that runs them can. A field that is not known is let through, except in an inbound policy.
 */
export function validateResource(value: unknown): Result<ResourceUpdate, readonly Violation[]> {
  const type = isRecord(value) ? value.type : undefined
  if (typeof type !== 'string' || !Object.hasOwn(CHECKS, type)) {
    return fail([{ field: 'type', message: `must be one of ${Object.keys(CHECKS).join(', ')}` }])
  }
  const out = new Violations()
  CHECKS[type as ResourceType](value, '', out)
  return out.list.length === 0 ? ok(value as ResourceUpdate) : fail(out.list)
}
