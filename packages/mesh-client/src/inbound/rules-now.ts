import type { InboundPolicy } from '@weft/mesh-protocol'
import type { PolicySource } from '../routing/policy-view.ts'
import { compileInboundRules, type InboundRules, NO_RULES } from './inbound-rules.ts'

/** The rules in force, compiled once for each policy instead of once for each request. */
export function rulesNow(policy: PolicySource): () => InboundRules {
  let seen: InboundPolicy | undefined
  let rules = NO_RULES
  return () => {
    const { inbound } = policy.current
    if (inbound !== seen) {
      seen = inbound
      // One that cannot be compiled was refused before it came into force.
      const compiled = inbound === undefined ? undefined : compileInboundRules(inbound)
      rules = compiled?.ok === true ? compiled.value : NO_RULES
    }
    return rules
  }
}
