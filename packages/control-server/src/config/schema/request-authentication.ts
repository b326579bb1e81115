import { duration, fields, flag, listOf, oneOf, text, textList, textUpTo } from './common.ts'
import type { JsonSchema } from './json-schema.ts'
import { SELECTION } from './selection.ts'

const jwksUri = textUpTo(2048)

const jwtRule = fields(
  {},
  {
    issuer: text,
    audiences: textList,
    jwksUri,
    // The field's older spelling, which Istio's own CRD takes as well.
    jwks_uri: jwksUri,
    jwks: text,
    fromHeaders: listOf(fields({ name: text }, { prefix: text })),
    fromParams: textList,
    fromCookies: textList,
    outputPayloadToHeader: text,
    outputClaimToHeaders: listOf(fields({ header: text, claim: text })),
    forwardOriginalToken: flag,
    timeout: duration,
    spaceDelimitedClaims: listOf(text, { maxItems: 64 }),
    presence: oneOf('OPTIONAL', 'REQUIRED'),
  },
)

/** `istio.security.v1.RequestAuthentication`, every field. */
export const REQUEST_AUTHENTICATION_SPEC: JsonSchema = fields(
  {},
  { ...SELECTION, jwtRules: listOf(jwtRule, { maxItems: 4096 }) },
)
