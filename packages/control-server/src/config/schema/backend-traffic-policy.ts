import { fields, integer, listOf, text } from './common.ts'
import { SESSION_PERSISTENCE } from './gateway/session-persistence.ts'
import type { JsonSchema } from './json-schema.ts'

const duration: JsonSchema = { type: 'string', description: 'Duration of Gateway API such as 300ms, 10s or 1h30m' }

/** `gateway.networking.x-k8s.io/v1alpha1` XBackendTrafficPolicy, every field. */
export const BACKEND_TRAFFIC_POLICY_SPEC: JsonSchema = fields(
  { targetRefs: listOf(fields({ group: text, kind: text, name: text }), { maxItems: 16 }) },
  {
    retryConstraint: fields(
      {},
      {
        budget: fields({}, { percent: integer(0, 100), interval: duration }),
        minRetryRate: fields({}, { count: integer(1, 1_000_000), interval: duration }),
      },
    ),
    sessionPersistence: SESSION_PERSISTENCE,
  },
)
