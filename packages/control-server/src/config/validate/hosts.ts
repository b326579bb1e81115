import { isIstioLabel, isIstioWildcardLabel } from '../names.ts'

/*
 * Domain names inside specs (Istio `agent/validation.go`). Each check returns one sentence about what is wrong.
 */

const MAX_DOMAIN_LENGTH = 255
const SNI_PREFIX = 'outbound'
const SNI_FORM = 'outbound_.<port>_._.<host>'

function lengthProblem(domain: string): string | undefined {
  if (domain === '') return 'must be a host name, not an empty string'
  return domain.length > MAX_DOMAIN_LENGTH
    ? `is too long for a host name: ${domain.length} characters of at most ${MAX_DOMAIN_LENGTH}`
    : undefined
}

function labelsProblem(domain: string, whole: string): string | undefined {
  const parts = domain.split('.')
  const last = parts.at(-1) as string
  if (/^[-+]?\d+$/.test(last)) return `${quote(whole)} is no host name: its last label must not be a number`
  // `example.com.` with the final dot is the absolute form of a name.
  const labels = last === '' ? parts.slice(0, -1) : parts
  const bad = labels.find((label) => !isIstioLabel(label))
  return bad === undefined ? undefined : badLabel(whole, bad)
}

function badLabel(domain: string, label: string): string {
  if (label.includes('*')) return `${quote(domain)} is no host name: a wildcard is only allowed at the very beginning`
  return `${quote(domain)} is no host name: the label ${quote(label)} must be letters, digits and '-', at most 63 of them`
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

/** A host name without a wildcard (Istio `ValidateFQDN`). */
export function domainProblem(domain: string): string | undefined {
  return lengthProblem(domain) ?? labelsProblem(domain, domain)
}

/** A host name whose first label may be or begin with `*` (Istio `ValidateWildcardDomain`). */
export function wildcardDomainProblem(domain: string): string | undefined {
  const length = lengthProblem(domain)
  if (length !== undefined) return length
  const dot = domain.indexOf('.')
  const first = dot < 0 ? domain : domain.slice(0, dot)
  if (!isIstioWildcardLabel(first)) return badLabel(domain, first)
  return dot < 0 ? undefined : labelsProblem(domain.slice(dot + 1), domain)
}

/** As a wildcard domain; where SNI is matched, also the names that Istio's own gateways use between clusters. */
export function gatewayDomainProblem(domain: string, sni: boolean): string | undefined {
  const length = lengthProblem(domain)
  if (length !== undefined || !sni || !domain.startsWith(`${SNI_PREFIX}_`))
    return length ?? wildcardDomainProblem(domain)
  const [, port = '', , host = ''] = domain.split('_')
  return /\d/.test(port) && /[a-zA-Z]/.test(host) ? undefined : `${quote(domain)} must have the form ${SNI_FORM}`
}

/** Istio `ValidatePartialWildCard`: `*` stands for whole labels. */
export function partialWildcardProblem(host: string): string | undefined {
  if (!host.includes('*') || host === '*' || host.startsWith('*.')) return undefined
  return `${quote(host)} has a wildcard for a part of a label: write *.domain`
}
