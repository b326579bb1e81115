import { item } from '../field-path.ts'
import { isWildcardHost } from '../host-name.ts'
import type { VirtualServiceSpec } from '../spec/virtual-service.ts'
import { isIpAddress } from './addresses.ts'
import type { Context } from './context.ts'
import { checkExportTo } from './export-to.ts'
import { checkGatewayNames, MESH_GATEWAY } from './gateways.ts'
import { gatewayDomainProblem, quote, wildcardDomainProblem } from './hosts.ts'
import { checkHttpRoute } from './http-route.ts'
import { checkTcpRoute, checkTlsRoute } from './l4-routes.ts'
import type { Report } from './report.ts'
import { warnCoveredPrefixes, warnUnreachable } from './unreachable.ts'

/** What the schema of a VirtualService cannot tell (Istio `ValidateVirtualService`). */
export function checkVirtualService(spec: VirtualServiceSpec, context: Context): void {
  const { report, namespace } = context
  const { hosts = [], gateways = [], http = [], tls = [], tcp = [] } = spec
  const isDelegate = hosts.length === 0
  const onGateway = gateways.length > 0 && !gateways.includes(MESH_GATEWAY)
  if (isDelegate) checkDelegate(spec, report)
  checkGatewayNames(gateways, 'spec.gateways', report)
  checkHosts(spec, onGateway, report)
  if (http.length + tls.length + tcp.length === 0) report.violation('spec', 'needs routes: http, tls or tcp')
  for (const [index, route] of http.entries()) {
    checkHttpRoute(route, item('spec.http', index), { isDelegate, onGateway }, context)
  }
  for (const [index, route] of tls.entries()) checkTlsRoute(route, item('spec.tls', index), spec, report)
  for (const [index, route] of tcp.entries()) checkTcpRoute(route, item('spec.tcp', index), report)
  checkExportTo(spec.exportTo, namespace, { ownNamespaceOnly: false }, report)
  warnUnreachable(http, 'spec.http', report)
  warnCoveredPrefixes(http, 'spec.http', report)
  warnUnreachable(tls, 'spec.tls', report)
  warnUnreachable(tcp, 'spec.tcp', report)
}

/** Without hosts it is one that others delegate to. */
function checkDelegate(spec: VirtualServiceSpec, report: Report): void {
  for (const name of ['gateways', 'tls', 'tcp'] as const) {
    if ((spec[name] ?? []).length > 0) {
      report.violation(`spec.${name}`, 'must not be given without hosts, where others delegate http routes to this one')
    }
  }
}

function checkHosts(spec: VirtualServiceSpec, onGateway: boolean, report: Report): void {
  const hosts = spec.hosts ?? []
  const sni = (spec.tls ?? []).some(({ match }) => (match ?? []).some(({ sniHosts }) => (sniHosts ?? []).length > 0))
  let allValid = true
  for (const [index, host] of hosts.entries()) {
    const problem = hostProblem(host, onGateway, sni)
    if (problem === undefined) continue
    report.violation(item('spec.hosts', index), problem)
    allValid = false
  }
  if (allValid) checkDistinct(hosts, report)
}

function hostProblem(host: string, onGateway: boolean, sni: boolean): string | undefined {
  const problem = onGateway ? gatewayDomainProblem(host, sni) : wildcardDomainProblem(host)
  if (problem !== undefined) return isIpAddress(host) ? undefined : problem
  if (host === '*' && !onGateway) return 'must not be * alone where the VirtualService applies to the mesh: name hosts'
  return undefined
}

/** Two hosts overlap where one is a wildcard that covers the other. Linear: every suffix of a host is looked up once. */
function checkDistinct(hosts: readonly string[], report: Report): void {
  const exact = new Map<string, number>()
  const wildcards = new Map<string, number>()
  for (const [index, host] of hosts.entries()) if (isWildcardHost(host)) wildcards.set(host.slice(1), index)
  const reported = new Set<number>()
  for (const [index, host] of hosts.entries()) {
    const other = exact.get(host) ?? coveringWildcard(host, index, wildcards)
    exact.set(host, index)
    if (other === undefined) continue
    const later = Math.max(index, other)
    if (!reported.has(later)) {
      const known = hosts[Math.min(index, other)] as string
      report.violation(item('spec.hosts', later), `${quote(hosts[later] as string)} overlaps with ${quote(known)}`)
    }
    reported.add(later)
  }
}

function coveringWildcard(host: string, index: number, wildcards: ReadonlyMap<string, number>): number | undefined {
  if (wildcards.size === 0) return undefined
  for (let at = isWildcardHost(host) ? 1 : 0; at <= host.length; at++) {
    const found = wildcards.get(host.slice(at))
    if (found !== undefined && found !== index) return found
  }
  return undefined
}
