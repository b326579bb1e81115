import { child, item } from '../field-path.ts'
import type { AuthorizationRule, AuthorizationSource } from '../spec/authorization-policy.ts'
import type { Report } from './report.ts'

/** What of a caller's identity a rule that asks somebody else cannot look at. */
const SOURCE_FIELDS: readonly (keyof AuthorizationSource)[] = [
  'principals',
  'notPrincipals',
  'requestPrincipals',
  'notRequestPrincipals',
  'namespaces',
  'notNamespaces',
  'serviceAccounts',
  'notServiceAccounts',
  'trustDomains',
  'notTrustDomains',
]

const KEYS: readonly string[] = ['source.namespace', 'source.serviceAccount', 'source.trustDomain', 'source.principal']

const MESSAGE = 'is not supported by CUSTOM: the provider is asked before the identity of the caller is looked at'

/** What rules of a CUSTOM policy may not ask for (Istio `ValidateAuthorizationPolicy`). */
export function checkCustomRule({ from = [], when = [] }: AuthorizationRule, field: string, report: Report): void {
  for (const [index, { source = {} }] of from.entries()) {
    const at = child(item(child(field, 'from'), index), 'source')
    for (const name of SOURCE_FIELDS) {
      if ((source[name] ?? []).length > 0) report.violation(child(at, name), MESSAGE)
    }
  }
  for (const [index, { key = '' }] of when.entries()) {
    if (KEYS.includes(key) || key.startsWith('request.auth.')) {
      report.violation(child(item(child(field, 'when'), index), 'key'), MESSAGE)
    }
  }
}
