import { fields, flag, integer, listOf, oneOf, text } from '../common.ts'
import type { JsonSchema } from '../json-schema.ts'
import { backendObjectReference, objectName } from './references.ts'

/* `gateway.networking.k8s.io` HTTPRouteFilter, standard and experimental channel. */

const INT32_MAX = 2 ** 31 - 1

export const namedValue = (maxLength: number): JsonSchema =>
  fields({ name: { ...text, maxLength: 256 }, value: { ...text, maxLength } })

const headerValues = listOf(namedValue(4096), { maxItems: 16 })
export const headerModifier: JsonSchema = fields(
  {},
  { set: headerValues, add: headerValues, remove: listOf(text, { maxItems: 16 }) },
)

const pathModifier = fields(
  { type: oneOf('ReplaceFullPath', 'ReplacePrefixMatch') },
  { replaceFullPath: { ...text, maxLength: 1024 }, replacePrefixMatch: { ...text, maxLength: 1024 } },
)

const requestRedirect = fields(
  {},
  {
    scheme: oneOf('http', 'https'),
    hostname: objectName,
    path: pathModifier,
    port: integer(1, 65_535),
    statusCode: { type: 'integer' },
  },
)

export const requestMirror: JsonSchema = fields(
  { backendRef: backendObjectReference },
  {
    percent: integer(0, 100),
    fraction: fields({ numerator: integer(0, INT32_MAX) }, { denominator: integer(1, INT32_MAX) }),
  },
)

const names = listOf({ ...text, maxLength: 256 }, { maxItems: 64 })

const cors = fields(
  {},
  {
    allowOrigins: listOf({ ...text, maxLength: 253 }, { maxItems: 64 }),
    allowCredentials: flag,
    allowMethods: listOf(oneOf('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', '*'), {
      maxItems: 9,
    }),
    allowHeaders: names,
    exposeHeaders: names,
    maxAge: integer(1, INT32_MAX),
  },
)

const headerNames = listOf(text, { maxItems: 64 })

const externalAuth = fields(
  { protocol: oneOf('HTTP', 'GRPC'), backendRef: backendObjectReference },
  {
    grpc: fields({}, { allowedHeaders: headerNames }),
    http: fields(
      {},
      { path: { ...text, maxLength: 1024 }, allowedHeaders: headerNames, allowedResponseHeaders: headerNames },
    ),
    forwardBody: fields({}, { maxSize: integer(0, INT32_MAX) }),
  },
)

export const extensionRef: JsonSchema = fields({
  group: { ...text, maxLength: 253 },
  kind: { ...text, maxLength: 63 },
  name: objectName,
})

const filter = fields(
  {
    type: oneOf(
      'RequestHeaderModifier',
      'ResponseHeaderModifier',
      'RequestMirror',
      'RequestRedirect',
      'URLRewrite',
      'ExtensionRef',
      'CORS',
      'ExternalAuth',
    ),
  },
  {
    requestHeaderModifier: headerModifier,
    responseHeaderModifier: headerModifier,
    requestMirror,
    requestRedirect,
    urlRewrite: fields({}, { hostname: objectName, path: pathModifier }),
    cors,
    externalAuth,
    extensionRef,
  },
)

export const httpFilters: JsonSchema = listOf(filter, { maxItems: 16 })
