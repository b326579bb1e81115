import { type CustomRbacPolicy, type ExtAuthzProvider, fail, ok, type Result } from '@weft/mesh-protocol'
import type { CompiledRbac } from './compile-rbac.ts'

/** What the inbound policy says of who may send what, ready for use. Immutable. */
export interface Authorization {
  readonly rbac: CompiledRbac
  readonly providers: Readonly<Record<string, ExtAuthzProvider>>
  /** How many proxies are believed about who has sent a request. */
  readonly numTrustedProxies: number
  /** Every request is written to the access log of decisions. */
  readonly auditsAll: boolean
}

/** Whom a policy with the action CUSTOM asks, or why nobody can be asked: then what it is about is denied. */
export function providerOf(
  { providers }: Authorization,
  { provider: name }: CustomRbacPolicy,
): Result<ExtAuthzProvider, string> {
  const provider = Object.hasOwn(providers, name) ? providers[name] : undefined
  return provider === undefined ? fail(`the provider ${JSON.stringify(name)} is not known`) : ok(provider)
}
