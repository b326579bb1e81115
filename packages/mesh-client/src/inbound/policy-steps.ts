import type { ServiceRef } from '@weft/mesh-protocol'
import type { Random } from '../kernel/random.ts'
import type { Recorder } from '../kernel/recorder.ts'
import type { Timers } from '../kernel/timers.ts'
import type { PolicySource } from '../routing/policy-view.ts'
import { corsStep } from './cors-step.ts'
import { faultStep } from './fault-step.ts'
import type { InboundSteps } from './filters.ts'
import { rulesNow } from './rules-now.ts'

export interface PolicyStepsDeps {
  readonly policy: PolicySource
  readonly timers: Timers
  readonly random: Random
  readonly recorder: Recorder
  /** The service this process says it is. */
  readonly service: ServiceRef | undefined
}

/** The steps that do what the inbound policy says of single requests. */
export function policySteps(deps: PolicyStepsDeps): Pick<InboundSteps, 'cors' | 'fault'> {
  const { policy, recorder, service } = deps
  const rules = rulesNow(policy)
  const host = service?.host ?? ''
  return { cors: corsStep(rules), fault: faultStep(rules, { ...deps, tell: (kind) => recorder.fault(host, kind) }) }
}
