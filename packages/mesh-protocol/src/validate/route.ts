import { both, count, exactlyOne, finalStatus, milliseconds, percent, port, statusCode } from './scalars.ts'
import { type Check, type Fields, flag, isRecord, list, nonEmptyText, oneOf, optional, record, text } from './shape.ts'

const STRING_MATCHES: Readonly<Record<string, Check>> = { exact: text, prefix: text, regex: text }

export const stringMatcher: Check = exactlyOne(STRING_MATCHES)
const pathMatcher = exactlyOne({ ...STRING_MATCHES, pathSeparatedPrefix: text })

const headerMatcher = record({
  name: nonEmptyText,
  stringMatch: optional(stringMatcher),
  invertMatch: optional(flag),
  treatMissingHeaderAsEmpty: optional(flag),
})

/** Fields of a route match. */
export const routeMatch: Check = record({
  path: optional(pathMatcher),
  caseSensitive: optional(flag),
  headers: optional(list(headerMatcher)),
  queryParameters: optional(list(record({ name: nonEmptyText, stringMatch: optional(stringMatcher) }))),
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
  retryBackOff: record({
    baseIntervalMs: milliseconds,
    maxIntervalMs: milliseconds,
    minIntervalMs: optional(milliseconds),
  }),
  avoidPreviousHosts: flag,
  retriableHeaders: optional(list(headerMatcher)),
  rateLimitedRetryBackOff: optional(
    record({
      resetHeaders: list(record({ name: nonEmptyText, format: oneOf('SECONDS', 'UNIX_TIMESTAMP') })),
      maxIntervalMs: milliseconds,
    }),
  ),
  previousPrioritiesUpdateFrequency: optional(count),
})

const rewrites: Fields = {
  hostRewrite: optional(nonEmptyText),
  prefixRewrite: optional(text),
  pathRewrite: optional(text),
  regexRewrite: optional(record({ pattern: nonEmptyText, substitution: text })),
}

const PATH_REWRITES = ['prefixRewrite', 'pathRewrite', 'regexRewrite']

const onePathRewrite: Check = (value, field, out) => {
  if (!isRecord(value)) return
  if (PATH_REWRITES.filter((name) => value[name] !== undefined).length > 1) {
    out.add(field, `must have at most one of ${PATH_REWRITES.join(', ')}`)
  }
}

const redirect = record({
  scheme: optional(oneOf('http', 'https')),
  host: optional(nonEmptyText),
  port: optional(port),
  derivePort: optional(oneOf('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT')),
  pathRedirect: optional(text),
  prefixRewrite: optional(text),
  responseCode: finalStatus,
})

const mirrors = list(record({ cluster: nonEmptyText, percent }))
const mark = record({ key: nonEmptyText, value: text })

/** Fields of a fault. */
export const fault: Check = record({
  delay: optional(record({ percent, fixedDelayMs: milliseconds })),
  abort: optional(
    both(
      record({ percent, httpStatus: optional(finalStatus), grpcStatus: optional(count) }),
      exactlyOne({ httpStatus: () => undefined, grpcStatus: () => undefined }),
    ),
  ),
})

const weights: Check = (value, field, out) => {
  const destination = record({
    ...headerMutations,
    ...rewrites,
    cluster: nonEmptyText,
    weight: count,
    redirect: optional(redirect),
    requestMirrorPolicies: optional(mirrors),
    mark: optional(mark),
  })
  list(both(destination, onePathRewrite), { min: 1 })(value, field, out)
  someWeight(value, field, out)
}

const someWeight: Check = (value, field, out) => {
  if (Array.isArray(value) && value.length > 1 && value.every((entry) => isRecord(entry) && entry.weight === 0)) {
    out.add(field, 'must have at least one weight above 0')
  }
}

const action = both(
  record({
    ...rewrites,
    clusters: weights,
    timeoutMs: milliseconds,
    retryPolicy,
    hedgeOnPerTryTimeout: optional(flag),
    requestMirrorPolicies: optional(mirrors),
    clusterNotFoundResponseCode: optional(finalStatus),
    mark: optional(mark),
  }),
  onePathRewrite,
)

const directResponse = record({
  status: finalStatus,
  body: text,
  bodyEncoding: optional(oneOf('utf8', 'base64')),
})

const route = both(
  record({ ...headerMutations, name: text, match: routeMatch, fault: optional(fault) }),
  exactlyOne({ route: action, redirect, directResponse }),
)

const tcpRoute = record({
  name: text,
  sniHosts: optional(list(nonEmptyText)),
  destinationSubnets: optional(list(nonEmptyText)),
  clusters: both(list(record({ cluster: nonEmptyText, weight: count }), { min: 1 }), someWeight),
})

/** Fields of a virtual host. */
export const virtualHost: Check = record({
  name: text,
  port,
  routes: list(route),
  tcpRoutes: optional(list(tcpRoute)),
})
