import { fields, listOf, oneOf, text, textList, textUpTo, uint32 } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { WORKLOAD_ENTRY_SPEC, WORKLOAD_SELECTOR } from './workload-entry.ts'

/** `istio.networking.v1.ServiceEntry`, every field. */
export const SERVICE_ENTRY_SPEC: JsonSchema = fields(
  { hosts: listOf(text, { maxItems: 256 }) },
  {
    addresses: listOf(textUpTo(64), { maxItems: 256 }),
    ports: listOf(fields({ number: uint32, name: textUpTo(256) }, { protocol: textUpTo(256), targetPort: uint32 }), {
      maxItems: 256,
    }),
    location: oneOf('MESH_EXTERNAL', 'MESH_INTERNAL'),
    resolution: oneOf('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'),
    endpoints: listOf(WORKLOAD_ENTRY_SPEC, { maxItems: 4096 }),
    workloadSelector: WORKLOAD_SELECTOR,
    exportTo: textList,
    subjectAltNames: textList,
  },
)
