import { fields, listOf, oneOf, text, textList, uint32 } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { WORKLOAD_ENTRY_SPEC, WORKLOAD_SELECTOR } from './workload-entry.ts'

/** `istio.networking.v1.ServiceEntry`, every field. */
export const SERVICE_ENTRY_SPEC: JsonSchema = fields(
  { hosts: textList },
  {
    addresses: textList,
    ports: listOf(fields({ number: uint32, name: text }, { protocol: text, targetPort: uint32 })),
    location: oneOf('MESH_EXTERNAL', 'MESH_INTERNAL'),
    resolution: oneOf('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'),
    endpoints: listOf(WORKLOAD_ENTRY_SPEC),
    workloadSelector: WORKLOAD_SELECTOR,
    exportTo: textList,
    subjectAltNames: textList,
  },
)
