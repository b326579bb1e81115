import {
  double,
  duration,
  fields,
  flag,
  int32,
  listOf,
  mapOf,
  nullable,
  oneOf,
  text,
  textList,
  textMap,
  uint32,
} from './common.ts'
import type { JsonSchema } from './json-schema.ts'

/* `istio.networking.v1.VirtualService`, every field. */

export const STRING_MATCH: JsonSchema = fields({}, { exact: text, prefix: text, regex: text })
const percent = fields({}, { value: double })
const portSelector = fields({}, { number: uint32 })
export const DESTINATION: JsonSchema = fields({ host: text }, { subset: text, port: portSelector })

const headerOperations = fields({}, { set: textMap, add: textMap, remove: textList })
const headers = fields({}, { request: headerOperations, response: headerOperations })

const httpMatch = fields(
  {},
  {
    name: text,
    uri: STRING_MATCH,
    scheme: STRING_MATCH,
    method: STRING_MATCH,
    authority: STRING_MATCH,
    headers: mapOf(STRING_MATCH),
    withoutHeaders: mapOf(STRING_MATCH),
    queryParams: mapOf(STRING_MATCH),
    ignoreUriCase: flag,
    port: uint32,
    sourceLabels: textMap,
    sourceNamespace: text,
    gateways: textList,
    statPrefix: text,
  },
)

export const RETRIES: JsonSchema = fields(
  {},
  {
    attempts: int32,
    perTryTimeout: duration,
    retryOn: text,
    retryRemoteLocalities: nullable(flag),
    retryIgnorePreviousHosts: nullable(flag),
    backoff: duration,
  },
)

const redirect = fields(
  {},
  {
    uri: text,
    authority: text,
    scheme: text,
    redirectCode: uint32,
    prefixRewrite: text,
    port: uint32,
    derivePort: oneOf('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'),
  },
)

const directResponse = fields({ status: uint32 }, { body: fields({}, { string: text, bytes: text }) })

const rewrite = fields({}, { uri: text, authority: text, uriRegexRewrite: fields({}, { match: text, rewrite: text }) })

export const FAULT_DELAY: JsonSchema = fields(
  {},
  { percent: int32, percentage: percent, fixedDelay: duration, exponentialDelay: duration },
)
export const FAULT_ABORT: JsonSchema = fields(
  {},
  { percentage: percent, httpStatus: int32, grpcStatus: text, http2Error: text },
)

const corsPolicy = fields(
  {},
  {
    allowOrigin: textList,
    allowOrigins: listOf(STRING_MATCH),
    allowMethods: textList,
    allowHeaders: textList,
    exposeHeaders: textList,
    maxAge: duration,
    allowCredentials: nullable(flag),
    unmatchedPreflights: oneOf('UNSPECIFIED', 'FORWARD', 'IGNORE'),
  },
)

const httpRoute = fields(
  {},
  {
    name: text,
    match: listOf(httpMatch),
    route: listOf(fields({ destination: DESTINATION }, { weight: int32, headers })),
    redirect,
    directResponse,
    delegate: fields({}, { name: text, namespace: text }),
    rewrite,
    timeout: duration,
    retries: RETRIES,
    fault: fields({}, { delay: FAULT_DELAY, abort: FAULT_ABORT }),
    mirror: DESTINATION,
    mirrors: listOf(fields({ destination: DESTINATION }, { percentage: percent })),
    mirrorPercent: nullable(uint32),
    // The one field whose JSON name Istio's own CRD spells with an underscore as well.
    mirror_percent: nullable(uint32),
    mirrorPercentage: percent,
    corsPolicy,
    headers,
  },
)

const routeDestinations = listOf(fields({ destination: DESTINATION }, { weight: int32 }))

const l4Match = {
  destinationSubnets: textList,
  port: uint32,
  sourceLabels: textMap,
  sourceNamespace: text,
  gateways: textList,
}

export const VIRTUAL_SERVICE_SPEC: JsonSchema = fields(
  {},
  {
    hosts: textList,
    gateways: textList,
    http: listOf(httpRoute),
    tls: listOf(fields({ match: listOf(fields({ sniHosts: textList }, l4Match)) }, { route: routeDestinations })),
    tcp: listOf(
      fields({}, { match: listOf(fields({}, { ...l4Match, sourceSubnet: text })), route: routeDestinations }),
    ),
    exportTo: textList,
  },
)
