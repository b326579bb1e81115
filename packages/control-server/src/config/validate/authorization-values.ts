import { isSubnet } from './addresses.ts'
import { quote } from './hosts.ts'
import { pathTemplateProblem } from './path-templates.ts'

/** What is wrong with one value of a field; `undefined`: nothing. No value may be empty. */
export type ValueProblem = (value: string) => string | undefined

export const anyValue: ValueProblem = () => undefined

/** Istio `ValidateIPs`. An address with a zone is only one machine's. */
export const addressProblem: ValueProblem = (value) =>
  isSubnet(value) && !value.includes('%') ? undefined : `${quote(value)} is neither an IP address nor a range of them`

const MAX_PORT = 65_535

/** Istio `ValidatePorts`. */
export const portProblem: ValueProblem = (value) =>
  /^\d{1,10}$/.test(value) && Number(value) <= MAX_PORT ? undefined : `${quote(value)} is no port, such as "8080"`

export const pathProblem: ValueProblem = pathTemplateProblem

const MAX_ACCOUNT = 320

/** Istio `CheckServiceAccount`. */
export const serviceAccountProblem: ValueProblem = (value) => {
  if (value.includes('*')) return `${quote(value)}: wildcards are not supported in service accounts`
  if (value.length > MAX_ACCOUNT) return `must have at most ${MAX_ACCOUNT} characters`
  return /^[^/]+(?:\/[^/]+)?$/.test(value) ? undefined : `${quote(value)} must be an account, or namespace/account`
}

/** Istio `CheckWildcardValues`. */
export const wildcardProblem: ValueProblem = (value) => {
  const stars = value.split('*').length - 1
  if (stars > 1) return `${quote(value)} has more than one wildcard`
  const inside = stars === 1 && !value.startsWith('*') && !value.endsWith('*')
  return inside ? `${quote(value)}: a wildcard only stands at the beginning or the end` : undefined
}

/** Istio `CheckTrustDomainValues`. */
export const trustDomainProblem: ValueProblem = (value) =>
  wildcardProblem(value) ??
  (value.includes('/') ? `${quote(value)} is more than a trust domain: it has a slash` : undefined)
