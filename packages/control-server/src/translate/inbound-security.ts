import type { InboundPolicy } from '@weft/mesh-protocol'
import { translateAuthorization } from './authorization/translate-authorization.ts'
import type { TranslateContext } from './context.ts'
import type { SelectedWorkload } from './policy-selection.ts'
import { jwtRules } from './request-authentication.ts'

/** What of an inbound policy says who may call, and how. */
export type InboundSecurity = Pick<
  InboundPolicy,
  | 'peerAuthentication'
  | 'jwtRules'
  | 'authorization'
  | 'tcpAuthorization'
  | 'extAuthzProviders'
  | 'pathNormalization'
  | 'numTrustedProxies'
  | 'auditDecisions'
>

/** @param normalizesPaths whether the client knows how to */
export function inboundSecurity(
  { model, policies }: Pick<TranslateContext, 'model' | 'policies'>,
  workload: SelectedWorkload,
  normalizesPaths: boolean,
): InboundSecurity {
  const { pathNormalization, numTrustedProxies, auditDecisions } = model.mesh
  const peerAuthentication = policies.peerAuthentications.find(workload)
  const rules = jwtRules(model.requestAuthentications, workload)
  return {
    ...(peerAuthentication === undefined ? {} : { peerAuthentication }),
    ...(rules.length === 0 ? {} : { jwtRules: rules }),
    ...translateAuthorization(model, workload, policies.authorization),
    // NONE too: a fragment is cut off in every mode.
    ...(normalizesPaths ? { pathNormalization } : {}),
    ...(numTrustedProxies === 0 ? {} : { numTrustedProxies }),
    ...(auditDecisions === 'ALL' ? { auditDecisions } : {}),
  }
}
