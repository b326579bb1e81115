import { fields, mapOf, textMap, textUpTo, uint32 } from './common.ts'
import type { JsonSchema } from './json-schema.ts'

/** `istio.networking.v1.WorkloadSelector`. */
export const WORKLOAD_SELECTOR: JsonSchema = fields({}, { labels: mapOf(textUpTo(63)) })

/** `istio.networking.v1.WorkloadEntry`, every field. */
export const WORKLOAD_ENTRY_SPEC: JsonSchema = fields(
  {},
  {
    address: textUpTo(256),
    ports: mapOf(uint32),
    labels: textMap,
    network: textUpTo(2048),
    locality: textUpTo(2048),
    weight: uint32,
    serviceAccount: textUpTo(253),
  },
)
