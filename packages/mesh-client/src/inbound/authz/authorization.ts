import type { ExtAuthzProvider } from '@weft/mesh-protocol'
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
