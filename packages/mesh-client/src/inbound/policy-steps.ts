import type { ServiceRef } from '@weft/mesh-protocol'
import type { Random } from '../kernel/random.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { PolicySource } from '../routing/policy-view.ts'
import { authorizeStep } from './authz/authorize-step.ts'
import { corsStep } from './cors-step.ts'
import type { AskProvider } from './ext-authz/provider-answer.ts'
import { faultStep } from './fault-step.ts'
import type { InboundSteps } from './filters.ts'
import { pathStep } from './path/path-step.ts'
import { rulesNow } from './rules-now.ts'

export interface PolicyStepsDeps {
  readonly policy: PolicySource
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  /** The service this process says it is. */
  readonly service: ServiceRef | undefined
  readonly ask: AskProvider
}

/** The steps that do what the inbound policy says of single requests. */
export type PolicySteps = Pick<InboundSteps, 'path' | 'cors' | 'authorization' | 'fault'>

export function policySteps(deps: PolicyStepsDeps): PolicySteps {
  const { policy, recorder, service, ask } = deps
  const rules = rulesNow(policy)
  const host = service?.host ?? ''
  return {
    path: pathStep(rules),
    cors: corsStep(rules),
    authorization: authorizeStep(rules, { ask, tell: (decision) => recorder.authorization(host, decision) }),
    fault: faultStep(rules, { ...deps, tell: (kind) => recorder.fault(host, kind) }),
  }
}
