import { child, item } from '../../field-path.ts'
import type { SessionPersistence } from '../../spec/gateway/references.ts'
import { quote } from '../hosts.ts'
import type { Report } from '../report.ts'
import { checkSubdomain, checkUnique, isHostname } from './names.ts'
import { ONLY_IN_A_GATEWAY } from './references.ts'
import { checkSessionPersistence } from './session-persistence.ts'

/* What HTTPRoutes and GRPCRoutes, and in part the others, have alike. */

/** Over all rules of a route. */
const MAX_MATCHES = 128

export function checkMatchCount(matches: number, report: Report): void {
  if (matches <= MAX_MATCHES) return
  report.violation(
    'spec.rules',
    `has ${matches} matches in all, of at most ${MAX_MATCHES}: divide it into several routes`,
  )
}

export function checkNames(rules: readonly { readonly name?: string }[], report: Report): void {
  const named = rules.flatMap(({ name }, index) => (name === undefined ? [] : [{ name, index }]))
  const at = (position: number): string => child(item('spec.rules', named[position]?.index ?? 0), 'name')
  for (const [position, { name }] of named.entries()) checkSubdomain(name, at(position), report)
  checkUnique(
    named.map(({ name }) => name),
    at,
    report,
  )
}

export function checkHostnames(hostnames: readonly string[] | undefined, report: Report): void {
  for (const [index, hostname] of (hostnames ?? []).entries()) {
    if (isHostname(hostname)) continue
    const message = `${quote(hostname)} must be a host name in lower case, of which * may be the first label`
    report.violation(item('spec.hostnames', index), message)
  }
  if ((hostnames ?? []).length > 0) {
    report.warning('spec.hostnames', 'only have an effect in a gateway; in the mesh match the header Host', 'proxy')
  }
}

export function checkSessions(
  { sessionPersistence }: { readonly sessionPersistence?: SessionPersistence },
  field: string,
  report: Report,
): void {
  if (sessionPersistence === undefined) return
  checkSessionPersistence(sessionPersistence, field, report)
  const instead = 'in the mesh a DestinationRule hashes by cookie or header with loadBalancer.consistentHash'
  report.warning(field, `${ONLY_IN_A_GATEWAY}; ${instead}`, 'proxy')
}
