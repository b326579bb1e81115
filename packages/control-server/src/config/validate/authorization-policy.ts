import { child, entry, item } from '../field-path.ts'
import {
  type AuthorizationCondition,
  type AuthorizationOperation,
  type AuthorizationPolicySpec,
  type AuthorizationRule,
  type AuthorizationSource,
  DRY_RUN_ANNOTATION,
  parseDryRun,
} from '../spec/authorization-policy.ts'
import { conditionValues } from './authorization-conditions.ts'
import {
  addressProblem,
  anyValue,
  pathProblem,
  portProblem,
  serviceAccountProblem,
  trustDomainProblem,
  type ValueProblem,
} from './authorization-values.ts'
import type { Context } from './context.ts'
import { checkCustomRule } from './custom-authorization.ts'
import { quote } from './hosts.ts'
import { checkPolicySelection } from './policy-selection.ts'
import type { Report } from './report.ts'

/** What the schema of an AuthorizationPolicy cannot tell (Istio `ValidateAuthorizationPolicy`). */
export function checkAuthorizationPolicy(spec: AuthorizationPolicySpec, { report, annotations }: Context): void {
  checkPolicySelection(spec, report)
  checkDryRun(spec, annotations?.[DRY_RUN_ANNOTATION], report)
  const { action = 'ALLOW', rules = [], provider } = spec
  if (rules.length === 0 && (action === 'DENY' || action === 'CUSTOM')) {
    report.violation('spec.rules', `${action} without rules never holds; a rule {} holds for every request`)
  }
  if (action === 'CUSTOM') {
    if ((provider?.name ?? '') === '') report.violation('spec.provider.name', 'is required by CUSTOM')
  } else if (provider !== undefined) report.violation('spec.provider', `is for CUSTOM alone, not for ${action}`)
  for (const [index, rule] of rules.entries()) {
    const field = item('spec.rules', index)
    checkRule(rule, field, report)
    if (action === 'CUSTOM') checkCustomRule(rule, field, report)
    if (action === 'DENY' && isAboutRequestsAlone(rule)) {
      report.warning(
        field,
        'denies every connection to ports of TCP, as they have nothing of what it asks for: name the ports that it is for',
      )
    }
  }
}

function checkDryRun({ action = 'ALLOW' }: AuthorizationPolicySpec, value: string | undefined, report: Report): void {
  if (value === undefined) return
  const field = entry('metadata.annotations', DRY_RUN_ANNOTATION)
  if (action !== 'ALLOW' && action !== 'DENY') report.violation(field, `is for ALLOW and DENY, not for ${action}`)
  else if (parseDryRun(value) === undefined) report.violation(field, `must be "true" or "false", not ${quote(value)}`)
}

const SOURCE_VALUES: Readonly<Record<keyof AuthorizationSource, ValueProblem>> = {
  principals: anyValue,
  notPrincipals: anyValue,
  requestPrincipals: anyValue,
  notRequestPrincipals: anyValue,
  namespaces: anyValue,
  notNamespaces: anyValue,
  serviceAccounts: serviceAccountProblem,
  notServiceAccounts: serviceAccountProblem,
  trustDomains: trustDomainProblem,
  notTrustDomains: trustDomainProblem,
  ipBlocks: addressProblem,
  notIpBlocks: addressProblem,
  remoteIpBlocks: addressProblem,
  notRemoteIpBlocks: addressProblem,
}

const OPERATION_VALUES: Readonly<Record<keyof AuthorizationOperation, ValueProblem>> = {
  hosts: anyValue,
  notHosts: anyValue,
  ports: portProblem,
  notPorts: portProblem,
  methods: anyValue,
  notMethods: anyValue,
  paths: pathProblem,
  notPaths: pathProblem,
}

function checkRule(rule: AuthorizationRule, field: string, report: Report): void {
  const { from, to, when = [] } = rule
  if (from?.length === 0) report.violation(child(field, 'from'), 'must not be empty: leave it out for every source')
  if (to?.length === 0) report.violation(child(field, 'to'), 'must not be empty: leave it out for every operation')
  for (const [index, { source = {} }] of (from ?? []).entries()) {
    const at = child(item(child(field, 'from'), index), 'source')
    checkFields(source, SOURCE_VALUES, at, report)
    checkAccounts(source, at, report)
  }
  for (const [index, { operation = {} }] of (to ?? []).entries()) {
    checkFields(operation, OPERATION_VALUES, child(item(child(field, 'to'), index), 'operation'), report)
  }
  for (const [index, condition] of when.entries()) checkCondition(condition, item(child(field, 'when'), index), report)
}

function checkFields<K extends string>(
  holder: { readonly [Name in K]?: readonly string[] },
  problems: Readonly<Record<K, ValueProblem>>,
  field: string,
  report: Report,
): void {
  const given = Object.entries(holder) as [K, readonly string[]][]
  if (given.every(([, values]) => values.length === 0)) report.violation(field, 'must have a field that is not empty')
  for (const [name, values] of given) checkValues(values, problems[name], child(field, name), report)
}

function checkValues(values: readonly string[], problem: ValueProblem, field: string, report: Report): void {
  for (const [index, value] of values.entries()) {
    report.check(item(field, index), value === '' ? 'must not be empty' : problem(value))
  }
}

const some = (...lists: readonly (readonly string[] | undefined)[]): boolean =>
  lists.some((list) => list !== undefined && list.length > 0)

function checkAccounts(source: AuthorizationSource, field: string, report: Report): void {
  const { principals, notPrincipals, namespaces, notNamespaces, serviceAccounts, notServiceAccounts } = source
  if (!some(serviceAccounts, notServiceAccounts) || !some(principals, notPrincipals, namespaces, notNamespaces)) return
  report.violation(field, 'cannot have service accounts beside principals or namespaces')
}

const MAX_ACCOUNTS = 16

function checkCondition(
  { key = '', values = [], notValues = [] }: AuthorizationCondition,
  field: string,
  report: Report,
): void {
  if (values.length + notValues.length === 0) report.violation(field, 'needs values or notValues')
  const problem = conditionValues(key)
  if (typeof problem !== 'function') {
    report.violation(child(field, 'key'), problem.problem)
    return
  }
  for (const [name, list] of Object.entries({ values, notValues })) {
    checkValues(list, problem, child(field, name), report)
    if (problem === serviceAccountProblem && list.length > MAX_ACCOUNTS) {
      report.violation(child(field, name), `must have at most ${MAX_ACCOUNTS} items`)
    }
  }
}

/** Whether nothing is left of the rule where there is a connection and no request; ports would tell that they are meant. */
function isAboutRequestsAlone({ from = [], to = [] }: AuthorizationRule): boolean {
  const connection = from.some(({ source = {} }) =>
    Object.keys(source).some((name) => !/^(?:not)?(?:requestPrincipals|trustDomains)$/i.test(name)),
  )
  const ports = to.some(({ operation = {} }) => operation.ports !== undefined || operation.notPorts !== undefined)
  return to.length > 0 ? !ports : from.length > 0 && !connection
}
