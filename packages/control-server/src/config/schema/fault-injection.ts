import { fields, flag, listOf, mapOf, textMap } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { FAULT_ABORT, FAULT_DELAY, STRING_MATCH } from './virtual-service.ts'

/** `mesh.weft.dev/v1` FaultInjection. */
export const FAULT_INJECTION_SPEC: JsonSchema = fields(
  {
    rules: listOf(
      fields(
        {},
        {
          match: fields(
            {},
            { uri: STRING_MATCH, method: STRING_MATCH, headers: mapOf(STRING_MATCH), ignoreUriCase: flag },
          ),
          delay: FAULT_DELAY,
          abort: FAULT_ABORT,
        },
      ),
      { maxItems: 100 },
    ),
  },
  { selector: fields({}, { matchLabels: textMap }) },
)
