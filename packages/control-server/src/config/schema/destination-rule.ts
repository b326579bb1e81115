import Type, { type TSchema } from 'typebox'
import { fields, listOf, mapOf, text, textList, textMap } from './common.ts'
import { TRAFFIC_POLICY } from './traffic-policy.ts'

/** `istio.networking.v1.DestinationRule`, every field. */
export const DESTINATION_RULE_SPEC: TSchema = fields(
  { host: text },
  {
    trafficPolicy: TRAFFIC_POLICY,
    subsets: listOf(fields({ name: text }, { labels: textMap, trafficPolicy: TRAFFIC_POLICY })),
    exportTo: textList,
    workloadSelector: fields({}, { matchLabels: mapOf(Type.String({ maxLength: 63 })) }),
  },
)
