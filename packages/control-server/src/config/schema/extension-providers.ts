import { duration, fields, flag, listOf, mapOf, text, textList, uint32 } from './common.ts'
import type { JsonSchema, JsonType } from './json-schema.ts'

/** The sorts of providers that only proxies ask. */
const PROXY_PROVIDERS: readonly string[] = [
  'zipkin',
  'lightstep',
  'datadog',
  'stackdriver',
  'opencensus',
  'skywalking',
  'opentelemetry',
  'prometheus',
  'envoyFileAccessLog',
  'envoyHttpAls',
  'envoyTcpAls',
  'envoyOtelAls',
  'sds',
]

const ANY_TYPE: readonly JsonType[] = ['object', 'array', 'string', 'number', 'boolean', 'null']

const required = { service: text, port: uint32 }

const common = {
  timeout: duration,
  failOpen: flag,
  clearRouteCache: flag,
  statusOnError: text,
  includeRequestBodyInCheck: fields({}, { maxRequestBytes: uint32, allowPartialMessage: flag, packAsBytes: flag }),
}

/** `istio.mesh.v1alpha1.MeshConfig.extensionProviders`: external authorization wholly, other sorts let through. */
export const EXTENSION_PROVIDERS: JsonSchema = listOf(
  fields(
    { name: text },
    {
      envoyExtAuthzHttp: fields(required, {
        ...common,
        pathPrefix: text,
        includeHeadersInCheck: textList,
        includeRequestHeadersInCheck: textList,
        includeAdditionalHeadersInCheck: mapOf(text),
        headersToUpstreamOnAllow: textList,
        headersToDownstreamOnAllow: textList,
        headersToDownstreamOnDeny: textList,
      }),
      envoyExtAuthzGrpc: fields(required, common),
      ...Object.fromEntries(
        PROXY_PROVIDERS.map((name) => [name, { type: ANY_TYPE, description: 'Only has an effect in a proxy' }]),
      ),
    },
  ),
)
