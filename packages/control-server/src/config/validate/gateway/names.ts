import { quote } from '../hosts.ts'
import type { Report } from '../report.ts'

/* Names as the schemas of Gateway API's resources want them. */

const LABEL = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`)
const ONE_LABEL = new RegExp(`^${LABEL}$`)
const KIND = /^[a-zA-Z](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/
const HEADER_VALUE = /^[!-~](?:[\t ]?[!-~])*$/

export function isSubdomain(text: string): boolean {
  return SUBDOMAIN.test(text)
}

/** `Hostname`: exact, or with `*` as its first label. */
export function isHostname(text: string): boolean {
  return SUBDOMAIN.test(text.startsWith('*.') ? text.slice(2) : text)
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

export function isIpV4(text: string): boolean {
  return IPV4.test(text)
}

/** A Kubernetes name or the name of a rule or section, where one is given. */
export function checkSubdomain(text: string | undefined, field: string, report: Report): void {
  if (text === undefined || isSubdomain(text)) return
  report.violation(field, `${quote(text)} must be lower-case letters, digits, '-' and '.'`)
}

export function checkNamespace(text: string | undefined, field: string, report: Report): void {
  if (text === undefined || ONE_LABEL.test(text)) return
  report.violation(field, `${quote(text)} must be lower-case letters, digits and '-'`)
}

export function checkGroupAndKind(
  { group = '', kind }: { readonly group?: string | undefined; readonly kind?: string | undefined },
  field: string,
  report: Report,
): void {
  if (group !== '' && !isSubdomain(group)) {
    report.violation(`${field}.group`, `${quote(group)} must be empty or a DNS name in lower case`)
  }
  if (kind !== undefined && !KIND.test(kind)) {
    report.violation(`${field}.kind`, `${quote(kind)} must be letters, digits and '-'`)
  }
}

export function headerNameProblem(name: string): string | undefined {
  return HEADER_NAME.test(name) ? undefined : `${quote(name)} is no name of a header`
}

export function headerValueProblem(value: string): string | undefined {
  return HEADER_VALUE.test(value)
    ? undefined
    : `${quote(value)} is no value of a header: printable ASCII, with single spaces between`
}

const PATH = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/

/** Only what may stand in the path of a URL. */
export function isPathText(text: string): boolean {
  return PATH.test(text)
}

/** One violation for each item that was there before; the keys of a set or of a map are not. */
export function checkUnique(keys: readonly string[] | undefined, at: (index: number) => string, report: Report): void {
  const seen = new Set<string>()
  for (const [index, key] of (keys ?? []).entries()) {
    if (seen.has(key)) report.violation(at(index), `${quote(key)} is there twice`)
    seen.add(key)
  }
}
