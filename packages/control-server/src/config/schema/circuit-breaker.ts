import { DEFAULT_ERROR_RATE_BREAKER } from '@weft/mesh-protocol'
import { duration, fields, integer, number, text, textMap } from './common.ts'
import type { JsonSchema } from './json-schema.ts'

const { errorThresholdPercentage, requestVolumeThreshold, rollingWindowMs, openDurationMs } = DEFAULT_ERROR_RATE_BREAKER

const withDefault = (schema: JsonSchema, value: number | string): JsonSchema => ({ ...schema, default: value })

/** `mesh.weft.dev/v1` CircuitBreaker. */
export const CIRCUIT_BREAKER_SPEC: JsonSchema = fields(
  { host: text },
  {
    subset: text,
    errorThresholdPercentage: withDefault(number(1, 100), errorThresholdPercentage),
    requestVolumeThreshold: withDefault(integer(1, 2 ** 31 - 1), requestVolumeThreshold),
    rollingWindow: withDefault(duration, `${rollingWindowMs}ms`),
    openDuration: withDefault(duration, `${openDurationMs}ms`),
    fallback: fields(
      {},
      {
        response: fields({ status: integer(200, 599) }, { headers: textMap, body: text }),
        host: text,
        subset: text,
        port: integer(1, 65535),
      },
    ),
  },
)
