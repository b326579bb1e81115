import type { ServiceRef } from '@weft/mesh-protocol'
import type { AuditSink } from '../kernel/audit-event.ts'
import type { Random } from '../kernel/random.ts'
import type { AuthorizationDecision, Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { PolicySource } from '../routing/policy-view.ts'
import type { AuthorizeConnection } from './authorize-connection.ts'
import { authorizeStep } from './authz/authorize-step.ts'
import { tcpAuthorizer } from './authz/authorize-tcp.ts'
import { corsStep } from './cors-step.ts'
import type { AskProvider } from './ext-authz/provider-answer.ts'
import { faultStep } from './fault-step.ts'
import type { InboundSteps } from './filters.ts'
import { NO_RULES } from './inbound-rules.ts'
import { authenticateStep } from './jwt/authenticate-step.ts'
import { KeyStore, type KeyStoreDeps } from './jwt/key-store.ts'
import { TokenVerifier } from './jwt/token-verifier.ts'
import { pathStep } from './path/path-step.ts'
import { type CompileInbound, rulesNow } from './rules-now.ts'

export interface PolicyStepsDeps extends KeyStoreDeps {
  readonly policy: PolicySource
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  /** The service this process says it is. */
  readonly service: ServiceRef | undefined
  readonly ask: AskProvider
  readonly compileInbound: CompileInbound
}

/** The steps that do what the inbound policy says of single requests. */
export type PolicySteps = Pick<InboundSteps, 'isIdle' | 'path' | 'cors' | 'authentication' | 'authorization' | 'fault'>

export interface ConnectionPolicyDeps
  extends Pick<PolicyStepsDeps, 'policy' | 'recorder' | 'service' | 'ask' | 'clock' | 'compileInbound'> {
  readonly audit: AuditSink
}

/** What the inbound policy says of connections that are not looked into. */
export function connectionPolicy({
  policy,
  recorder,
  service,
  compileInbound,
  ...deps
}: ConnectionPolicyDeps): AuthorizeConnection {
  const host = service?.host ?? ''
  return tcpAuthorizer(rulesNow(policy, compileInbound), {
    ...deps,
    tell: (decision) => recorder.authorization(host, decision),
  })
}

export function policySteps(deps: PolicyStepsDeps): PolicySteps {
  const { policy, recorder, service, ask, clock, compileInbound } = deps
  const rules = rulesNow(policy, compileInbound)
  const host = service?.host ?? ''
  const tell = (decision: AuthorizationDecision): void => recorder.authorization(host, decision)
  const verifier = new TokenVerifier(new KeyStore(deps), clock)
  return {
    isIdle: () => rules() === NO_RULES,
    path: pathStep(rules),
    cors: corsStep(rules),
    authentication: authenticateStep(rules, { verifier, tell }),
    authorization: authorizeStep(rules, { ask, tell }),
    fault: faultStep(rules, { ...deps, tell: (kind) => recorder.fault(host, kind) }),
  }
}
