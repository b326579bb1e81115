import { fields, listOf, mapOf, text, textList, textMap } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { TRAFFIC_POLICY } from './traffic-policy.ts'

/** `istio.networking.v1.DestinationRule`, every field. */
export const DESTINATION_RULE_SPEC: JsonSchema = fields(
  { host: text },
  {
    trafficPolicy: TRAFFIC_POLICY,
    subsets: listOf(fields({ name: text }, { labels: textMap, trafficPolicy: TRAFFIC_POLICY })),
    exportTo: textList,
    workloadSelector: fields({}, { matchLabels: mapOf({ type: 'string', maxLength: 63 }) }),
  },
)
