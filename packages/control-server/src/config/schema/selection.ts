import { fields, listOf, mapOf, text, textUpTo } from './common.ts'
import type { JsonSchema } from './json-schema.ts'

/** `istio.type.v1beta1.WorkloadSelector`. */
export const SELECTOR: JsonSchema = fields({}, { matchLabels: mapOf(textUpTo(63)) })

const targetReference = fields({ kind: textUpTo(63), name: textUpTo(253) }, { group: textUpTo(253), namespace: text })

/** What says which workloads a policy is about. */
export const SELECTION: Readonly<Record<string, JsonSchema>> = {
  selector: SELECTOR,
  targetRef: targetReference,
  targetRefs: listOf(targetReference, { maxItems: 16 }),
}
