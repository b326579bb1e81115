import type { CustomRbacPolicy, Rbac, RbacCondition, RbacPolicy, Violation } from '@weft/mesh-protocol'
import { type Alternative, AnyOf } from './any-of.ts'
import { type Bar, negatedIn } from './barred.ts'
import { compileCondition } from './compile-condition.ts'

/** Policies of one action; what is found is the policy. */
type Policies<P extends RbacPolicy> = AnyOf<P>

/** Who may do what, ready for use. Absent: there are no such policies. Immutable. */
export interface CompiledRbac {
  readonly custom: Policies<CustomRbacPolicy> | undefined
  readonly deny: Policies<RbacPolicy> | undefined
  readonly allow: Policies<RbacPolicy> | undefined
  readonly audit: Policies<RbacPolicy> | undefined
  /** Those that are only told of. */
  readonly shadowDeny: Policies<RbacPolicy> | undefined
  readonly shadowAllow: Policies<RbacPolicy> | undefined
}

/** @param field where it stands in the inbound policy */
export function compileRbac(rbac: Rbac, field: string, violations: Violation[]): CompiledRbac {
  const of = <P extends RbacPolicy>(list: readonly P[] | undefined, name: string, dryRun: boolean) =>
    compilePolicies(list, `${field}.${name}`, dryRun, violations)
  return {
    custom: of(rbac.custom, 'custom', false),
    deny: of(rbac.deny, 'deny', false),
    allow: of(rbac.allow, 'allow', false),
    audit: of(rbac.audit, 'audit', false),
    shadowDeny: of(rbac.deny, 'deny', true),
    shadowAllow: of(rbac.allow, 'allow', true),
  }
}

function compilePolicies<P extends RbacPolicy>(
  policies: readonly P[] = [],
  field: string,
  dryRun: boolean,
  violations: Violation[],
): Policies<P> | undefined {
  let count = 0
  const rules: Alternative<P>[] = []
  const barsOf = barMaker()
  for (const [index, policy] of policies.entries()) {
    if ((policy.dryRun === true) !== dryRun) continue
    count++
    for (const [at, condition] of policy.rules.entries()) {
      const test = compileCondition(condition, `${field}[${index}].rules[${at}]`, violations)
      rules.push({ condition, test, label: policy, bars: barsOf(condition) })
    }
  }
  return count === 0 ? undefined : new AnyOf(rules)
}

/** Each bar is compiled once; what cannot be compiled was reported with the rule that it stands in. */
function barMaker(): (condition: RbacCondition) => readonly Bar[] {
  const known = new Map<string, Bar>()
  return (condition) =>
    negatedIn(condition).map((negated) => {
      const key = JSON.stringify(negated)
      const bar = known.get(key) ?? { key, test: compileCondition(negated, '', []) }
      known.set(key, bar)
      return bar
    })
}
