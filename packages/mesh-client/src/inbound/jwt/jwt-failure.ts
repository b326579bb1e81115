/** Why a token is not taken, in Envoy's words (`jwt_verify_lib/status.cc`), which callers get. */
export const JWT_FAILURES = {
  format: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  tooLong: 'Jwt is too long',
  headerBase64: 'Jwt header is an invalid Base64url encoded',
  headerJson: 'Jwt header is an invalid JSON',
  alg: 'Jwt header [alg] field is required and must be a string',
  algUnsupported: 'Jwt header [alg] is not supported',
  kid: 'Jwt header [kid] field is not a string',
  payloadBase64: 'Jwt payload is an invalid Base64url encoded',
  payloadJson: 'Jwt payload is an invalid JSON',
  iss: 'Jwt payload [iss] field is not a string',
  sub: 'Jwt payload [sub] field is not a string',
  aud: 'Jwt payload [aud] field is not a string or string list',
  exp: 'Jwt payload [exp] field is not a number',
  nbf: 'Jwt payload [nbf] field is not a number',
  signatureBase64: 'Jwt signature is an invalid Base64url encoded',
  unknownIssuer: 'Jwt issuer is not configured',
  notYetValid: 'Jwt not yet valid',
  expired: 'Jwt is expired',
  audience: 'Audiences in Jwt are not allowed',
  fetch: 'Jwks remote fetch is failed',
  noKeys: "Jwks doesn't have any valid public key",
  noMatchingKey: "Jwks doesn't have key to match kid or alg from Jwt",
  signature: 'Jwt verification fails',
} as const

export type JwtFailure = keyof typeof JWT_FAILURES
