/**
 * Whether one of a token's audiences is among those that are allowed. Scheme and a slash at the end say nothing. Source: Envoy
 * `jwt_verify_lib/check_audience.cc`.
 */
export function audienceTest(allowed: readonly string[]): (audiences: readonly string[]) => boolean {
  const plain = new Set(allowed.map(plainAudience))
  return (audiences) => audiences.some((audience) => plain.has(plainAudience(audience)))
}

function plainAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '')
}
