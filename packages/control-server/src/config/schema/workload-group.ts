import { fields, integer, listOf, text, textList, textMap, uint32 } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { WORKLOAD_ENTRY_SPEC } from './workload-entry.ts'

const count = integer(0, 2 ** 31 - 1)

const probe = fields(
  {},
  {
    initialDelaySeconds: count,
    timeoutSeconds: count,
    periodSeconds: count,
    successThreshold: count,
    failureThreshold: count,
    httpGet: fields(
      { port: uint32 },
      { path: text, host: text, scheme: text, httpHeaders: listOf(fields({}, { name: text, value: text })) },
    ),
    tcpSocket: fields({ port: uint32 }, { host: text }),
    exec: fields({}, { command: textList }),
    grpc: fields({}, { port: uint32, service: text }),
  },
)

/** `istio.networking.v1.WorkloadGroup`, every field. */
export const WORKLOAD_GROUP_SPEC: JsonSchema = fields(
  { template: WORKLOAD_ENTRY_SPEC },
  { metadata: fields({}, { labels: textMap, annotations: textMap }), probe },
)
