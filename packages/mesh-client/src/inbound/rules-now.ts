import type { InboundPolicy, Result, Violation } from '@weft/mesh-protocol'
import type { PolicySource } from '../routing/policy-view.ts'
import { CLOSED_RULES, compileInboundRules, type InboundRules, NO_RULES } from './inbound-rules.ts'

/** Makes rules of a policy. */
export type CompileInbound = (policy: InboundPolicy) => Result<InboundRules, readonly Violation[]>

/** Makes rules once of each policy, though several ask for them: who takes it over, and whoever enforces it. */
export function inboundCompiler(): CompileInbound {
  let seen: InboundPolicy | undefined
  let made: ReturnType<CompileInbound> | undefined
  return (policy) => {
    if (policy !== seen || made === undefined) {
      seen = policy
      made = compileInboundRules(policy)
    }
    return made
  }
}

/** The rules in force, looked up once for each policy instead of once for each request. */
export function rulesNow(policy: PolicySource, compile: CompileInbound): () => InboundRules {
  let seen: InboundPolicy | undefined
  let rules = NO_RULES
  return () => {
    const { inbound } = policy.current
    if (inbound !== seen) {
      seen = inbound
      const compiled = inbound === undefined ? undefined : compile(inbound)
      // One that cannot be compiled was refused before it came into force; should one ever come, nobody is let in by mistake.
      if (compiled === undefined) rules = NO_RULES
      else rules = compiled.ok ? compiled.value : CLOSED_RULES
    }
    return rules
  }
}
