import type { PolicySelection } from './selection.ts'

type Values = readonly string[]

/** `istio.security.v1.Source`: every field has to hold, of each one of its values; those with `not`, none of them. */
export interface AuthorizationSource {
  readonly principals?: Values
  readonly notPrincipals?: Values
  readonly requestPrincipals?: Values
  readonly notRequestPrincipals?: Values
  readonly namespaces?: Values
  readonly notNamespaces?: Values
  readonly serviceAccounts?: Values
  readonly notServiceAccounts?: Values
  readonly trustDomains?: Values
  readonly notTrustDomains?: Values
  readonly ipBlocks?: Values
  readonly notIpBlocks?: Values
  readonly remoteIpBlocks?: Values
  readonly notRemoteIpBlocks?: Values
}

/** `istio.security.v1.Operation`, read as a source is. */
export interface AuthorizationOperation {
  readonly hosts?: Values
  readonly notHosts?: Values
  readonly ports?: Values
  readonly notPorts?: Values
  readonly methods?: Values
  readonly notMethods?: Values
  readonly paths?: Values
  readonly notPaths?: Values
}

/** `istio.security.v1.Condition`: where both lists are there, both have to hold. */
export interface AuthorizationCondition {
  readonly key: string
  readonly values?: Values
  readonly notValues?: Values
}

/** `istio.security.v1.Rule`: one of `from`, one of `to` and all of `when`; what is absent always holds. */
export interface AuthorizationRule {
  readonly from?: readonly { readonly source?: AuthorizationSource }[]
  readonly to?: readonly { readonly operation?: AuthorizationOperation }[]
  readonly when?: readonly AuthorizationCondition[]
}

export type AuthorizationAction = 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM'

/** `istio.security.v1.AuthorizationPolicy`: holds where one of its rules does. */
export interface AuthorizationPolicySpec extends PolicySelection {
  /** Absent: it never holds. */
  readonly rules?: readonly AuthorizationRule[]
  /** Default `ALLOW`. */
  readonly action?: AuthorizationAction
  /** By its name in the MeshConfig's `extensionProviders`; of `CUSTOM` alone. */
  readonly provider?: { readonly name?: string }
}

/** On an AuthorizationPolicy that allows or denies: it is only told what it would do. */
export const DRY_RUN_ANNOTATION = 'istio.io/dry-run'

const TRUE: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False']

/** The value of {@link DRY_RUN_ANNOTATION} (Go `strconv.ParseBool`); `undefined`: it is neither true nor false. */
export function parseDryRun(value: string): boolean | undefined {
  if (TRUE.includes(value)) return true
  return FALSE.includes(value) ? false : undefined
}
