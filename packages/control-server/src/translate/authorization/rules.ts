import type { RbacCondition } from '@weft/mesh-protocol'
import type { AuthorizationRule } from '../../config/spec/authorization-policy.ts'
import { type Attribute, conditionAttribute, OPERATION_FIELDS, type RuleScope, SOURCE_FIELDS } from './attributes.ts'

/**
 * What becomes of the parts of a rule that a connection has nothing to hold against: `keep` them, as there are requests; `drop` the
 * rule with them, so that it holds for less; `widen` it to what is left, so that it holds for more. The stricter one is the second
 * for rules that allow and the third for all others (Istio `authz/model` `checkError`).
 */
export type HttpParts = 'keep' | 'drop' | 'widen'

/** One field with its values, as a rule has it. */
interface Part {
  readonly attribute: Attribute
  readonly values: readonly string[]
  readonly notValues: readonly string[]
}

/** What has to hold for a rule to do so; `undefined`: the rule is dropped. */
export function ruleCondition(rule: AuthorizationRule, scope: RuleScope, http: HttpParts): RbacCondition | undefined {
  const compile = (parts: readonly (Part | undefined)[]): RbacCondition[] | undefined =>
    partConditions(parts, scope, http)
  const from = (rule.from ?? []).map(({ source = {} }) => compile(SOURCE_FIELDS.map((pair) => partOf(source, pair))))
  const to = (rule.to ?? []).map(({ operation = {} }) =>
    compile(OPERATION_FIELDS.map((pair) => partOf(operation, pair))),
  )
  const when = compile(
    (rule.when ?? []).map(({ key, values = [], notValues = [] }) => {
      const attribute = conditionAttribute(key)
      return attribute && { attribute, values, notValues }
    }),
  )
  if (when === undefined || from.includes(undefined) || to.includes(undefined)) return undefined
  return allOf([...oneOf(from), ...oneOf(to), ...when])
}

function partOf<K extends string>(
  holder: { readonly [Name in K]?: readonly string[] },
  [values, notValues, attribute]: readonly [K, K, Attribute],
): Part {
  return { attribute, values: holder[values] ?? [], notValues: holder[notValues] ?? [] }
}

/** Those that all have to hold. A part that nobody knows is as one that there is nothing to hold against. */
function partConditions(
  parts: readonly (Part | undefined)[],
  scope: RuleScope,
  http: HttpParts,
): RbacCondition[] | undefined {
  const conditions: RbacCondition[] = []
  for (const part of parts) {
    const asked = part === undefined || part.values.length + part.notValues.length > 0
    if (!asked) continue
    if (part === undefined || (part.attribute.httpOnly && http !== 'keep')) {
      if (http === 'widen') continue
      return undefined
    }
    conditions.push(...conditionsOf(part, scope))
  }
  return conditions
}

function conditionsOf({ attribute, values, notValues }: Part, scope: RuleScope): RbacCondition[] {
  const one = anyValue(attribute, values, scope)
  const none = anyValue(attribute, notValues, scope)
  return [...(one === undefined ? [] : [one]), ...(none === undefined ? [] : [{ not: none }])]
}

function anyValue(attribute: Attribute, values: readonly string[], scope: RuleScope): RbacCondition | undefined {
  if (values.length === 0) return undefined
  const all = attribute.expand?.(values, scope) ?? values
  const conditions = all.map((value) => attribute.condition(value, scope)).filter((each) => each !== undefined)
  return conditions.length === 1 ? conditions[0] : { or: conditions }
}

/** Nothing where there are none: all sources, all operations. */
function oneOf(alternatives: readonly (readonly RbacCondition[] | undefined)[]): RbacCondition[] {
  const each = alternatives.map((conditions) => allOf(conditions ?? []))
  if (each.length === 0 || each.some((condition) => 'any' in condition)) return []
  return each.length === 1 ? each : [{ or: each }]
}

function allOf(conditions: readonly RbacCondition[]): RbacCondition {
  const [first] = conditions
  if (first === undefined) return { any: true }
  return conditions.length === 1 ? first : { and: conditions }
}
