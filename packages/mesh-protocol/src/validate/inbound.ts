import { UNLIMITED } from '../defaults.ts'
import { fault, routeMatch, stringMatcher } from './route.ts'
import { count, exactlyOne, milliseconds, port, positiveMilliseconds, serviceFields } from './scalars.ts'
import { extAuthzProviders, jwtRules, peerAuthentication, rbac } from './security.ts'
import { type Fields, flag, integer, list, nonEmptyText, oneOf, optional, record, text } from './shape.ts'

const WHOLE = { closed: true }

const cors = record(
  {
    allowOrigins: list(stringMatcher),
    allowMethods: optional(list(text)),
    allowHeaders: optional(list(text)),
    exposeHeaders: optional(list(text)),
    maxAgeMs: optional(milliseconds),
    allowCredentials: optional(flag),
    forwardNotMatchingPreflights: flag,
  },
  WHOLE,
)

const times = integer(1, UNLIMITED)

const readinessProbe = record(
  {
    initialDelayMs: milliseconds,
    periodMs: positiveMilliseconds,
    timeoutMs: positiveMilliseconds,
    successThreshold: times,
    failureThreshold: times,
    check: exactlyOne({
      httpGet: record(
        {
          scheme: oneOf('http', 'https'),
          path: nonEmptyText,
          port,
          host: optional(nonEmptyText),
          headers: list(record({ name: nonEmptyText, value: text }, WHOLE)),
        },
        WHOLE,
      ),
      tcpSocket: record({ port, host: optional(nonEmptyText) }, WHOLE),
      grpc: record({ port: optional(port), serviceName: optional(nonEmptyText) }, WHOLE),
      exec: record({ command: list(nonEmptyText, { min: 1 }) }, WHOLE),
    }),
  },
  WHOLE,
)

/** An inbound policy, but for the fields that every resource has. */
export const inboundPolicy: Fields = {
  services: list(
    record(
      {
        ...serviceFields,
        ports: list(record({ servicePort: port, port, protocol: text }, WHOLE)),
      },
      WHOLE,
    ),
  ),
  routes: optional(
    list(record({ name: text, servicePorts: optional(list(port)), match: routeMatch, cors: optional(cors) }, WHOLE)),
  ),
  faults: optional(list(record({ name: text, match: routeMatch, fault }, WHOLE))),
  readinessProbe: optional(readinessProbe),
  peerAuthentication: optional(peerAuthentication),
  jwtRules: optional(jwtRules),
  authorization: optional(rbac),
  tcpAuthorization: optional(rbac),
  extAuthzProviders: optional(extAuthzProviders),
  pathNormalization: optional(oneOf('NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES')),
  numTrustedProxies: optional(count),
  auditDecisions: optional(oneOf('ALL', 'DENIED_AND_MARKED')),
}
