import { fields, mapOf, oneOf } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { SELECTOR } from './selection.ts'

const mutualTls = fields({}, { mode: oneOf('UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT') })

/** `istio.security.v1.PeerAuthentication`, every field. */
export const PEER_AUTHENTICATION_SPEC: JsonSchema = fields(
  {},
  { selector: SELECTOR, mtls: mutualTls, portLevelMtls: mapOf(mutualTls) },
)
