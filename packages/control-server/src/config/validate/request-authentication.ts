import { child, item } from '../field-path.ts'
import type { JwtRuleSpec, RequestAuthenticationSpec } from '../spec/request-authentication.ts'
import type { Context } from './context.ts'
import { checkDuration } from './durations.ts'
import { quote } from './hosts.ts'
import { jwksProblem, privateKeys } from './jwks.ts'
import { checkPolicySelection } from './policy-selection.ts'
import type { Report } from './report.ts'

/** What the schema of a RequestAuthentication cannot tell (Istio `ValidateRequestAuthentication`). */
export function checkRequestAuthentication(spec: RequestAuthenticationSpec, { report }: Context): void {
  checkPolicySelection(spec, report)
  const ofWorkloads = spec.targetRef === undefined && (spec.targetRefs ?? []).length === 0
  for (const [index, rule] of (spec.jwtRules ?? []).entries()) {
    const field = item('spec.jwtRules', index)
    checkJwtRule(rule, field, report)
    if (rule.presence === 'REQUIRED' && ofWorkloads) {
      report.violation(
        child(field, 'presence'),
        'only works in gateways: to demand a token, deny with an AuthorizationPolicy what has notRequestPrincipals ["*"]',
      )
    }
  }
}

/** Lists of which no item may be empty. */
const LISTS = ['audiences', 'fromParams', 'fromCookies', 'spaceDelimitedClaims'] as const

function checkJwtRule(rule: JwtRuleSpec, field: string, report: Report): void {
  const { issuer = '', jwksUri = '', jwks = '', timeout } = rule
  if (issuer === '' && jwksUri === '') report.violation(child(field, 'issuer'), 'is required where there is no jwksUri')
  for (const name of LISTS) {
    for (const [index, value] of (rule[name] ?? []).entries()) {
      if (value === '') report.violation(item(child(field, name), index), 'must not be empty')
    }
  }
  if (jwksUri !== '') report.check(child(field, 'jwksUri'), uriProblem(jwksUri))
  if (jwks !== '') checkJwks(jwks, jwksUri !== '', child(field, 'jwks'), report)
  checkHeaders(rule, field, report)
  checkDuration(timeout, child(field, 'timeout'), report)
}

function checkJwks(jwks: string, besideUri: boolean, field: string, report: Report): void {
  if (besideUri) report.violation(field, 'cannot be given beside jwksUri')
  report.check(field, jwksProblem(jwks))
  for (const index of privateKeys(jwks)) {
    report.warning(field, `key ${index} is a private one: whoever reads this resource can make tokens`)
  }
}

function checkHeaders(
  { fromHeaders = [], outputClaimToHeaders = [] }: JwtRuleSpec,
  field: string,
  report: Report,
): void {
  for (const [index, { name = '' }] of fromHeaders.entries()) {
    if (name === '') report.violation(child(item(child(field, 'fromHeaders'), index), 'name'), 'must not be empty')
  }
  for (const [index, { header = '', claim = '' }] of outputClaimToHeaders.entries()) {
    const at = item(child(field, 'outputClaimToHeaders'), index)
    if (claim === '') report.violation(child(at, 'claim'), 'must not be empty')
    if (!/^[-_A-Za-z0-9]+$/.test(header)) {
      report.violation(child(at, 'header'), `${quote(header)} is no name for a header: letters, digits, '-' and '_'`)
    }
  }
}

/** Istio `ParseJwksURI`. */
function uriProblem(text: string): string | undefined {
  const scheme = URL.canParse(text) ? new URL(text).protocol : ''
  return scheme === 'http:' || scheme === 'https:' ? undefined : `${quote(text)} must be a URL with http or https`
}
