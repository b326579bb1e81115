import { fields, mapOf, text, textMap, uint32 } from './common.ts'
import type { JsonSchema } from './json-schema.ts'

/** `istio.networking.v1.WorkloadSelector`. */
export const WORKLOAD_SELECTOR: JsonSchema = fields({}, { labels: textMap })

/** `istio.networking.v1.WorkloadEntry`, every field. */
export const WORKLOAD_ENTRY_SPEC: JsonSchema = fields(
  {},
  {
    address: text,
    ports: mapOf(uint32),
    labels: textMap,
    network: text,
    locality: text,
    weight: uint32,
    serviceAccount: text,
  },
)
