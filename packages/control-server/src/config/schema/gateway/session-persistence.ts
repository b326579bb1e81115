import { fields, oneOf, text } from '../common.ts'
import type { JsonSchema } from '../json-schema.ts'
import { gatewayDuration } from './references.ts'

const name: JsonSchema = { ...text, maxLength: 256 }

/** Gateway API `SessionPersistence`. */
export const SESSION_PERSISTENCE: JsonSchema = fields(
  {},
  {
    type: oneOf('Cookie', 'Header'),
    absoluteTimeout: gatewayDuration,
    cookie: fields({}, { name, path: { ...text, maxLength: 1024 }, lifetimeType: oneOf('Permanent', 'Session') }),
    header: fields({ name }),
  },
)
